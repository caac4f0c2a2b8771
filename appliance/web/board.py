"""What the page shows now: the last status, the last verdict and the last six rejected parts. Pure, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from appliance.live import LiveStatus, LiveVerdict

STRIP_LENGTH: Final = 6


class Snapshot(BaseModel):
    """All a page needs to draw itself. `ng` is newest first; `silent_s` is None before the station's first word."""

    model_config = ConfigDict(frozen=True)

    silent_s: float | None
    status: LiveStatus | None
    verdict: LiveVerdict | None
    ng: tuple[LiveVerdict, ...]


@dataclass(slots=True)
class Board:
    """Takes the station's messages in their order. Not thread-safe; its owner holds the lock."""

    status: LiveStatus | None = None
    verdict: LiveVerdict | None = None
    ng: tuple[LiveVerdict, ...] = ()

    def take_status(self, status: LiveStatus) -> bool:
        """Stores it; True when the station was started anew, which empties the board: its counters began again."""
        restarted = self.status is not None and self.status.boot_id != status.boot_id
        if restarted:
            self.verdict, self.ng = None, ()
        self.status = status
        return restarted

    def take_verdict(self, verdict: LiveVerdict) -> None:
        self.verdict = verdict
        rejected = verdict.outcome == "NG" and not verdict.golden
        if rejected and all(verdict.id != known.id for known in self.ng):
            self.ng = (verdict, *self.ng)[:STRIP_LENGTH]

    def snapshot(self, silent_s: float | None) -> Snapshot:
        return Snapshot(silent_s=silent_s, status=self.status, verdict=self.verdict, ng=self.ng)

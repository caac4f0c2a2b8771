"""Who asked the station for what, when, and what came of it; and what the station did of itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

RECORDED = "recorded"
"""The `status` of what the station did of itself: nobody asked, so nothing was accepted or refused."""
BROKEN = "broken"
"""The `status` of a row by which the station tells that its trail was not as it had left it."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One command and its outcome. `command` and `reply` are JSON as they were understood and answered.

    `reply` is what stood when the row was written: a verdict that came later is found in the results.
    """

    at_utc: str
    source: str
    actor: str
    verb: str
    request_id: str
    status: str
    code: str
    command: str
    reply: str


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A row in its place of the chain; see `appliance.store.trail`.

    `number` counts the rows of a station from 1 without a gap. `batch` is the number of the first row of the
    transaction that wrote it.
    """

    number: int
    batch: int
    boot_id: str
    row: AuditRow
    seal: str

    def to_bytes(self) -> bytes:
        """JSON, one object."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()


def own_row(at_utc: str, verb: str, told: dict[str, object], *, status: str = RECORDED) -> AuditRow:
    """What the station did or found of itself; `told` says what."""
    content = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return AuditRow(at_utc, "station", "okng", verb, "", status, "", content, "{}")

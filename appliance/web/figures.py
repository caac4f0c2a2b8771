"""The station's last figures, given out only while they are of now. Pure, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.live import LiveStatus
from appliance.live_metrics import LiveMetrics


@dataclass(slots=True)
class Figures:
    """Takes figures and statuses with the time they came, in seconds. Not thread-safe; its owner holds the lock.

    Figures come from a thread of their own in the station. They are current only while the supervisor, which lets parts
    expire, also speaks, and is of the same start: an older value shown as current would hide a stopped line.
    """

    silence_s: float
    _metrics: tuple[LiveMetrics, float] | None = None
    _status: tuple[str, float] | None = None

    def take_metrics(self, metrics: LiveMetrics, now_s: float) -> None:
        self._metrics = metrics, now_s

    def take_status(self, status: LiveStatus, now_s: float) -> None:
        self._status = status.boot_id, now_s

    def current(self, now_s: float) -> LiveMetrics | None:
        if self._metrics is None or self._status is None:
            return None
        (metrics, told_s), (boot_id, alive_s) = self._metrics, self._status
        fresh = now_s - min(told_s, alive_s) < self.silence_s
        return metrics if fresh and metrics.boot_id == boot_id else None

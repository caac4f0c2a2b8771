"""When the retained `state/status` is due."""

from __future__ import annotations

from collections.abc import Callable

from appliance.sinks.state_messages import StatusMessage

EVERY_S = 2.0
LOOK_S = 0.05


class StatusRhythm:
    """Every 2 s, and at once when `state`, `armed` or `job` is another than in the last one.

    `status` is asked at most every 50 ms, and only from within the calls below.
    """

    def __init__(self, status: Callable[[], StatusMessage]) -> None:
        self._status = status
        self.restart()

    def restart(self) -> None:
        """Whatever was said does not count any more: a status is due now."""
        self._said: StatusMessage | None = None
        self._said_ns = 0
        self._looked_ns = 0

    def due(self, now_ns: int) -> StatusMessage | None:
        """The status to send now, which then counts as sent; None where the last one will do."""
        if self._said is not None and now_ns - self._looked_ns < LOOK_S * 1e9:
            return None
        self._looked_ns = now_ns
        status = self._status()
        if self._said is not None and now_ns - self._said_ns < EVERY_S * 1e9 and _same(status, self._said):
            return None
        self._said, self._said_ns = status, now_ns
        return status

    def final(self) -> StatusMessage:
        """How things are now, whatever was said before."""
        return self._status()


def _same(one: StatusMessage, other: StatusMessage) -> bool:
    return (one.state, one.armed, one.job) == (other.state, other.armed, other.job)

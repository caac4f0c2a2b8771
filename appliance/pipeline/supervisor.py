"""The main thread: deadlines, readiness, heartbeat, status, watchdog. It judges nothing.

Every 20 ms, or when the next deadline falls due, one round:

    expire parts → open or shut the ledger's door → mirror to the PLC → beat (every 100 ms, only while capture and
    inference live and none is stalled) → status (every 500 ms) → collect garbage while no part is in flight
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from appliance.domain.clock import Clock
from appliance.domain.ledger import Ledger
from appliance.domain.verdict import Verdict

_log = logging.getLogger(__name__)
_ROUND_NS = 20_000_000
_BEAT_NS = 100_000_000
_STATUS_NS = 500_000_000
_COLLECT_NS = 5_000_000_000
_COLLECT_AT_LAST_NS = 15_000_000_000


class Watched(Protocol):
    """A stage's worker, as the heartbeat sees it."""

    @property
    def name(self) -> str: ...
    @property
    def alive(self) -> bool: ...
    @property
    def stalled(self) -> bool: ...


class Supervisor:
    """`refresh` decides readiness, tells the ledger and the PLC, and returns whether triggers may come.

    `healthy` is False while a critical worker is dead or stalled: no heartbeat then, no watchdog ping.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        critical: Sequence[Watched],
        conclude: Callable[[Verdict], None],
        refresh: Callable[[], None],
        beat: Callable[[], None],
        status: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._critical = critical
        self._conclude = conclude
        self._refresh = refresh
        self._beat = beat
        self._status = status
        self._beat_ns = self._status_ns = self._collect_ns = clock.monotonic_ns()

    @property
    def failed(self) -> str | None:
        """The name of a critical worker that is dead or stalled, or None."""
        return next((worker.name for worker in self._critical if not worker.alive or worker.stalled), None)

    def run(self, stop: threading.Event, finished: Callable[[], bool]) -> None:
        """Rounds until `stop` is set or `finished` says that there is nothing left to do."""
        while not stop.is_set() and not finished():
            self.round()
            due_ns = self._ledger.next_deadline_ns()
            now_ns = self._clock.monotonic_ns()
            wait_ns = _ROUND_NS if due_ns is None else max(0, min(_ROUND_NS, due_ns - now_ns + 1))
            stop.wait(wait_ns / 1e9)

    def round(self) -> None:
        for verdict in self._ledger.expire():
            self._conclude(verdict)
        self._refresh()
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._beat_ns >= _BEAT_NS and self.failed is None:
            self._beat_ns = now_ns
            self._beat()
        if now_ns - self._status_ns >= _STATUS_NS:
            self._status_ns = now_ns
            self._status()
        if self._may_collect(now_ns - self._collect_ns):
            self._collect_ns = now_ns
            gc.collect()

    def _may_collect(self, since_ns: int) -> bool:
        """While no part is in flight; on a line that never pauses all the same, or its memory would grow for ever."""
        if since_ns < _COLLECT_NS:
            return False
        return since_ns >= _COLLECT_AT_LAST_NS or self._ledger.snapshot().in_flight == 0


def freeze_garbage_collection() -> None:
    """After warm-up: the default collector stops all threads for up to 113 ms, the supervisor collects when idle."""
    gc.collect()
    gc.freeze()
    gc.disable()

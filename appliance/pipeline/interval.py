"""Triggers by the clock, for replays and set-up without a PLC."""

from __future__ import annotations

import threading
from collections.abc import Callable

from appliance.domain.clock import Clock
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Part, Trigger, TriggerSource
from appliance.domain.stages import Meter, Stage


class IntervalTrigger:
    """Asks for a part every `interval_ms` while the ledger's door is open; `enter` takes it to the camera.

    It keeps the beat: waking late once does not shift the triggers that follow, and what was overslept is left out.
    """

    def __init__(
        self, *, ledger: Ledger, clock: Clock, meter: Meter, interval_ms: int, enter: Callable[[Part], None]
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._meter = meter
        self._interval_ns = interval_ms * 1_000_000
        self._enter = enter

    def run(self, stop: threading.Event) -> None:
        due_ns = self._clock.monotonic_ns() + self._interval_ns
        while not stop.wait(max(0, due_ns - self._clock.monotonic_ns()) / 1e9):
            late_ns = self._clock.monotonic_ns() - due_ns
            self._meter.observe(Stage.WAKE, max(0, late_ns))
            if self._ledger.can_admit:
                self.fire()
            due_ns += self._interval_ns * (1 + max(0, late_ns) // self._interval_ns)

    def fire(self) -> None:
        part = self._ledger.admit(Trigger(TriggerSource.INTERVAL, tag=0, received_ns=self._clock.monotonic_ns()))
        if part is not None:
            self._enter(part)

"""Triggers by the clock, for replays and set-up without a PLC."""

from __future__ import annotations

import threading
from collections.abc import Callable

from appliance.domain.clock import Clock
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Part, Trigger, TriggerSource


class IntervalTrigger:
    """Asks for a part every `interval_ms` while the ledger's door is open; `enter` takes it to the camera."""

    def __init__(self, *, ledger: Ledger, clock: Clock, interval_ms: int, enter: Callable[[Part], None]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._interval_s = interval_ms / 1000
        self._enter = enter

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(self._interval_s):
            if self._ledger.can_admit:
                self.fire()

    def fire(self) -> None:
        part = self._ledger.admit(Trigger(TriggerSource.INTERVAL, tag=0, received_ns=self._clock.monotonic_ns()))
        if part is not None:
            self._enter(part)

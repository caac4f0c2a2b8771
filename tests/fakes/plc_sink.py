"""A PLC sink over a ledger, without a flow behind it and with ports that the test gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from appliance.domain.ledger import Snapshot
from appliance.domain.parts import Part, RecipeKey
from appliance.domain.readiness import Readiness
from appliance.sinks.plc import PlcSink
from firmware_bridge.errors import BridgeError
from firmware_bridge.transport import ByteTransport
from tests.fakes.clock import FakeClock
from tests.fakes.parts import make_ledger, make_trigger

UNIT = 5
JOB = 12
SERVED = Readiness(hindrance=None, mqtt_connected=True, spool_high=False, clock_synced=True, alarm=False)
EMPTY_BOOK = Snapshot(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


class FakeJobs:
    """Job 12 is in force; `known` are those that can be changed to."""

    def __init__(self, armed: bool) -> None:
        self.number = JOB
        self.armed = armed
        self.known = {JOB}
        self.barred: set[RecipeKey] = set()
        self.asked: list[tuple[int, Callable[[], None]]] = []

    def may_pass(self, recipe: RecipeKey) -> bool:
        return self.armed and recipe not in self.barred

    def load(self, number: int, failed: Callable[[], None]) -> bool:
        self.asked.append((number, failed))
        return number in self.known


class SinkBench:
    """A sink over a ledger; `ports` are what opening the port gives, one after the other."""

    def __init__(self, *, capacity: int = 4, armed: bool = True, simulated: bool = False) -> None:
        self.clock = FakeClock()
        self.ledger = make_ledger(self.clock, capacity=capacity)
        self.entered: list[Part] = []
        self.ports: list[ByteTransport | BridgeError] = []
        self.jobs = FakeJobs(armed)
        self.sink = PlcSink(
            self._open,
            ledger=self.ledger,
            enter=self.entered.append,
            unit=UNIT,
            boot_id=77,
            serial="OKNG-1",
            jobs=self.jobs,
            simulated=simulated,
        )

    def _open(self) -> ByteTransport:
        port = self.ports.pop(0)
        if isinstance(port, BridgeError):
            raise port
        return port

    def part(self, tag: int = 7, **changes: Any) -> Part:
        """A part from the PLC's own trigger, but for `changes` to the trigger."""
        part = self.ledger.admit(make_trigger(self.clock, tag))
        assert part is not None
        return replace(part, trigger=replace(part.trigger, **changes))

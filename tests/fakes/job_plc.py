"""A simulated PLC whose program also changes jobs: part by part, without a pause in its triggers."""

from __future__ import annotations

from firmware_bridge.line_book import Tally
from firmware_bridge.plc_program import Block
from firmware_bridge.registers import Coil, Flag, Holding, Input
from firmware_bridge.simulated_plc import SimulatedPlc


class JobPlc(SimulatedPlc):
    """`orders`: (after so many parts, job). `ended`: (job, completed, CurrentJob) of each, in their order."""

    _asked: int | None = None

    def plan(self, orders: list[tuple[int, int]]) -> list[tuple[int, bool, int]]:
        self.orders = orders
        self.ended: list[tuple[int, bool, int]] = []
        return self.ended

    def _watch(self, block: Block) -> None:
        super()._watch(block)
        self._block = block

    def step(self, may_trigger: bool) -> None:
        super().step(may_trigger)
        if not self._connected:
            return
        if self._asked is None:
            self._order()
        elif self._block.flag(Flag.COMMAND_COMPLETED) or self._block.flag(Flag.COMMAND_FAILED):
            current = self._block.registers[Input.CURRENT_JOB]
            self.ended.append((self._asked, self._block.flag(Flag.COMMAND_COMPLETED), current))
            self._master.write_coil(Coil.EXECUTE_COMMAND, False)
            self._asked = None
            self._exchange()

    def _order(self) -> None:
        if self.orders and self._book.tally.triggers >= self.orders[0][0]:
            _, self._asked = self.orders.pop(0)
            self._master.write_register(Holding.COMMAND, self._asked)
            self._master.write_coil(Coil.EXECUTE_COMMAND, True)
            self._watch(self._exchange())

    @property
    def tally(self) -> Tally:
        return self._book.tally

    @property
    def owes(self) -> bool:
        """Whether a trigger or a result is still under way."""
        return self._pending is not None or bool(self._book.owed())

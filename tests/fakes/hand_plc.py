"""A PLC moved by hand: one trigger, one result, and every flag as a PLC program would read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from firmware_bridge.errors import MasterError
from firmware_bridge.modbus.master import ModbusMaster
from firmware_bridge.plc_program import BLOCK, Block, block_of
from firmware_bridge.pty_line import PtyLine
from firmware_bridge.registers import Coil, Flag, Holding
from tests.fakes.waiting import until

_MASTER_TIMEOUT_MS = 60_000  # longer than the test is away to type a command
_DEADLINE_MS = 5_000


class HandPlc:
    """On a pty that the station opens as its serial port `link`."""

    def __init__(self, link: Path) -> None:
        self._line = PtyLine(link)
        self._master = ModbusMaster(self._line, 1)

    def __enter__(self) -> HandPlc:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def connect(self) -> None:
        """Set the station up once it answers."""
        until(self._set_up, "the station answers the PLC", 90)

    def until(self, condition: Callable[[Block], object], what: str, timeout_s: float = 20.0) -> Block:
        seen: list[Block] = []

        def look() -> bool:
            try:
                seen.append(block_of(self._master.read_input_registers(0, BLOCK)))
            except MasterError:
                return False
            return bool(condition(seen[-1]))

        until(look, what, timeout_s)
        return seen[-1]

    def judge(self, tag: int) -> Block:
        """Trigger one part when the station is ready, and the block with its result; it is acknowledged."""
        self.until(lambda block: block.flag(Flag.TRIGGER_READY), f"ready for part {tag}")
        self._master.write_register(Holding.TRIGGER_TAG, tag)
        self._master.write_coil(Coil.TRIGGER, True)
        self.until(lambda block: block.acquisition_id == tag, f"part {tag} is taken")
        self._master.write_coil(Coil.TRIGGER, False)
        found = self.until(
            lambda block: block.flag(Flag.RESULTS_VALID) and block.inspection_id == tag, f"the result of part {tag}"
        )
        self._master.write_register(Holding.RESULTS_ACK_ID, tag)
        return found

    def _set_up(self) -> bool:
        try:
            self._master.write_registers(Holding.MASTER_TIMEOUT_MS, [_MASTER_TIMEOUT_MS, _DEADLINE_MS, 0])
            self._master.write_register(Holding.CONTROL, 1 << Coil.TRIGGER_ENABLE)
        except MasterError:
            return False
        return True

"""What a PLC program must do with the station, as `docs/plc.md` prints it: read the block, decide the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firmware_bridge.line import Evaluation
from firmware_bridge.registers import NO_SCORE, Flag, Input, result_crc

HEARTBEAT_FRESH_S = 0.5
BLOCK = 16  # input registers 0 to 15: status, heartbeat and the result


@dataclass(frozen=True, slots=True)
class Block:
    """Input registers 0 to 15 of one read."""

    registers: tuple[int, ...]

    def flag(self, flag: Flag) -> bool:
        return bool((self.registers[1] << 16 | self.registers[0]) >> flag & 1)

    @property
    def offline_reason(self) -> int:
        return self.registers[0] >> Flag.OFFLINE_REASON & 7

    @property
    def heartbeat(self) -> int:
        return self.registers[Input.HEARTBEAT_OUT]

    @property
    def acquisition_id(self) -> int:
        return self.registers[Input.ACQUISITION_ID]

    @property
    def inspection_id(self) -> int:
        return self.registers[Input.INSPECTION_ID]

    @property
    def evaluation(self) -> int:
        return self.registers[Input.EVALUATION]

    @property
    def code(self) -> int:
        return self.registers[Input.EVALUATION_CODE]

    @property
    def score(self) -> float | None:
        raw = self.registers[Input.SCORE]
        return None if raw == NO_SCORE else raw / 10_000

    @property
    def age_ms(self) -> int:
        return self.registers[Input.RESULT_AGE_MS]

    @property
    def is_whole(self) -> bool:
        """The result block belongs together: its CRC is right."""
        return result_crc(self.registers) == self.registers[Input.RESULT_CRC]


def block_of(registers: Sequence[int]) -> Block:
    return Block(tuple(registers[:BLOCK]))


def gate_opens(block: Block, tag: int, heartbeat_age_s: float, before_gate: bool, accept_simulated: bool) -> bool:
    """The rule for the PLC program: True passes the part, anything else rejects it.

    `tag` is the part now at the gate; `heartbeat_age_s` the time since HeartbeatOut last changed.
    """
    return (
        before_gate
        and heartbeat_age_s <= HEARTBEAT_FRESH_S
        and block.is_whole
        and block.flag(Flag.ONLINE)
        and (accept_simulated or not block.flag(Flag.SIMULATED))
        and block.flag(Flag.RESULTS_VALID)
        and block.inspection_id == tag
        and block.flag(Flag.PASS)
        and not block.flag(Flag.FAIL)
        and block.evaluation == Evaluation.OK
    )

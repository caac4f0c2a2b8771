"""The rule for the PLC program, and the simulated line's book."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from firmware_bridge.line_book import LineBook
from firmware_bridge.plc_program import Block, block_of, gate_opens
from firmware_bridge.registers import Flag, Input, result_crc

GOOD = {Flag.ONLINE, Flag.RESULTS_VALID, Flag.PASS}


def block(tag: int = 7, flags: set[Flag] | None = None, evaluation: int = 1, spoil_crc: bool = False) -> Block:
    word = sum(1 << flag for flag in (GOOD if flags is None else flags))
    registers = [0] * 16
    registers[0:2] = [word & 0xFFFF, word >> 16]
    registers[Input.INSPECTION_ID], registers[Input.EVALUATION] = tag, evaluation
    registers[Input.RESULT_CRC] = result_crc(registers) ^ spoil_crc
    return block_of(registers)


def opens(seen: Block, **changes: Any) -> bool:
    plain: dict[str, Any] = {"tag": 7, "heartbeat_age_s": 0.1, "before_gate": True, "accept_simulated": False}
    return gate_opens(seen, **(plain | changes))


def test_the_gate_opens_when_all_holds() -> None:
    assert opens(block())
    assert opens(block(flags=GOOD | {Flag.SIMULATED}), accept_simulated=True)


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_the_gate_stays_shut_without_each_flag(missing: Flag) -> None:
    assert not opens(block(flags=GOOD - {missing}))


@pytest.mark.parametrize("more", [Flag.FAIL, Flag.SIMULATED])
def test_the_gate_stays_shut_with_each_of_these(more: Flag) -> None:
    assert not opens(block(flags=GOOD | {more}))


def test_the_gate_stays_shut_for_anything_else() -> None:
    assert not opens(block(tag=8))
    assert not opens(block(evaluation=0))
    assert not opens(block(spoil_crc=True))
    assert not opens(block(), heartbeat_age_s=0.51)
    assert not opens(block(), before_gate=False)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Keeper:
    """A book, its clock and its transcript."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.text = io.StringIO()
        self.book = LineBook(self.text, self.clock, accept_simulated=False)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.getvalue().splitlines()]


def test_an_answered_part_goes_through_the_gate_once() -> None:
    keeper = Keeper()
    part = keeper.book.send(7, gate_after_s=1.0)
    keeper.book.resolve(part, "accepted")
    keeper.book.take(block(), heartbeat_age_s=0.0)
    assert keeper.book.summarize()
    assert [event["event"] for event in keeper.events()] == ["trigger", "result", "summary"]
    assert keeper.events()[1]["gate"] == "pass"
    assert (keeper.book.tally.gate_pass, keeper.book.tally.gate_reject) == (1, 0)


def test_a_result_behind_the_gate_rejects() -> None:
    keeper = Keeper()
    keeper.book.resolve(keeper.book.send(7, gate_after_s=1.0), "accepted")
    keeper.clock.now_s = 1.1
    keeper.book.close_gates()
    keeper.book.close_gates()
    keeper.book.take(block(), heartbeat_age_s=0.0)
    assert keeper.events()[-1]["gate"] == "reject"
    assert (keeper.book.tally.gate_pass, keeper.book.tally.gate_reject) == (0, 1)


def test_a_part_without_a_result_is_lost_and_the_summary_says_no() -> None:
    keeper = Keeper()
    keeper.book.resolve(keeper.book.send(7, gate_after_s=1.0), "accepted")
    assert keeper.book.owed()
    assert not keeper.book.summarize()
    assert keeper.events()[-1]["lost"] == keeper.events()[-1]["gate_reject"] == 1


def test_doubles_and_results_for_nobody_are_flagged() -> None:
    keeper = Keeper()
    keeper.book.resolve(keeper.book.send(7, gate_after_s=1.0), "accepted")
    keeper.book.take(block(), heartbeat_age_s=0.0)
    keeper.book.take(block(), heartbeat_age_s=0.0)
    keeper.book.take(block(tag=9), heartbeat_age_s=0.0)
    assert [event["duplicate"] for event in keeper.events()[1:]] == [False, True, False]
    assert [event["foreign"] for event in keeper.events()[1:]] == [False, False, True]
    assert keeper.book.tally.gate_pass == 1
    assert not keeper.book.summarize()


def test_a_missed_part_is_rejected_and_a_result_for_it_is_foreign() -> None:
    keeper = Keeper()
    keeper.book.resolve(keeper.book.send(7, gate_after_s=1.0), "missed")
    keeper.book.take(block(), heartbeat_age_s=0.0)
    assert keeper.book.tally.foreign == 1
    assert (keeper.book.tally.gate_pass, keeper.book.tally.gate_reject) == (0, 1)

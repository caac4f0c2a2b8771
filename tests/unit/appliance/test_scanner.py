"""Codes out of a scanner's bytes: whatever arrives, only a whole code asks for a recipe, and seldom enough."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.commands.messages import Command, CommandReply
from appliance.commands.recipe import RecipeCommand
from appliance.commands.refusals import Refusal
from appliance.scanner import CodeReader, Scanner
from tests.fakes.clock import FakeClock


class Desk:
    """Takes every command and answers when told to."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.codes: list[str | None] = []
        self.reply: CommandReply | None = None
        self.scanner = Scanner(lambda: pytest.fail("no port here"), self._ask, self.clock)

    def _ask(self, command: Command, answer: object, *, stale: bool = False) -> None:
        assert isinstance(command, RecipeCommand)
        assert command.actor.source == "scanner"
        self.codes.append(command.code)
        if self.reply is not None:
            assert callable(answer)
            answer(self.reply)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_code_ends_with_its_line(end: bytes) -> None:
    reader = CodeReader()
    assert reader.read(b"4006381333931" + end + b"ABC-1" + end, 0) == ["4006381333931", "ABC-1"]
    assert reader.dropped == 0


@pytest.mark.parametrize(
    "line", [b"two words", b"\x00\x01", "é".encode(), b"x" * 65, b"x" * 100_000, b"\x1b[2J", b"tab\t"]
)
def test_what_is_no_code_is_dropped_and_counted(line: bytes) -> None:
    reader = CodeReader()
    assert reader.read(line + b"\r", 0) == []
    assert reader.dropped == 1
    assert reader.read(b"GOOD\r", 0) == ["GOOD"]


def test_half_a_code_before_a_pause_never_joins_the_next() -> None:
    reader = CodeReader()
    assert reader.read(b"40063", 0) == []
    assert reader.read(b"4006381333931\r", 1_500_000_000) == ["4006381333931"]
    assert reader.dropped == 1


@given(pieces=st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes_in_any_pieces_give_the_same_codes(pieces: list[bytes]) -> None:
    whole, cut = CodeReader(), CodeReader()
    codes = whole.read(b"".join(pieces), 0)
    assert [code for piece in pieces for code in cut.read(piece, 0)] == codes
    assert all(1 <= len(code) <= 64 and code.isascii() and code.isprintable() and " " not in code for code in codes)


def test_a_line_without_end_takes_no_memory() -> None:
    reader = CodeReader()
    for _ in range(1000):
        reader.read(b"x" * 4096, 0)
    assert len(reader._line) <= 65


def test_a_flood_asks_once_in_half_a_second() -> None:
    desk = Desk()
    desk.scanner.hear(b"A\rB\rC\r" * 100)
    assert (desk.codes, desk.scanner.dropped) == (["A"], 299)
    desk.clock.advance_ms(600)
    desk.scanner.hear(b"B\r")
    assert desk.codes == ["A", "B"]


def test_a_refused_code_is_shown_for_some_seconds() -> None:
    desk = Desk()
    desk.reply = CommandReply.refusal(Refusal.NO_SUCH_RECIPE, why=("no recipe has the code A", "没有此条码"))
    desk.scanner.hear(b"A\r")
    assert (desk.scanner.state.state, desk.scanner.state.text_zh) == ("warn", "没有此条码")
    desk.clock.advance_ms(16_000)
    assert desk.scanner.state.state == "ok"

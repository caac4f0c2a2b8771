"""What comes over the socket: strict, bounded, and answered whatever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.commands.refusals import TEXTS, Refusal
from tests.fakes.commands import Desk, trigger_command

GOOD: dict[str, Any] = json.loads(trigger_command("1", source="cli").model_dump_json())


def said(line: bytes) -> tuple[Desk, dict[str, Any]]:
    desk = Desk()
    heard: list[bytes] = []
    desk.desk.ask_line(line, heard.append)
    desk.step()
    assert len(heard) == 1, "answered once"
    assert heard[0].endswith(b"\n")
    assert heard[0].count(b"\n") == 1
    return desk, json.loads(heard[0])


def test_a_good_line_is_carried_out() -> None:
    desk, reply = said(json.dumps(GOOD).encode())
    assert (reply["type"], reply["status"], reply["request_id"]) == ("reply", "accepted", "1")
    assert len(desk.entered) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"request_id": ""},
        {"request_id": "x" * 65},
        {"request_id": "a b"},
        {"request_id": 1},
        {"request_id": None},
        {"actor": {"source": "plc", "name": "x"}},
        {"actor": {"source": "mqtt", "name": "x"}},
        {"actor": {"source": "cli", "name": ""}},
        {"actor": {"source": "cli", "name": "x\n"}},
        {"actor": "cli"},
        {"part_id": ""},
        {"part_id": "x" * 65},
        {"part_id": "tab\t"},
        {"part_id": "\u202e"},
        {"part_id": 17},
        {"wait": "yes"},
        {"wait": 1},
        {"golden": True},
    ],
    ids=str,
)
def test_what_is_not_exactly_a_command_is_refused(changes: dict[str, Any]) -> None:
    desk, reply = said(json.dumps(GOOD | changes).encode())
    assert (reply["status"], reply["code"]) == ("refused", "malformed")
    assert desk.entered == desk.audited == []


@pytest.mark.parametrize("missing", ["verb", "request_id", "actor"])
def test_nothing_is_filled_in(missing: str) -> None:
    desk, reply = said(json.dumps({key: value for key, value in GOOD.items() if key != missing}).encode())
    assert reply["code"] == "malformed"
    assert desk.entered == []


def test_another_verb_is_named_as_unknown() -> None:
    assert said(json.dumps(GOOD | {"verb": "shine"}).encode())[1]["code"] == "unknown_verb"


def test_a_line_that_is_too_long_is_refused() -> None:
    assert said(json.dumps(GOOD).encode().ljust(4097))[1]["code"] == "malformed"
    assert said(json.dumps(GOOD).encode().ljust(4096))[1]["status"] == "accepted"


@given(st.binary(max_size=300))
def test_garbage_never_breaks_the_desk(line: bytes) -> None:
    desk, reply = said(line.replace(b"\n", b""))
    assert reply["status"] == "refused"
    assert desk.entered == []


@pytest.mark.parametrize("code", list(Refusal))
def test_every_refusal_has_words_in_both_languages(code: Refusal) -> None:
    english, chinese = TEXTS[code]
    assert english
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)

"""The verb `recipe` at the desk: what is a choice of a recipe, and that its end is told once, whenever it comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from appliance.commands.desk import Conclude
from appliance.commands.envelope import INSIDE
from appliance.commands.messages import CommandReply
from appliance.commands.recipe import RecipeCommand, RecipeRequest, RunningRecipe
from appliance.commands.refusals import Refusal
from tests.fakes.commands import Desk

RUNNING = RunningRecipe(id="bracket", name="Bracket", number=12, version="3", hash="sha256:" + 64 * "a")


class Slow:
    """A verb that concludes when the test says so."""

    def __init__(self) -> None:
        self.begun: list[tuple[RecipeCommand, Conclude]] = []

    def begin(self, command: RecipeCommand, conclude: Conclude) -> None:
        self.begun.append((command, conclude))

    def finish(self) -> None:
        command, conclude = self.begun[-1]
        conclude(CommandReply(request_id=command.request_id, verb="recipe", status="accepted", recipe=RUNNING))


def order(request_id: str = "1", **choice: Any) -> RecipeCommand:
    request = RecipeRequest(request_id=request_id, user="ada", **(choice or {"id": "bracket"}))
    return request.command("api", "api")


def test_the_answer_waits_for_the_end_and_is_audited_then() -> None:
    slow = Slow()
    desk = Desk(verbs={"recipe": slow.begin})
    heard = desk.ask(order())
    desk.step()
    assert (heard, desk.audited) == ([], [])
    slow.finish()
    assert heard == []
    desk.step()
    assert [reply.recipe for reply in heard] == [RUNNING]
    assert [(row.verb, row.actor, row.status) for row in desk.audited] == [("recipe", "ada", "accepted")]


def test_a_repetition_never_begins_anew() -> None:
    slow = Slow()
    desk = Desk(verbs={"recipe": slow.begin})
    first, second = desk.ask(order()), desk.ask(order())
    desk.step()
    slow.finish()
    desk.step()
    third = desk.ask(order())
    desk.step()
    assert len(slow.begun) == 1
    assert [reply.repeated for reply in (*first, *second, *third)] == [False, True, True]


def test_a_command_that_is_stale_is_not_begun() -> None:
    slow = Slow()
    desk = Desk(verbs={"recipe": slow.begin})
    heard = desk.ask(order(), stale=True)
    desk.step()
    assert slow.begun == []
    assert [reply.code for reply in heard] == [Refusal.STALE]


def test_a_verb_that_nobody_carries_out_is_refused() -> None:
    desk = Desk()
    heard = desk.ask(order())
    desk.step()
    assert [reply.code for reply in heard] == [Refusal.UNKNOWN_VERB]


@pytest.mark.parametrize(
    "choice",
    [
        {"reason": "none is named"},
        {"id": "bracket", "number": 12},
        {"number": 12, "code": "4006381333931"},
        {"number": 12, "version": "3"},
        {"number": 0},
        {"number": 1000},
        {"id": "../bracket"},
        {"id": "bracket", "version": "../3"},
        {"code": ""},
        {"code": "a\nb"},
    ],
    ids=str,
)
def test_what_does_not_name_one_recipe_is_no_request(choice: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        order(**choice)


@pytest.mark.parametrize("source", sorted(INSIDE))
def test_nobody_outside_speaks_for_a_door_inside(source: str) -> None:
    slow = Slow()
    desk = Desk(verbs={"recipe": slow.begin})
    line = json.loads(order().model_dump_json(exclude_none=True)) | {"actor": {"source": source, "name": "x"}}
    heard: list[bytes] = []
    desk.desk.ask_line(json.dumps(line).encode(), heard.append)
    desk.step()
    assert [json.loads(reply)["code"] for reply in heard] == ["malformed"]
    assert slow.begun == []

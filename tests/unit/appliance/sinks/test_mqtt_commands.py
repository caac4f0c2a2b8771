"""Commands from a broker, before any broker is there: what is taken, what is refused, and where answers go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.commands.desk import Ask
from appliance.commands.messages import Command, CommandReply
from appliance.sinks.mqtt_commands import CommandDoor
from appliance.sinks.mqtt_connection import Outgoing
from appliance.sinks.mqtt_incoming import Incoming
from tests.fakes.commands import Desk
from tests.fakes.results import BOOT_ID, ROOT


def incoming(payload: object = None, verb: str = "trigger", **changes: Any) -> Incoming:
    body = payload if isinstance(payload, bytes) else json.dumps({"request_id": "1"} if payload is None else payload)
    fields: dict[str, Any] = {
        "topic": f"{ROOT}/cmd/{verb}",
        "payload": body if isinstance(body, bytes) else body.encode(),
        "retained": False,
        "stale": False,
        "packet_id": 1,
        "qos": 1,
    }
    return Incoming(**(fields | changes))


class World:
    def __init__(self) -> None:
        self.desk = Desk()
        self.door = CommandDoor(ROOT, BOOT_ID, self.desk.desk.ask)

    def answers(self) -> list[tuple[Outgoing, dict[str, Any]]]:
        self.desk.step()
        found = []
        while (said := self.door.next_answer()) is not None:
            found.append((said, json.loads(said.payload)))
        return found

    def answer_to(self, said: Incoming) -> tuple[Outgoing, dict[str, Any]]:
        self.door.take(said)
        [answer] = self.answers()
        assert not self.door.busy
        return answer


@pytest.fixture
def world() -> World:
    return World()


def test_a_trigger_is_carried_out_and_answered(world: World) -> None:
    said, reply = world.answer_to(incoming({"request_id": "1", "part_id": "SN-1", "user": "mes"}, correlation=b"c"))
    assert (said.topic, said.retain, said.correlation) == (f"{ROOT}/rsp/trigger", False, b"c")
    assert (said.schema, said.boot_id, said.expiry_s) == ("okng.reply/1", BOOT_ID, 60)
    assert (reply["status"], reply["request_id"]) == ("accepted", "1")
    [row] = world.desk.audited
    assert (row.source, row.actor) == ("mqtt", "mes")


def test_a_retained_one_is_ignored_and_counted(world: World) -> None:
    for _ in range(3):
        world.door.take(incoming(retained=True))
    assert world.answers() == []
    assert world.door.retained == 3
    assert world.desk.entered == []


@pytest.mark.parametrize(
    "payload",
    [b"", b"garbage", b"\xff\xfe", b"[]", {}, {"part_id": "no id"}, {"request_id": "1", "wait": 1}, b" " * 5000],
    ids=str,
)
def test_what_is_no_request_is_refused(world: World, payload: object) -> None:
    said, reply = world.answer_to(incoming(payload))
    assert (said.topic, reply["code"]) == (f"{ROOT}/rsp/trigger", "malformed")
    assert world.desk.entered == []


@pytest.mark.parametrize(
    ("verb", "topic"),
    [("shine", "rsp/shine"), ("Ünknown", "rsp/unknown"), ("", "rsp/unknown"), ("$SYS", "rsp/unknown")],
)
def test_an_unknown_verb_is_answered(world: World, verb: str, topic: str) -> None:
    said, reply = world.answer_to(incoming(verb=verb))
    assert (said.topic, reply["code"]) == (f"{ROOT}/{topic}", "unknown_verb")
    assert world.desk.entered == []


def test_an_answer_goes_below_the_own_rsp_where_it_is_wanted(world: World) -> None:
    said, _ = world.answer_to(incoming(response_topic=f"{ROOT}/rsp/mes-7/trigger", correlation=b"x"))
    assert said.topic == f"{ROOT}/rsp/mes-7/trigger"


@pytest.mark.parametrize(
    "wanted",
    [
        f"{ROOT}/state/availability",
        f"{ROOT}/evt/result",
        f"{ROOT}/cmd/trigger",
        f"{ROOT}/rsp",
        f"{ROOT}/rsp/",
        f"{ROOT}/rsp/#",
        f"{ROOT}/rsp/+/x",
        f"{ROOT}/rsp/../state/status",
        f"{ROOT}/rsp/a/b/c/d/e",
        f"{ROOT}/rsp/{'x' * 65}",
        f"{ROOT}x/rsp/a",
        "okng/v1/acme/hall/press/line1/cam2/cmd/trigger",
        "$SYS/broker",
        "",
    ],
)
def test_no_caller_has_the_station_write_elsewhere(world: World, wanted: str) -> None:
    said, reply = world.answer_to(incoming(response_topic=wanted, correlation=b"x"))
    assert (said.topic, reply["code"]) == (f"{ROOT}/rsp/trigger", "bad_response_topic")
    assert world.desk.entered == [], "what cannot be answered where it is wanted is not carried out"


def test_a_huge_correlation_is_refused(world: World) -> None:
    said, reply = world.answer_to(incoming(correlation=b"x" * 257))
    assert (said.correlation, reply["code"]) == (None, "bad_response_topic")


def test_a_stale_command_is_refused(world: World) -> None:
    _, reply = world.answer_to(incoming(stale=True))
    assert reply["code"] == "stale"
    assert world.desk.entered == []


def test_there_is_room_for_so_many_and_it_comes_back() -> None:
    waiting: list[Any] = []

    def ask(command: Command, answer: Any, *, stale: bool = False) -> None:
        waiting.append((command, answer))

    typed: Ask = ask
    door = CommandDoor(ROOT, BOOT_ID, typed)
    for number in range(40):
        if door.room:
            door.take(incoming({"request_id": str(number)}))
    assert len(waiting) == 32
    command, answer = waiting[0]
    answer(CommandReply(request_id=command.request_id, verb="trigger", status="accepted"))
    assert door.room == 0, "an answer that is not sent yet takes its place"
    assert door.next_answer() is not None
    assert door.room == 1


def test_answers_that_may_be_lost_come_first_again(world: World) -> None:
    for number in "123":
        world.door.take(incoming({"request_id": number}))
    sent = world.answers()
    world.door.again([said for said, _ in sent])
    assert [reply["request_id"] for _, reply in world.answers()] == ["1", "2", "3"]


def test_each_connection_has_a_number_of_its_own(world: World) -> None:
    one, two = world.door.subscribe(), world.door.subscribe()
    assert one.topics == two.topics == f"{ROOT}/cmd/+"
    assert one.number != two.number


def test_each_verb_has_its_own_topics(world: World) -> None:
    said, reply = world.answer_to(incoming({"request_id": "1", "number": 12}, verb="recipe"))
    # This desk carries out triggers alone: the command reached it as one of its own verb.
    assert (said.topic, reply["verb"], reply["code"]) == (f"{ROOT}/rsp/recipe", "recipe", "unknown_verb")
    assert [row.verb for row in world.desk.audited] == ["recipe"]

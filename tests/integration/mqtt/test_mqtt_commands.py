"""Commands through a real mosquitto: friendly, retained, garbage, a flood, stale after an outage."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from appliance.config.schema import MqttConfig
from appliance.domain.device import DeviceState
from appliance.sinks.mqtt_connection import Connection, Login, PahoConnection
from tests.fakes.commands import Desk
from tests.fakes.mosquitto import Heard, Listener, Mosquitto
from tests.fakes.publisher import Running
from tests.fakes.results import ROOT
from tests.fakes.waiting import until

CMD = f"{ROOT}/cmd/trigger"


class Caller:
    """An MQTT 5 client that sends commands."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="caller", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.max_inflight_messages_set(1000)
        self._port = port

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, payload: object, topic: str = CMD, *, retain: bool = False, qos: int = 1, **properties: Any) -> None:
        """Publish, and wait until the broker has it."""
        chosen = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        for name, value in properties.items():
            setattr(chosen, name, value)
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._client.publish(topic, data, qos=qos, retain=retain, properties=chosen).wait_for_publish(10)


class Station:
    """A publisher with a desk behind it that works on the publisher's thread; every part is judged at once."""

    def __init__(self, broker: Mosquitto, **settings: Any) -> None:
        self.desk = Desk()
        self.broker = broker
        self.connections: list[PahoConnection] = []
        self.gate = threading.Event()
        self.gate.set()
        config = MqttConfig(enabled=True, port=broker.port, commands=True, **{"keepalive_s": 2, **settings})
        self.publisher = Running(config, ask=self._ask, connect=self._connect)
        self.publisher.start()

    def _ask(self, command: Any, answer: Any, *, stale: bool = False) -> None:
        self.desk.desk.ask(command, answer, stale=stale)
        self.desk.step()
        if self.desk.entered:
            self.desk.judged()

    def _connect(self, config: MqttConfig, login: Login) -> Connection:
        assert self.gate.wait(30)
        self.connections.append(PahoConnection(config, login))
        return self.connections[-1]

    def cut(self) -> None:
        """The network fails; broker and station live on."""
        sock = self.connections[-1]._client.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)

    @property
    def parts(self) -> int:
        return len(self.desk.entered)

    def up(self) -> None:
        """Wait until the broker has taken the subscription of the last connection."""

        def subscribed() -> bool:
            count = self.broker.log.read_text(errors="replace").count("Sending SUBACK to okng-")
            return count == len(self.connections) and self.publisher.states[-1:] == [DeviceState("ok")]

        until(subscribed, "subscribed", 20)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture(params=["5", "3.1.1"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Start = Callable[..., Station]


@pytest.fixture
def begin(broker: Mosquitto) -> Iterator[Start]:
    """Stations that end with their test."""
    begun: list[Station] = []

    def begin(at: Mosquitto = broker, **settings: Any) -> Station:
        begun.append(Station(at, **settings))
        begun[-1].up()
        return begun[-1]

    yield begin
    for station in begun:
        station.gate.set()
        station.publisher.end()


@pytest.fixture
def station(begin: Start, version: str) -> Station:
    return begin(version=version)


def replies(listener: Listener, suffix: str = "rsp/trigger") -> list[dict[str, Any]]:
    return [json.loads(heard.payload) for heard in listener.on(suffix)]


def test_a_trigger_is_answered(broker: Mosquitto, station: Station, version: str) -> None:
    with Listener(broker.port) as listener, Caller(broker.port) as caller:
        caller.say({"request_id": "a", "part_id": "SN-1"})
        until(lambda: replies(listener), "an answer")
        [reply] = replies(listener)
        assert (reply["status"], reply["request_id"]) == ("accepted", "a")
        heard = listener.on("rsp/trigger")[0]
        assert not heard.retain
        assert station.desk.entered[0].trigger.part_id == "SN-1"
        caller.say({"request_id": "b"}, f"{ROOT}/cmd/lot")
        until(lambda: replies(listener, "rsp/lot"), "an answer to the unknown verb")
        assert replies(listener, "rsp/lot")[0]["code"] == "unknown_verb"


def test_response_topic_and_correlation_are_honoured_below_rsp_only(broker: Mosquitto, begin: Start) -> None:
    station = begin()
    with Listener(broker.port) as listener, Caller(broker.port) as caller:
        caller.say({"request_id": "a"}, ResponseTopic=f"{ROOT}/rsp/mes/7", CorrelationData=b"\x00\xff")
        until(lambda: replies(listener, "rsp/mes/7"), "an answer where it was wanted")
        assert listener.on("rsp/mes/7")[0].properties.CorrelationData == b"\x00\xff"
        before = len(listener.on("state/availability"))
        caller.say({"request_id": "b"}, ResponseTopic=f"{ROOT}/state/availability", CorrelationData=b"c")
        until(lambda: replies(listener), "the refusal")
        assert replies(listener)[0]["code"] == "bad_response_topic"
        assert listener.on("rsp/trigger")[0].properties.CorrelationData == b"c"
        assert len(listener.on("state/availability")) == before
        assert station.parts == 1


def test_the_same_request_twice_is_one_part(broker: Mosquitto, station: Station, version: str) -> None:
    with Listener(broker.port) as listener, Caller(broker.port) as caller:
        for _ in range(3):
            caller.say({"request_id": "once"})
        until(lambda: len(replies(listener)) == 3, "three answers")
        assert [reply["repeated"] for reply in replies(listener)] == [False, True, True]
        assert station.parts == 1


def test_a_retained_command_from_before_is_ignored(broker: Mosquitto, version: str, begin: Start) -> None:
    with Caller(broker.port) as caller:
        caller.say({"request_id": "left behind"}, retain=True)
        station = begin(version=version)
        with Listener(broker.port) as listener:
            caller.say({"request_id": "fresh"})
            until(lambda: replies(listener), "the fresh one is answered")
            assert [reply["request_id"] for reply in replies(listener)] == ["fresh"]
        assert station.parts == 1


def test_a_command_that_is_being_retained_is_ignored_at_once(broker: Mosquitto, begin: Start) -> None:
    station = begin()
    with Listener(broker.port) as listener, Caller(broker.port) as caller:
        caller.say({"request_id": "kept"}, retain=True)
        caller.say({"request_id": "fresh"})
        until(lambda: replies(listener), "the fresh one is answered")
        assert [reply["request_id"] for reply in replies(listener)] == ["fresh"]
    assert station.parts == 1


def test_garbage_is_refused_and_the_next_command_heard(broker: Mosquitto, station: Station, version: str) -> None:
    garbage: list[bytes] = [b"", b"\x00" * 100, b"{", b'{"request_id":1}', b"[" * 4000, b"x" * 4097]
    with Listener(broker.port) as listener, Caller(broker.port) as caller:
        for payload in garbage:
            caller.say(payload)
        caller.say(b"x" * 1_000_000)  # larger than the station takes: a broker of MQTT 5 keeps it to itself
        caller.say({"request_id": "a"})
        until(lambda: any(reply["status"] == "accepted" for reply in replies(listener)), "the good one is accepted")
        codes = [reply["code"] for reply in replies(listener)]
        assert codes == ["malformed"] * (len(garbage) + (version == "3.1.1")) + [None]
    assert station.parts == 1
    assert [state.state for state in station.publisher.states] == ["ok"]


@pytest.mark.parametrize("qos", [1, 0])
def test_a_flood_is_answered_and_results_go_on(broker: Mosquitto, station: Station, version: str, qos: int) -> None:
    with Listener(broker.port) as listener, Caller(broker.port) as caller:
        for number in range(1000):
            caller.say({"request_id": f"flood-{number % 500}"}, qos=qos)
        sent = station.publisher.add(100)
        until(lambda: len(listener.on("evt/result")) >= 100, "the results arrive all the same", 60)
        assert [json.loads(heard.payload)["id"] for heard in listener.on("evt/result")] == sent
        if qos == 1:
            until(lambda: len(replies(listener)) >= 1000, "every command is answered", 60)
            assert sum(reply["repeated"] for reply in replies(listener)) == 500
            assert station.parts == 500
        caller.say({"request_id": "after"})
        until(lambda: any(reply["request_id"] == "after" for reply in replies(listener)), "still listening", 60)
    assert station.parts <= 501


def test_a_command_that_waited_out_an_outage_is_not_carried_out(
    broker: Mosquitto, station: Station, version: str
) -> None:
    with Listener(broker.port) as listener, Caller(broker.port) as caller:
        caller.say({"request_id": "before"})
        until(lambda: replies(listener), "the first answer")
        station.gate.clear()
        station.cut()
        until(lambda: station.publisher.states[-1].state == "fault", "the outage is noticed", 20)
        caller.say({"request_id": "before"})
        caller.say({"request_id": "during"})
        station.gate.set()
        until(lambda: len(station.connections) == 2, "the station connects again", 20)
        station.up()
        caller.say({"request_id": "after"})
        until(lambda: any(reply["request_id"] == "after" for reply in replies(listener)), "heard again", 30)
        answered = [(reply["request_id"], reply["code"], reply["repeated"]) for reply in replies(listener)]
    # MQTT 3.1.1 keeps no session for the station: what came meanwhile never reached it.
    waited = [("before", None, True), ("during", "stale", False)] if version == "5" else []
    assert answered == [("before", None, False), *waited, ("after", None, False)]
    assert station.parts == 2


def test_after_a_restart_of_the_broker_commands_are_heard_again(broker: Mosquitto, station: Station) -> None:
    broker.stop()
    until(lambda: station.publisher.states[-1].state == "fault", "the outage is noticed", 20)
    broker.start()
    until(lambda: station.publisher.states[-1].state == "ok", "connected again", 30)
    with Listener(broker.port) as listener, Caller(broker.port) as caller:

        def heard() -> bool:
            caller.say({"request_id": "a"})  # the subscription comes a moment after the connection
            return bool(replies(listener))

        until(heard, "heard again")
    assert station.parts == 1


def test_commands_are_off_unless_asked_for(broker: Mosquitto) -> None:
    running = Running(MqttConfig(enabled=True, port=broker.port))
    running.start()
    with Listener(broker.port) as listener, Caller(broker.port) as caller:
        until(lambda: listener.on("state/status"), "connected")
        caller.say({"request_id": "a"})
        running.add(1)
        until(lambda: listener.on("evt/result"), "a result after the command")
        assert not [heard for heard in listener.heard if "/rsp/" in heard.topic]
    running.end()


def test_an_access_list_that_forbids_the_answer_disturbs_nothing(tmp_path: Path, begin: Start) -> None:
    acl = f"topic read {ROOT}/cmd/#\ntopic write {ROOT}/evt/#\ntopic write {ROOT}/state/#\ntopic write {ROOT}/cmd/#\n"
    with Mosquitto(tmp_path / "strict", acl=acl) as broker:
        station = begin(broker)
        with Caller(broker.port) as caller:
            caller.say({"request_id": "a"})
            until(lambda: station.parts == 1, "carried out")
            station.publisher.add(5)
            until(lambda: len(station.publisher.outbox) == 0, "results are delivered")
        assert [state.state for state in station.publisher.states] == ["ok"]


def test_what_is_heard_carries_its_schema(broker: Mosquitto, begin: Start) -> None:
    begin()
    with Listener(broker.port) as listener, Caller(broker.port) as caller:
        caller.say({"request_id": "a"})
        until(lambda: replies(listener), "an answer")
        heard: Heard = listener.on("rsp/trigger")[0]
        assert ("schema", "okng.reply/1") in heard.properties.UserProperty
        assert heard.properties.MessageExpiryInterval <= 60

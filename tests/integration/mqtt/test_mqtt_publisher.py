"""The publisher against a real mosquitto: order, outages, refusals, retained state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.config.schema import MqttConfig
from appliance.sinks.state_messages import StatusMessage
from tests.fakes.mosquitto import Listener, Mosquitto, free_port
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.publisher import Running, first_seen, ids_of
from tests.fakes.results import BOOT_ID, ROOT, result, status
from tests.fakes.waiting import until

Start = Callable[..., Running]
REPO = Path(__file__).parents[3]
EVERYTHING = f"topic readwrite {ROOT}/#\ntopic read #\n"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_results_arrive_once_and_in_order(broker: Mosquitto, start: Start, version: str) -> None:
    with Listener(broker.port) as listener:
        station = start(broker.port, version=version)
        sent = station.add(300)
        until(lambda: len(listener.on("evt/result")) >= 300, "300 results")
        until(lambda: len(station.outbox) == 0, "the outbox is empty")
        assert ids_of(listener.on("evt/result")) == sent
        assert station.outbox.delivered_ids == list(range(1, 301))
        assert [state.state for state in station.states] == ["ok"]


def test_events_say_what_they_are_and_expire(broker: Mosquitto, start: Start) -> None:
    with Listener(broker.port) as listener:
        station = start(broker.port)
        station.add(1)
        until(lambda: listener.on("evt/result"), "a result")
        heard = listener.on("evt/result")[0]
        assert heard.properties.UserProperty == [("schema", "okng.result/1"), ("boot_id", BOOT_ID)]
        assert 604_790 <= heard.properties.MessageExpiryInterval <= 604_800
        assert not heard.retain
        assert json.loads(heard.payload).get("historical", False) is False


def test_retained_state_is_there_for_who_comes_later(broker: Mosquitto, start: Start) -> None:
    station = start(broker.port)
    sent = station.add(3)
    until(lambda: len(station.outbox) == 0, "the outbox is empty")

    def last_id() -> str:
        return str(json.loads(listener.on("state/last_result")[-1].payload)["id"])

    with Listener(broker.port) as listener:
        until(lambda: {h.topic for h in listener.heard} >= {f"{ROOT}/state/{s}" for s in STATES}, "all states")
        assert all(heard.retain for heard in listener.heard if heard.topic.endswith(("availability", "identity")))
        until(lambda: last_id() == sent[-1], "the last result")
        assert json.loads(listener.on("state/availability")[-1].payload)["online"] is True
        assert json.loads(listener.on("state/identity")[-1].payload)["serial"] == "OKNG-0001"
        station.end()
        until(lambda: json.loads(listener.on("state/availability")[-1].payload)["online"] is False, "offline")


def test_the_retained_status_keeps_up_and_outlives_an_orderly_stop(broker: Mosquitto) -> None:
    told: dict[str, object] = {}
    station = Running(MqttConfig(enabled=True, port=broker.port))
    station.status = lambda: status(len(station.outbox)).model_copy(update={**told, "ts": datetime.now(UTC)})
    with Listener(broker.port) as listener:

        def heard(position: int = -1) -> StatusMessage:
            return StatusMessage.model_validate_json(listener.on("state/status")[position].payload)

        station.start()
        until(lambda: len(listener.on("state/status")) == 3, "two statuses after the first", 5.0)
        assert 1.9 <= (heard(2).ts - heard(1).ts).total_seconds() <= 2.5
        told["state"] = "Halted"
        changed = time.monotonic()
        until(lambda: heard().state == "Halted", "the change")
        assert time.monotonic() - changed < 0.5
        told["job"] = 7
        sent = station.add(60)
        station.end()
        until(lambda: json.loads(listener.on("state/availability")[-1].payload)["online"] is False, "offline")
        assert [h.topic.rpartition("/")[2] for h in listener.heard[-3:]] == ["last_result", "status", "availability"]
    with Listener(broker.port, topic=f"{ROOT}/state/+") as late:
        until(lambda: len(late.heard) == len(STATES), "what was retained")
        kept = StatusMessage.model_validate_json(late.on("state/status")[0].payload)
        assert late.on("state/status")[0].retain
        assert (kept.state, kept.job, kept.spool_depth) == ("Halted", 7, 0)
        assert ids_of(late.on("state/last_result")) == sent[-1:]


STATES = ("availability", "status", "last_result", "identity")


def test_an_orderly_stop_delivers_what_is_left(broker: Mosquitto, start: Start) -> None:
    with Listener(broker.port) as listener:
        station = start(broker.port)
        until(lambda: listener.on("state/availability"), "online")
        sent = station.add(40)
        station.end()
        assert len(station.outbox) == 0
        until(lambda: len(listener.on("evt/result")) >= 40, "40 results")
        assert ids_of(listener.on("evt/result")) == sent


def test_nothing_is_lost_over_an_outage(broker: Mosquitto, start: Start) -> None:
    with Listener(broker.port) as listener:
        station = start(broker.port)
        sent = station.add(30)
        until(lambda: len(station.outbox) == 0, "the first results")
        broker.stop()
        until(lambda: station.states[-1].state == "fault", "the outage is noticed")
        sent += station.add(100, first=31)
        assert f"127.0.0.1:{broker.port}" in station.states[-1].text_en
        broker.start()
        until(lambda: len(station.outbox) == 0, "the outbox is empty", 20.0)
        until(lambda: station.states[-1].state == "ok", "well again")
        until(lambda: len(first_seen(ids_of(listener.on("evt/result")))) == 130, "all results")
        assert first_seen(ids_of(listener.on("evt/result"))) == sent


def test_nothing_is_lost_when_the_broker_dies_with_a_full_window(broker: Mosquitto, start: Start) -> None:
    with Listener(broker.port) as listener:
        station = start(broker.port)
        until(lambda: listener.on("state/availability"), "online")
        broker.save()
        broker.freeze()
        sent = station.add(50)
        until(lambda: station.publisher.in_flight == 20, "a full window")
        broker.kill()
        assert station.outbox.delivered_ids == []
        broker.start()
        until(lambda: len(station.outbox) == 0, "the outbox is empty", 20.0)
        until(lambda: len(first_seen(ids_of(listener.on("evt/result")))) == 50, "all results")
        assert first_seen(ids_of(listener.on("evt/result"))) == sent
        assert station.outbox.delivered_ids == list(range(1, 51))


@pytest.mark.parametrize("results", [0, 5])
def test_a_half_open_broker_is_noticed(broker: Mosquitto, start: Start, results: int) -> None:
    """Within 1.5 keep-alives, whether results are on their way or the line is idle."""
    station = start(broker.port, keepalive_s=3)
    until(lambda: station.states, "connected")
    until(lambda: station.publisher.in_flight == 0, "the states are acknowledged")
    broker.freeze()
    frozen = time.monotonic()
    station.add(results)
    until(lambda: station.states[-1].state == "fault", "the silence is noticed")
    assert time.monotonic() - frozen <= 1.5 * 3 + 0.2
    assert "does not answer" in station.states[-1].text_en
    assert station.outbox.delivered_ids == []
    broker.thaw()
    until(lambda: station.states[-1].state == "ok" and len(station.outbox) == 0, "well again", 20.0)


def test_a_denied_result_stays(tmp_path: Path, start: Start) -> None:
    denying = f"topic readwrite {ROOT}/state/#\ntopic read #\n"
    with Mosquitto(tmp_path / "b", acl=denying) as broker, Listener(broker.port) as listener:
        station = start(broker.port)
        sent = station.add(25)
        until(lambda: station.states and station.states[-1].state == "fault", "the refusal is noticed")
        assert f"{ROOT}/evt/result" in station.states[-1].text_en
        assert "写入权限" in station.states[-1].text_zh
        until(lambda: listener.on("state/availability"), "the state is still allowed")
        assert (station.outbox.delivered_ids, len(station.outbox), listener.on("evt/result")) == ([], 25, [])
        broker.set_acl(EVERYTHING)
        broker.reload()
        until(lambda: len(station.outbox) == 0, "delivered once allowed", 20.0)
        until(lambda: len(listener.on("evt/result")) == 25, "all results")
        assert ids_of(listener.on("evt/result")) == sent
        assert station.states[-1].state == "ok"


def test_a_denied_state_is_a_fault_that_holds_up_no_result(tmp_path: Path, start: Start) -> None:
    denying = f"topic readwrite {ROOT}/evt/#\ntopic readwrite {ROOT}/state/availability\ntopic read #\n"
    with Mosquitto(tmp_path / "b", acl=denying) as broker, Listener(broker.port) as listener:
        station = start(broker.port)
        station.add(5)
        until(lambda: len(listener.on("evt/result")) == 5, "all results")
        until(lambda: len(station.outbox) == 0, "the outbox is empty")
        assert station.states[-1].state == "fault"
        assert "state/status" in station.states[-1].text_en


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_refused_password_is_said(tmp_path: Path, start: Start, version: str) -> None:
    password = tmp_path / "password"
    password.write_text("wrong\n")
    password.chmod(0o600)
    with Mosquitto(tmp_path / "b", users={"station": "right"}) as broker:
        station = start(broker.port, version=version, username="station", password_file=password)
        station.add(1)
        until(lambda: station.states, "the refusal")
        assert station.states[-1].state == "fault"
        assert "refuses user station; correct [mqtt] username and password_file" in station.states[-1].text_en
        password.write_text("right\n")
        until(lambda: len(station.outbox) == 0, "delivered with the right password", 20.0)


def test_an_absent_broker_is_said_and_the_station_can_stop(start: Start) -> None:
    port = free_port()
    station = start(port)
    until(lambda: station.states, "the absence")
    assert f"MQTT broker 127.0.0.1:{port} not reachable" in station.states[-1].text_en
    assert "start it or correct [mqtt] host/port" in station.states[-1].text_en
    asked = time.monotonic()
    station.end()
    assert time.monotonic() - asked < 1.0


@pytest.mark.parametrize("settings", [{"boot_id": "ffffffff"}, {"queued_s_ago": 11.0}])
def test_what_comes_late_says_so(broker: Mosquitto, start: Start, settings: dict[str, object]) -> None:
    outbox = MemoryOutbox()
    late = result(1, str(settings.get("boot_id", BOOT_ID)))
    outbox.add(late.to_bytes(), time.monotonic_ns() - int(float(str(settings.get("queued_s_ago", 0))) * 1e9))
    with Listener(broker.port) as listener:
        start(broker.port, outbox)
        until(lambda: listener.on("evt/result"), "the result")
        heard = listener.on("evt/result")[0]
        assert json.loads(heard.payload)["historical"] is True
        assert ("boot_id", late.boot_id) in heard.properties.UserProperty


PUBLISH = """
import sys, threading
from tests.fakes.publisher import Running
from appliance.config.schema import MqttConfig
station = Running(MqttConfig(enabled=True, port=int(sys.argv[1]), version=sys.argv[2]))
station.start()
station.add(10_000)
print("started", flush=True)
station.thread.join()
"""


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_the_broker_speaks_for_a_killed_station(broker: Mosquitto, version: str) -> None:
    with Listener(broker.port) as listener:
        command = [sys.executable, "-c", PUBLISH, str(broker.port), version]
        with subprocess.Popen(command, cwd=REPO, env={**os.environ, "PYTHONPATH": str(REPO)}) as station:
            until(lambda: len(listener.on("evt/result")) > 20, "results are flowing", 20.0)
            station.kill()
        until(lambda: not json.loads(listener.on("state/availability")[-1].payload)["online"], "the last will", 15.0)

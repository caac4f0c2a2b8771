"""A running station asked over its socket, by the command line and by hand, friendly and hostile."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from appliance.commands.client import NoStation, ask_station
from appliance.commands.messages import CommandReply
from appliance.demo.audit import read_journal
from appliance.demo.watcher import Watcher
from tests.fakes.commands import trigger_command
from tests.fakes.line import DEMO_PACKAGE, OKNG, Running, okng, simulator, transcript, write_config
from tests.fakes.mosquitto import Heard, Listener, Mosquitto
from tests.fakes.waiting import until


def make_config(folder: Path, **sections: dict[str, Any]) -> Path:
    base: dict[str, dict[str, Any]] = {
        "station": {"state_dir": folder / "state"},
        "camera": {"type": "synthetic", "seed": 5},
        "trigger": {"source": "software"},
        "model": {"package": DEMO_PACKAGE},
    }
    return write_config(folder / "station.toml", **(base | sections))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return make_config(tmp_path)


@pytest.fixture
def watcher(tmp_path: Path) -> Iterator[Watcher]:
    watching = Watcher(tmp_path / "state" / "run" / "station.sock")
    watching.start()
    yield watching
    watching.stop()
    assert watching.unbalanced == 0


@pytest.fixture
def station(tmp_path: Path, config: Path, watcher: Watcher) -> Iterator[Running]:
    with Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as running:
        until(lambda: watcher.status is not None and watcher.status.ready, "the station is ready", 60)
        yield running
        assert running.end() == 0, running.text


@pytest.fixture
def door(tmp_path: Path) -> Path:
    return tmp_path / "state" / "run" / "station.sock"


def ready(watcher: Watcher) -> bool:
    return watcher.status is not None and watcher.status.ready


def ask(door: Path, request_id: str, **changes: Any) -> CommandReply:
    return ask_station(door, trigger_command(request_id, **changes), 20.0)


def audited(folder: Path) -> list[tuple[str, str, str, str]]:
    with closing(sqlite3.connect(folder / "state" / "station.db")) as db:
        return db.execute(
            "SELECT source, actor, request_id, status FROM audit WHERE source != 'station' ORDER BY id"
        ).fetchall()


def result_of(folder: Path, row: int = -1) -> dict[str, Any]:
    with closing(sqlite3.connect(folder / "state" / "station.db")) as db:
        found: dict[str, Any] = json.loads(db.execute("SELECT result FROM parts ORDER BY seq").fetchall()[row][0])
        return found


def test_the_command_line_gets_a_verdict(tmp_path: Path, config: Path, station: Running) -> None:
    done = okng("trigger", "--config", config, "--serial", "SN-17 号", "--wait", "--json")
    reply = CommandReply.model_validate_json(done.stdout)
    assert reply.verdict is not None
    assert done.returncode == (0 if reply.verdict.outcome == "OK" else 1), done.stderr
    kept = result_of(tmp_path)
    assert kept["trigger"] == {"id": 0, "source": "software"}
    assert (kept["id"], kept["outcome"], kept["part_id"]) == (reply.verdict.id, reply.verdict.outcome, "SN-17 号")
    refused = okng("trigger", "--config", config, "--serial", "x" * 65)
    assert refused.returncode == 2
    assert "64 printable characters" in refused.stderr


def test_the_exit_code_says_ok_and_nothing_else_does(
    tmp_path: Path, config: Path, station: Running, watcher: Watcher
) -> None:
    codes: dict[int, set[str]] = {0: set(), 1: set()}
    for number in range(40):
        until(lambda: ready(watcher), "the next part may come")
        reply = ask(tmp_path / "state" / "run" / "station.sock", str(number), wait=True)
        assert reply.verdict is not None
        codes[0 if reply.verdict.outcome == "OK" else 1].add(reply.verdict.outcome)
        if all(codes.values()):
            break
    assert codes[0] == {"OK"}
    assert codes[1] <= {"NG", "RECHECK", "ERROR"}


def test_the_same_request_twice_is_one_part_also_over_a_restart(tmp_path: Path, config: Path, watcher: Watcher) -> None:
    door = tmp_path / "state" / "run" / "station.sock"
    answers = []
    for run in ("first", "second"):
        with Running([*OKNG, "run", "--config", config], tmp_path / f"{run}.log") as station:
            until(lambda: ready(watcher), "ready", 60)
            answers += [ask(door, "once"), ask(door, "once")]
            until(lambda: len(read_journal(tmp_path / "state" / "station.db")) == 1, "the one part is on disk")
            station.process.send_signal(signal.SIGKILL)
            station.wait(10)
        watcher.status = None
    assert [answer.repeated for answer in answers] == [False, True, True, True]
    assert {answer.part for answer in answers} == {answers[0].part}
    assert len(read_journal(tmp_path / "state" / "station.db")) == 1
    assert audited(tmp_path) == [("api", "ada", "once", "accepted")]


def test_hostile_callers_neither_make_parts_nor_disturb_the_line(
    door: Path, station: Running, watcher: Watcher, tmp_path: Path
) -> None:
    def say(data: bytes, times: int = 1) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(5)
            caller.connect(str(door))
            try:
                for _ in range(times):
                    caller.sendall(data)
            except OSError:
                return  # cut off, as it should be

    flood = trigger_command("flood", source="cli").model_dump_json().encode() + b"\n"
    say(b"\x00\xff" * 5000, 50)
    say(b'{"verb":"trigger"' * 10_000, 20)
    say(b"{}\n" * 40)
    say(flood * 100, 100)
    say(flood[:-3])
    silent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    silent.connect(str(door))  # never reads
    assert len(read_journal(tmp_path / "state" / "station.db")) <= 1, "one request id, at most one part"
    names = (f"friend-{number}" for number in count())
    # The flood's own part may still wait for its picture: then a trigger is refused, as it should be.
    until(lambda: ask(door, next(names), wait=True).verdict, "a friend's part is judged")
    silent.close()


def test_while_the_camera_is_gone_a_trigger_is_missed_and_refused(tmp_path: Path, watcher: Watcher) -> None:
    config = make_config(tmp_path, camera={"type": "folder", "path": tmp_path / "none"})
    with Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station:
        until(lambda: watcher.status, "the station talks", 60)
        done = okng("trigger", "--config", config, "--wait")
        assert done.returncode == 4
        assert "refused (not_ready)" in done.stdout
        until(lambda: watcher.status is not None and watcher.status.counters.missed == 1, "counted as missed")
        assert station.end() == 0, station.text
    assert read_journal(tmp_path / "state" / "station.db") == []


def test_with_a_plc_no_software_trigger_makes_a_part(tmp_path: Path, watcher: Watcher) -> None:
    config = make_config(tmp_path, trigger={"source": "plc"}, plc={"enabled": True, "port": tmp_path / "plc"})
    asking = simulator(tmp_path / "plc", tmp_path / "plc.jsonl", interval_ms=100, count=20)
    with (
        Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station,
        Running(asking, tmp_path / "simulator.log") as plc,
    ):
        until(lambda: ready(watcher), "ready", 60)
        for number in range(20):
            reply = ask(tmp_path / "state" / "run" / "station.sock", str(number))
            assert (reply.status, reply.code) == ("refused", "plc_triggers")
        assert plc.wait(60) == 0, plc.text
        assert station.end() == 0, station.text
    assert len(read_journal(tmp_path / "state" / "station.db")) == len(transcript(tmp_path / "plc.jsonl", "result"))
    assert watcher.status is not None
    assert not watcher.status.software_trigger


@pytest.mark.parametrize(
    ("trigger", "remedy"),
    [
        ({"source": "plc", "software": True}, "software = false"),
        ({"source": "software"}, 'source = "plc"'),
        ({"source": "interval", "software": True}, 'source = "plc"'),
    ],
)
def test_a_configuration_with_both_plc_and_software_is_refused(
    tmp_path: Path, trigger: dict[str, Any], remedy: str
) -> None:
    done = okng("check-config", make_config(tmp_path, trigger=trigger, plc={"enabled": True}))
    assert done.returncode == 2
    assert remedy in done.stderr


def test_no_station_is_said_with_its_own_exit_code(config: Path, door: Path) -> None:
    done = okng("trigger", "--config", config)
    assert done.returncode == 3
    assert "start it with okng run" in done.stderr
    with pytest.raises(NoStation, match="does not run"):
        ask_station(door, trigger_command(), 1.0)


def test_a_station_that_does_not_answer_is_never_taken_for_a_yes(door: Path) -> None:
    door.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
        deaf.bind(str(door))
        deaf.listen()
        with pytest.raises(NoStation, match="did not answer"):
            ask_station(door, trigger_command(), 0.2)


def test_a_command_over_mqtt_is_a_part_a_result_and_an_audit_event(tmp_path: Path, watcher: Watcher) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as listener:
        config = make_config(tmp_path, mqtt={"enabled": True, "port": broker.port, "commands": True})
        with Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station:
            until(lambda: ready(watcher), "ready", 60)
            topic, wanted = "okng/v1/okng/site/area/line/station/cmd/trigger", '{"request_id":"a","wait":true}'

            def answered() -> bool:
                command = ["mosquitto_pub", "-p", str(broker.port), "-q", "1", "-t", topic, "-m", wanted]
                subprocess.run(command, check=True)  # the station may not have subscribed yet; repeated, it acts once
                # Asked too often at once, it also says that it is busy.
                return any(reply.verdict for reply in replies(listener))

            until(answered, "an answer", 30)
            until(lambda: listener.on("evt/result") and commanded(listener), "result and audit event", 30)
            assert station.end() == 0, station.text
    reply = next(reply for reply in replies(listener) if reply.verdict)
    [result] = [json.loads(heard.payload) for heard in listener.on("evt/result")]
    [audit] = commanded(listener)
    assert reply.verdict is not None
    assert (reply.verdict.id, reply.verdict.outcome) == (result["id"], result["outcome"])
    assert result["trigger"]["source"] == "software"
    said = json.loads(audit.payload)
    assert (said["source"], said["verb"], said["request_id"], said["status"]) == ("mqtt", "trigger", "a", "accepted")
    assert ("schema", "okng.audit/1") in audit.properties.UserProperty
    verbs = [json.loads(heard.payload)["verb"] for heard in listener.on("evt/audit")]
    assert verbs == ["begin", "start", "trigger", "stop"]
    last = json.loads(listener.on("evt/audit")[-1].payload)
    checked = okng("audit", "verify", "--config", config, "--witness", f"{last['number']}:{last['seal']}")
    assert checked.returncode == 0, checked.stderr


def commanded(listener: Listener) -> list[Heard]:
    """Audit events of what somebody asked for; the others are the station's own."""
    return [heard for heard in listener.on("evt/audit") if json.loads(heard.payload)["source"] != "station"]


def replies(listener: Listener) -> list[CommandReply]:
    return [CommandReply.model_validate_json(heard.payload) for heard in listener.on("rsp/trigger")]

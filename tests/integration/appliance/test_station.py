"""The station as one process on a real pty with a real broker: killed, stopped and asked again."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.demo.audit import read_journal
from appliance.demo.watcher import Watcher
from firmware_bridge.line import OfflineReason
from tests.fakes.line import DEMO_PACKAGE, OKNG, Running, simulator, transcript, write_config
from tests.fakes.mosquitto import Listener, Mosquitto
from tests.fakes.waiting import until

PATH = "okng/tests/hall/line/station"
EVALUATIONS = {"OK": 1, "NG": 2, "RECHECK": 3, "ERROR": 0}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


def make_config(folder: Path, broker: Mosquitto, *, armed: bool = True) -> Path:
    return write_config(
        folder / "station.toml",
        station={"path": PATH, "state_dir": folder / "state", "armed": armed},
        camera={"type": "synthetic", "seed": 5},
        model={"package": DEMO_PACKAGE},
        plc={"enabled": True, "port": folder / "plc"},
        mqtt={"enabled": True, "port": broker.port},
    )


def results(folder: Path) -> list[dict[str, object]]:
    out = folder / "plc.jsonl"
    return transcript(out, "result") if out.exists() else []


def test_what_the_plc_heard_before_a_kill_is_on_disk_and_reaches_the_mes(tmp_path: Path, broker: Mosquitto) -> None:
    config = make_config(tmp_path, broker)
    asking = simulator(tmp_path / "plc", tmp_path / "plc.jsonl", interval_ms=60)
    with (
        Listener(broker.port, topic=f"okng/v1/{PATH}/evt/result") as listener,
        Running(asking, tmp_path / "simulator.log"),
    ):
        with Running([*OKNG, "run", "--config", config], tmp_path / "first.log") as station:
            until(lambda: len(results(tmp_path)) >= 25, "25 results at the PLC", 60)
            station.process.send_signal(signal.SIGKILL)
            station.wait(10)
        heard = [(line["tag"], line["evaluation"]) for line in results(tmp_path)]
        kept = {row.inspection_id: EVALUATIONS[row.outcome] for row in read_journal(tmp_path / "state" / "station.db")}
        for tag, evaluation in heard:
            # A result that the PLC comes to read after its deadline is shown as Undefined: only ever worse.
            assert evaluation in (kept[tag], 0), f"the PLC heard {evaluation} for {tag}, which is not on disk"
        assert len(kept) - len(heard) <= 8, "more was written than can have been in flight"
        with Running([*OKNG, "run", "--config", config], tmp_path / "second.log") as station:
            until(lambda: len(results(tmp_path)) >= len(heard) + 10, "the PLC is answered again", 60)
            assert station.end() == 0, station.text
        rows = read_journal(tmp_path / "state" / "station.db")
        until(lambda: {row.id for row in rows} <= ids(listener), "every result reached the MES", 30)
    assert ids(listener) == {row.id for row in rows}


def camera_is_lost(watcher: Watcher) -> bool:
    status = watcher.status
    if status is None or status.ready:
        return False
    return any(device.id == "camera" and device.state == "fault" for device in status.devices)


def offline_for_the_camera(folder: Path) -> bool:
    return any(line["reason"] == OfflineReason.CAMERA for line in transcript(folder / "plc.jsonl", "offline"))


def ids(listener: Listener) -> set[str]:
    return {json.loads(message.payload)["id"] for message in list(listener.heard)}


def test_monitor_mode_judges_and_never_passes(tmp_path: Path, broker: Mosquitto) -> None:
    config = make_config(tmp_path, broker, armed=False)
    asking = simulator(tmp_path / "plc", tmp_path / "plc.jsonl", interval_ms=60, count=15)
    with (
        Listener(broker.port, topic=f"okng/v1/{PATH}/evt/result") as listener,
        Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station,
        Running(asking, tmp_path / "simulator.log") as plc,
    ):
        assert plc.wait(60) == 0, plc.text
        judged = {row.id for row in read_journal(tmp_path / "state" / "station.db")}
        until(lambda: judged <= ids(listener), "all results at the broker", 30)
        assert station.end() == 0, station.text
    assert any(row.outcome == "OK" for row in read_journal(tmp_path / "state" / "station.db"))
    assert {line["gate"] for line in results(tmp_path)} == {"reject"}
    assert not any(line["pass"] for line in results(tmp_path))
    assert {json.loads(message.payload)["gate"]["action"] for message in listener.heard} == {"none"}


def test_a_broker_that_goes_and_comes_back_gets_every_result_once(tmp_path: Path, broker: Mosquitto) -> None:
    config = make_config(tmp_path, broker)
    asking = simulator(tmp_path / "plc", tmp_path / "plc.jsonl", interval_ms=60, count=60)
    with (
        Listener(broker.port, topic=f"okng/v1/{PATH}/evt/result") as listener,
        Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station,
        Running(asking, tmp_path / "simulator.log") as plc,
    ):
        until(lambda: len(results(tmp_path)) >= 10, "10 results at the PLC", 60)
        broker.stop()
        until(lambda: len(results(tmp_path)) >= 30, "the line goes on without the broker", 60)
        broker.start()
        assert plc.wait(60) == 0, plc.text
        rows = read_journal(tmp_path / "state" / "station.db")
        until(lambda: {row.id for row in rows} <= ids(listener), "every result reached the MES", 60)
        assert station.end() == 0, station.text
    sequence = [json.loads(message.payload)["seq"] for message in listener.heard]
    assert list(dict.fromkeys(sequence)) == list(range(1, len(rows) + 1)), "in order, without a gap"
    assert len(rows) > 30


def test_ready_goes_while_the_camera_is_gone_and_the_line_goes_on_when_it_is_back(
    tmp_path: Path, broker: Mosquitto
) -> None:
    config = make_config(tmp_path, broker)
    asking = simulator(tmp_path / "plc", tmp_path / "plc.jsonl", interval_ms=60)
    watcher = Watcher(tmp_path / "state" / "run" / "station.sock")
    watcher.start()
    with (
        Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station,
        Running(asking, tmp_path / "simulator.log"),
    ):
        until(lambda: len(results(tmp_path)) >= 5, "5 results at the PLC", 60)
        for child in Path(f"/proc/{station.process.pid}/task").glob("*/children"):
            for pid in child.read_text().split():
                os.kill(int(pid), signal.SIGKILL)
        before = len(results(tmp_path))
        until(lambda: camera_is_lost(watcher), "the page is told", 10)
        until(lambda: offline_for_the_camera(tmp_path), "the PLC is told", 10)
        until(lambda: len(results(tmp_path)) > before + 10, "the camera is back", 30)
        assert station.end() == 0, station.text
    watcher.stop()
    assert watcher.unbalanced == 0
    assert watcher.snapshots > 0
    errors = [row for row in read_journal(tmp_path / "state" / "station.db") if row.outcome == "ERROR"]
    assert len(errors) <= 2, "parts that came while the camera was gone are missed, not judged"

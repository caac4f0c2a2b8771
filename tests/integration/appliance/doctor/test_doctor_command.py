"""`okng doctor` as a process: beside a running station with PLC and broker, alone, and with nothing in order."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.demo.watcher import Watcher
from appliance.doctor.registry import CHECKS
from tests.fakes.line import DEMO_PACKAGE, OKNG, Running, certify, okng, simulator, transcript, write_config
from tests.fakes.mosquitto import Listener, Mosquitto, free_port
from tests.fakes.waiting import until

PATH = "okng/tests/hall/line/station"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


def make_config(folder: Path, **sections: dict[str, object]) -> Path:
    base: dict[str, dict[str, object]] = {
        "station": {"path": PATH, "state_dir": folder / "state", "armed": True},
        "camera": {"type": "synthetic", "seed": 5},
        "trigger": {"source": "interval"},
        "model": {"package": DEMO_PACKAGE},
        "web": {"port": free_port()},
    }
    return write_config(folder / "station.toml", **{**base, **sections})


def examined(config: Path, *arguments: object) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the findings by id."""
    done = okng("doctor", "--config", config, "--json", *arguments)
    assert "Traceback" not in done.stderr
    return done.returncode, {row["id"]: row for row in json.loads(done.stdout)["checks"]}


def test_beside_a_running_station_nothing_is_taken_from_it(tmp_path: Path, broker: Mosquitto) -> None:
    config = make_config(
        tmp_path,
        trigger={"source": "plc"},
        plc={"enabled": True, "port": tmp_path / "plc"},
        mqtt={"enabled": True, "port": broker.port},
    )
    watcher = Watcher(tmp_path / "state" / "run" / "station.sock")
    certify(config)
    asking = simulator(tmp_path / "plc", tmp_path / "plc.jsonl", interval_ms=100)
    with (
        Listener(broker.port, topic=f"okng/v1/{PATH}/#") as listener,
        Running(asking, tmp_path / "simulator.log"),
        Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station,
        Running([*OKNG, "web", "--config", config], tmp_path / "web.log") as web,
    ):
        web.until_says("page at")
        watcher.start()
        until(lambda: watcher.verdicts and watcher.status and watcher.status.ready, "parts are judged", 60)
        heard_before = len(listener.heard)
        code, found = examined(config)
        before = sum(watcher.verdicts.values())
        until(lambda: sum(watcher.verdicts.values()) >= before + 5, "the line goes on", 30)
        assert station.end() == 0, station.text
        watcher.stop()
        until(lambda: listener.on("state/availability")[-1].payload.count(b"false"), "the station's own good-bye", 10)
    assert code == 0, {name: row for name, row in found.items() if row["state"] == "fail"}
    for name in ("station", "one_station", "camera", "exposure", "focus", "package", "golden_frames"):
        assert found[name]["state"] == "pass", found[name]
    for name in ("plc_port", "plc_master", "mqtt_login", "mqtt_rights", "journal", "web_port", "state_dir"):
        assert found[name]["state"] == "pass", found[name]
    assert "okng web" in found["web_port"]["found_en"]
    # A busy machine may make parts late; nothing else may have gone wrong.
    complaints = [line for line in station.text.splitlines() if re.match(r"\S+ \S+ (WARNING|ERROR|CRITICAL) ", line)]
    assert [line for line in complaints if "is not used" not in line] == []
    # Nobody who listens to the station may take the doctor's visit for the station's own leaving.
    during = listener.heard[heard_before:]
    assert sum(one.topic.endswith("/evt/doctor") for one in during) == 1
    assert sum(one.topic.endswith("state/availability") for one in during) == 1
    events = [line["tag"] for line in transcript(tmp_path / "plc.jsonl", "result")]
    assert len(events) == len(set(events))


def test_alone_it_hears_the_plc_and_leaves_no_file_behind(tmp_path: Path, broker: Mosquitto) -> None:
    config = make_config(
        tmp_path,
        trigger={"source": "plc"},
        plc={"enabled": True, "port": tmp_path / "plc"},
        mqtt={"enabled": True, "port": broker.port},
    )
    with Running(simulator(tmp_path / "plc", tmp_path / "plc.jsonl", interval_ms=50), tmp_path / "simulator.log"):
        until((tmp_path / "plc").exists, "the simulator makes its link")
        code, found = examined(config)
    assert code == 0, {name: row for name, row in found.items() if row["state"] == "fail"}
    assert found["plc_port"]["state"] == found["plc_master"]["state"] == "pass"
    assert "unit 1" in found["plc_master"]["found_en"]
    assert found["station"]["found_en"] == "no station runs on this state directory"
    assert not (tmp_path / "state").exists(), "an examination makes nothing"
    assert set(found) == {check.id for check in CHECKS} - {"data_set"}


def test_a_failing_check_is_exit_code_1_and_a_missing_file_3(tmp_path: Path) -> None:
    assert okng("doctor", "--config", tmp_path / "none.toml").returncode == 3
    config = make_config(tmp_path, mqtt={"enabled": True, "port": free_port()})
    code, found = examined(config)
    assert code == 1
    assert {name for name, row in found.items() if row["state"] == "fail"} == {"mqtt_network"}


def test_the_table_speaks_the_language_asked_for(tmp_path: Path) -> None:
    config = tmp_path / "station.toml"
    config.write_text("[station]\nstate_dirr = 'x'\n")
    with Running([*OKNG, "doctor", "--config", config], tmp_path / "zh.txt", LANG="zh_CN.UTF-8", LC_ALL="") as chinese:
        assert chinese.wait(60) == 1
    assert "did you mean state_dir?" in chinese.text
    assert "项失败" in chinese.text
    done = okng("doctor", "--config", config, "--language", "en")
    assert "FAIL" in done.stdout
    assert "UNKNOWN  Camera" in done.stdout


def test_the_bundle_is_written_beside_a_broken_configuration_and_never_over_another(tmp_path: Path) -> None:
    config = tmp_path / "station.toml"
    config.write_text("[station\n")
    bundle = tmp_path / "bundle.zip"
    assert okng("doctor", "--config", config, "--bundle", bundle).returncode == 1
    assert oct(bundle.stat().st_mode & 0o777) == "0o600"
    with zipfile.ZipFile(bundle) as archive:
        assert {"findings.json", "versions.json"} <= set(archive.namelist())
    again = okng("doctor", "--config", config, "--bundle", bundle)
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert okng("doctor", "--config", config, "--bundle", bundle, "--force").returncode == 1
    nowhere = okng("doctor", "--config", config, "--bundle", tmp_path / "none" / "bundle.zip")
    assert nowhere.returncode == 3
    assert "cannot be written" in nowhere.stderr


def test_a_journal_of_a_killed_station_is_read_without_a_trace(tmp_path: Path) -> None:
    config = make_config(tmp_path, trigger={"source": "interval", "interval_ms": 50})
    with Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station:
        station.until_says("runs; model")
        until((tmp_path / "state" / "station.db-wal").exists, "the journal is open", 30)
        station.process.kill()
        station.wait(10)
    before = files(tmp_path / "state")
    code, found = examined(config)
    assert code == 0, {name: row for name, row in found.items() if row["state"] == "fail"}
    assert found["journal"]["state"] == "pass"
    assert files(tmp_path / "state") == before, "nothing was made, changed or taken over"


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Name → size and owner of every file; SQLite may touch its shared memory, which holds no data."""
    return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_uid) for path in folder.rglob("*")}

"""A whole station that collects: Pass is never seen, every picture is kept to the last bit, `okng train` takes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from appliance.cameras.folder import natural_order
from appliance.demo.audit import read_journal
from appliance.demo.watcher import Watcher
from appliance.live import LiveCounters, LiveStatus
from models.origin import origin_of
from models.picture_file import read_picture
from tests.fakes.discs import write_discs
from tests.fakes.line import OKNG, ROOM, Running, okng, simulator, transcript, write_config
from tests.fakes.mosquitto import Listener, Mosquitto
from tests.fakes.waiting import until
from training.cli import train
from training.fitting import candidates

PATH = "okng/tests/hall/line/collect"
COUNTS = {"good": 13, "scratch": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("collect")


@pytest.fixture(scope="module")
def pictures(folder: Path) -> Path:
    """What the camera sees: gray discs, good ones in one folder and scratched ones in another."""
    return write_discs(folder / "camera", good=COUNTS["good"], scratches=COUNTS["scratch"], stains=0)


@pytest.fixture(scope="module")
def heard(folder: Path, pictures: Path) -> Iterator[dict[str, Any]]:
    """The station collected good parts, then scratched ones, triggered by a PLC; all that was heard of it."""
    found: dict[str, Any] = {"plc": [], "mqtt": [], "kept": {}}
    with Mosquitto(folder / "broker") as broker, Listener(broker.port, topic=f"okng/v1/{PATH}/evt/result") as listener:
        for label, count in COUNTS.items():
            config = config_for(folder, pictures, label, mqtt={"enabled": True, "port": broker.port})
            found["kept"][label] = collect(folder, config, label, count)
            found["plc"] += transcript(folder / f"{label}.jsonl", "result")
        until(lambda: len(listener.heard) >= sum(COUNTS.values()), "every result at the broker", 30)
        found["mqtt"] = [json.loads(message.payload) for message in listener.heard]
    yield found


def collect(folder: Path, config: Path, label: str, count: int) -> LiveStatus:
    """One run of the station from start to stop; its status after the last part."""
    watcher = Watcher(folder / "state" / "run" / "station.sock")
    with (
        Running([*OKNG, "run", "--config", config], folder / f"{label}.log") as station,
        Running(
            # One after the other: on a busy machine a beat of 60 ms runs ahead of a station that writes PNGs.
            simulator(folder / "plc", folder / f"{label}.jsonl", interval_ms=60, count=count, pace="result"),
            folder / "plc.log",
        ) as plc,
    ):
        watcher.start()
        assert plc.wait(60) == 0, plc.text
        until(lambda: watcher.status and settled(watcher.status.counters) == count, "the page is told", 60)
        status = watcher.status
        assert station.end() == 0, station.text
    watcher.stop()
    assert status is not None
    return status


def settled(counters: LiveCounters) -> int:
    return counters.accepted - counters.in_flight


def config_for(folder: Path, pictures: Path, label: str, **sections: dict[str, Any]) -> Path:
    return write_config(
        folder / f"{label}.toml",
        station={"path": PATH, "state_dir": folder / "state", "armed": True, "lot": "批次/7"},
        camera={"type": "folder", "path": pictures / label},
        recipe={"mode": "collect"},
        collect={"data_set": folder / "parts", "label": label},
        plc={"enabled": True, "port": folder / "plc"},
        **sections,
    )


def test_an_armed_station_that_collects_never_sets_pass(heard: dict[str, Any]) -> None:
    assert len(heard["plc"]) == sum(COUNTS.values())
    assert not any(line["pass"] for line in heard["plc"])
    assert {line["evaluation"] for line in heard["plc"]} == {3}, "not decidable"
    assert {line["gate"] for line in heard["plc"]} == {"reject"}


def test_every_result_says_that_no_model_judged_and_fits_the_schema(heard: dict[str, Any]) -> None:
    schema = json.loads((ROOM / "docs" / "result.schema.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert len(heard["mqtt"]) == sum(COUNTS.values())
    for message in heard["mqtt"]:
        validator.validate(message)
        assert (message["outcome"], message["decided_by"], message["reasons"]) == ("RECHECK", "rule", ["collected"])
        assert message["gate"]["action"] == "none"
        assert not {"model", "score", "limits"} & set(message)


def test_every_picture_is_kept_to_the_last_bit_with_lot_and_part(
    folder: Path, pictures: Path, heard: dict[str, Any]
) -> None:
    rows = {row.picture for row in read_journal(folder / "state" / "station.db")}
    for label, count in COUNTS.items():
        shown = sorted((pictures / label).iterdir(), key=natural_order)
        kept = sorted((folder / "parts" / label).glob("*.png"))
        assert len(kept) == len(shown) == count
        for source, copy in zip(shown, kept, strict=True):
            assert read_picture(copy).shape == read_picture(source).shape == (96, 96)
            assert np.array_equal(read_picture(copy), read_picture(source))
            origin = origin_of(copy.read_bytes())
            assert origin is not None
            assert (origin.lot, origin.station, origin.trigger) == ("批次/7", PATH, "plc")
            assert origin.part in copy.name
            assert copy.relative_to(folder / "parts").as_posix() in rows
    assert len(rows) == sum(COUNTS.values())


def test_the_page_is_told_what_is_collected(heard: dict[str, Any]) -> None:
    for label, count in COUNTS.items():
        status = heard["kept"][label]
        assert (status.collecting.label, status.collecting.kept, status.collecting.failed) == (label, count, 0)
        assert (status.armed, status.model_id) == (False, "")
        assert {device.id: device.state for device in status.devices}["model"] == "off"


def test_train_takes_the_data_set_as_it_is(
    folder: Path, heard: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "KINDS", candidates.KINDS[:1])
    out = folder / "discs.okng"
    done = CliRunner().invoke(train, [str(folder / "parts"), "--out", str(out), "--size", "64"])
    assert done.exit_code == 0, done.output
    assert "Trained on 13 good and 4 defective pictures" in done.stdout
    assert "All good pictures are of one lot" in done.stdout
    assert out.is_file()


@pytest.mark.parametrize(
    ("collect", "recipe", "said"),
    [
        ({}, {}, "[collect] is missing"),
        ({"data_set": "parts", "label": "../good"}, {}, "[collect] label: a label is the name of one folder"),
        (
            {"data_set": "parts", "label": "ground_truth"},
            {},
            "[collect] label: ground_truth is the folder of the masks",
        ),
        ({"data_set": "parts", "label": ".good"}, {}, "[collect] label: a label is the name of one folder"),
        ({"data_set": "parts", "max_gb": 0}, {}, "[collect] max_gb"),
        ({"data_set": "parts"}, {"mode": "colect"}, "[recipe] mode"),
        ({"data_set": "parts"}, {"mode": "inspect"}, "[model] is missing; name the package"),
    ],
)
def test_a_mistaken_collect_recipe_is_answered_with_its_remedy(
    tmp_path: Path, collect: dict[str, Any], recipe: dict[str, Any], said: str
) -> None:
    sections: dict[str, dict[str, Any]] = {
        "station": {"state_dir": tmp_path / "state"},
        "camera": {"type": "synthetic"},
        "recipe": {"mode": "collect"} | recipe,
    }
    done = okng(
        "check-config", write_config(tmp_path / "station.toml", **sections, **({"collect": collect} if collect else {}))
    )
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 2, "one sentence below the file's name"


def test_check_config_says_what_collecting_means(tmp_path: Path) -> None:
    config = write_config(
        tmp_path / "station.toml",
        station={"state_dir": tmp_path / "state"},
        camera={"type": "synthetic"},
        recipe={"mode": "collect"},
        collect={"data_set": tmp_path / "usb" / "parts", "label": "划痕"},
    )
    done = okng("check-config", config)
    assert done.returncode == 0, done.stderr
    assert "Pass is never set" in done.stderr
    assert "usb is not there" in done.stderr


def test_a_data_set_that_cannot_be_written_makes_the_station_not_ready(tmp_path: Path, pictures: Path) -> None:
    config = write_config(
        tmp_path / "station.toml",
        station={"state_dir": tmp_path / "state"},
        camera={"type": "folder", "path": pictures / "good", "loop": True},
        trigger={"source": "interval", "interval_ms": 50},
        recipe={"mode": "collect"},
        collect={"data_set": tmp_path / "usb" / "parts"},
    )
    watcher = Watcher(tmp_path / "state" / "run" / "station.sock")
    watcher.start()
    with Running([*OKNG, "run", "--config", config], tmp_path / "station.log") as station:
        until(lambda: watcher.status and not watcher.status.ready and disk_faulty(watcher), "not ready, told why", 30)
        (tmp_path / "usb").mkdir()
        until(lambda: watcher.verdicts.get("RECHECK", 0) > 3, "it goes on by itself", 30)
        assert station.end() == 0, station.text
    watcher.stop()
    assert set(watcher.verdicts) == {"RECHECK"}


def disk_faulty(watcher: Watcher) -> bool:
    assert watcher.status is not None
    return any(device.id == "disk" and "data_set" in device.text_en for device in watcher.status.devices)

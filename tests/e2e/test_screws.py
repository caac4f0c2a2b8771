"""Real screws through the whole line: train on some photos, replay others, and hear which screw is missing.

Photos by hand, turned by up to 15 degrees, under daylight and lamps; presence stands in their names. The pictures stay
outside the project.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from appliance.demo.audit import read_journal
from tests.fakes.line import OKNG, ROOM, Running, okng, simulator, transcript, write_config
from tests.fakes.mosquitto import Listener, Mosquitto
from tests.fakes.screws import BOXES, labelled_screws, write_screws
from tests.fakes.waiting import until

PATH = "okng/tests/hall/line/screws"
CODES = dict(zip(BOXES, range(2, 6), strict=True))
SHOWN = 14


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What MQTT and PLC heard, by the name of the picture: photos that the training never saw, and a gray picture."""
    folder = tmp_path_factory.mktemp("screws")
    pictures = labelled_screws()
    data = write_screws(folder / "data", pictures[:60:2])
    options = ("--size", "96", "--runtimes", "openvino")
    done = okng("train", data, "--out", folder / "screws.okng", *options, timeout_s=300)
    assert done.returncode == 0, done.stderr
    (folder / "line").mkdir()
    for picture in pictures[1 : 2 * SHOWN : 2]:
        shutil.copyfile(picture, folder / "line" / picture.name)
    cv2.imwrite(str(folder / "line" / "999_grey.png"), np.full((789, 600, 3), 128, np.uint8))
    with Mosquitto(folder / "broker") as broker, Listener(broker.port, topic=f"okng/v1/{PATH}/evt/result") as listener:
        config = write_config(
            folder / "station.toml",
            station={"path": PATH, "state_dir": folder / "state", "armed": True},
            camera={"type": "folder", "path": folder / "line"},
            model={"package": folder / "screws.okng"},
            plc={"enabled": True, "port": folder / "plc"},
            mqtt={"enabled": True, "port": broker.port},
        )
        asking = simulator(folder / "plc", folder / "plc.jsonl", interval_ms=200, count=SHOWN + 1, pace="result")
        with (
            Running([*OKNG, "run", "--config", config], folder / "station.log") as station,
            Running(asking, folder / "simulator.log") as plc,
        ):
            assert plc.wait(120) == 0, plc.text
            until(lambda: len(listener.heard) > SHOWN, "every result at the broker", 30)
            assert station.end() == 0, station.text
    name_of = {row.id: row.picture for row in read_journal(folder / "state" / "station.db")}
    messages = [json.loads(message.payload) for message in listener.heard]
    return {
        "mqtt": {Path(name_of[message["id"]]).stem: message for message in messages},
        "plc": {line["tag"]: line for line in transcript(folder / "plc.jsonl", "result")},
    }


def missing(name: str) -> set[str]:
    return {roi for roi, bit in zip(BOXES, name.split("_")[1], strict=True) if bit == "0"}


def photos(heard: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All but the gray picture, which is not fit to be judged and leaves no name behind."""
    return {name: message for name, message in heard["mqtt"].items() if name}


def test_every_missing_screw_is_named_with_its_place_in_the_result(heard: dict[str, Any]) -> None:
    assert len(photos(heard)) == SHOWN
    for name, message in photos(heard).items():
        defects = {defect["class"]: defect for defect in message["defects"] if defect["rule"] != "shows:screw"}
        assert set(defects) == missing(name), name
        assert {defect["rule"] for defect in defects.values()} <= {"shows:hole", "shows:unknown_defect"}
        assert all(defect["code"] == CODES[roi] and defect["severity"] == "critical" for roi, defect in defects.items())
        assert all(tuple(defect["bbox_px"]) == BOXES[roi] for roi, defect in defects.items())


def test_no_incomplete_part_is_ok_and_no_complete_one_is_ng(heard: dict[str, Any]) -> None:
    for name, message in photos(heard).items():
        if missing(name):
            assert message["outcome"] == "NG" and message["gate"]["action"] == "reject", name
        else:
            assert message["outcome"] in ("OK", "RECHECK"), name
    assert sum(message["outcome"] == "OK" for message in photos(heard).values()) >= 1


def test_the_plc_hears_the_same_and_the_code_of_a_missing_screw(heard: dict[str, Any]) -> None:
    for name, message in photos(heard).items():
        line = heard["plc"][message["inspection_id"]]
        assert line["evaluation"] == {"OK": 1, "NG": 2, "RECHECK": 3}[message["outcome"]]
        assert line["pass"] is (message["outcome"] == "OK")
        if missing(name):
            assert message["evaluation_code"] in {CODES[roi] for roi in missing(name)}


def test_a_picture_of_nothing_is_never_a_complete_part(heard: dict[str, Any]) -> None:
    message = heard["mqtt"][""]
    assert (message["outcome"], message["reasons"]) == ("ERROR", ["picture_flat"])


def test_every_published_result_fits_the_schema(heard: dict[str, Any]) -> None:
    schema = json.loads((ROOM / "docs" / "result.schema.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for message in heard["mqtt"].values():
        validator.validate(message)

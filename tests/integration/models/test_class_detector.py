"""A classifier's package in the device's own code, on both ONNX runtimes, and on the station's whole way."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.decision import Box, Limits, Outcome, Severity
from models.detector import Detector
from models.errors import InferenceError, PackageError, SelfTestFailed
from models.geometry_entry import GeometrySpec, TilesEntry
from models.golden import encode_frame
from models.package import open_package
from models.proving import prove
from models.runtimes.base import Placement
from tests.fakes.class_packages import class_network, picture, write_class_package
from tests.fakes.line import okng, write_config

BLUE, RED, GRAY = picture(blue=180), picture(red=180), picture()


@pytest.fixture(scope="module", params=["onnxruntime", "openvino"])
def detector(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Detector]:
    loaded = Detector.load(write_class_package(tmp_path_factory.mktemp("classes") / "a.okng"), runtime=request.param)
    yield loaded
    loaded.close()


@pytest.mark.parametrize(
    ("shown", "outcome", "label", "severity"),
    [
        (BLUE, Outcome.NG, "blue", Severity.MINOR),
        (RED, Outcome.NG, "red", Severity.CRITICAL),
        (GRAY, Outcome.RECHECK, "unknown_defect", Severity.MAJOR),
    ],
    ids=["blue", "red", "neither"],
)
def test_every_part_is_named_or_looked_at(
    detector: Detector, shown: NDArray[np.uint8], outcome: Outcome, label: str, severity: Severity
) -> None:
    found = detector.inspect(shown)
    assert found.decision is not None and found.decision.outcome is outcome
    (one,) = found.decision.detections
    assert (one.label, one.severity, one.box) == (label, severity, Box(0, 0, 64, 64))


def test_no_limits_in_force_make_a_part_ok(detector: Detector) -> None:
    decision = detector.judge_anyway(GRAY, Limits(0.8, 0.9)).decision
    assert decision.outcome is Outcome.RECHECK and decision.limits == Limits(0.0, 0.9)


def test_a_region_of_the_picture_is_what_is_pointed_at(tmp_path: Path) -> None:
    spec = GeometrySpec(roi=(10, 20, 100, 80))
    detector = Detector.load(write_class_package(tmp_path / "a.okng"), runtime="onnxruntime", geometry=spec)
    seen = np.full((200, 300, 3), 127, np.uint8)
    seen[20:100, 10:110] = (180, 127, 127)
    (found,) = detector.judge_anyway(seen).decision.detections
    assert (found.label, found.box, found.mask_area_px) == ("blue", Box(10, 20, 100, 80), 8000.0)
    detector.close()


def test_a_stored_picture_is_judged_to_the_bit(detector: Detector) -> None:
    first = detector.judge_anyway(RED)
    again = detector.judge(first.prepared)
    assert again.scores.raw == first.scores.raw and again.decision == first.decision


def test_what_is_like_no_class_is_looked_at(tmp_path: Path) -> None:
    """Far bluer than any blue part: the softmax alone would be sure."""
    detector = Detector.load(write_class_package(tmp_path / "a.okng", strides=True), runtime="onnxruntime")
    assert detector.judge_anyway(picture(blue=200)).decision.outcome is Outcome.NG
    decision = detector.judge_anyway(picture(blue=255, green=0, red=30)).decision
    assert (decision.outcome, decision.detections[0].label) == (Outcome.RECHECK, "unknown_defect")
    detector.close()


def test_a_golden_frame_of_another_class_stops_the_model(tmp_path: Path) -> None:
    """The same score and outcome, another name: the frames of both classes are swapped."""
    swapped = {"golden/00.png": encode_frame(RED[None]), "golden/01.png": encode_frame(BLUE[None])}
    path = write_class_package(tmp_path / "a.okng", files=swapped)
    with pytest.raises(SelfTestFailed, match="shows red here but blue"):
        Detector.load(path, runtime="onnxruntime")
    finding = prove(open_package(path), Placement("onnxruntime"), "2026-01-31T08:00:00Z")
    assert finding.outcome == "refused"


def test_a_package_can_be_proven(tmp_path: Path) -> None:
    package = open_package(write_class_package(tmp_path / "a.okng"))
    finding = prove(package, Placement("openvino"), "2026-01-31T08:00:00Z")
    assert finding.outcome == "passed" and {frame.label for frame in finding.frames} == {
        "blue",
        "red",
        "unknown_defect",
    }


def test_tiles_are_refused(tmp_path: Path) -> None:
    tiles = GeometrySpec(roi=(0, 0, 128, 64), tiles=TilesEntry(width_px=64, height_px=64))
    with pytest.raises(PackageError, match="leave tiles out"):
        Detector.load(write_class_package(tmp_path / "a.okng"), runtime="onnxruntime", geometry=tiles)


def test_a_network_that_gives_no_numbers_or_something_else_is_refused(tmp_path: Path) -> None:
    broken = write_class_package(tmp_path / "a.okng", files={"model.onnx": class_network(divisor=0.0)})
    with pytest.raises(InferenceError, match="no number"):
        Detector.load(broken, runtime="onnxruntime")
    other = write_class_package(tmp_path / "b.okng", files={"model.onnx": class_network(strides=True)})
    with pytest.raises(PackageError, match="do not fit the scorer"):
        Detector.load(other, runtime="onnxruntime")


def test_the_station_names_classes_and_lets_nothing_pass(tmp_path: Path) -> None:
    """The whole station, pictures from a folder; its journal holds what MQTT, page and PLC get."""
    (tmp_path / "pictures").mkdir()
    for number, shown in enumerate((BLUE, RED, GRAY), 1):
        cv2.imwrite(str(tmp_path / "pictures" / f"{number}.png"), shown)
    write_config(
        tmp_path / "station.toml",
        station={"path": "okng/tests/hall/line/station", "state_dir": tmp_path / "state"},
        camera={"type": "folder", "path": tmp_path / "pictures"},
        evidence={"audit_share": 0.0},
        trigger={"source": "interval", "interval_ms": 300},
        model={"package": write_class_package(tmp_path / "a.okng"), "runtime": "onnxruntime"},
    )
    done = okng("run", "--config", str(tmp_path / "station.toml"), "--until-done")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "state" / "station.db")) as db:
        results = [json.loads(row) for (row,) in db.execute("SELECT result FROM parts ORDER BY seq").fetchall()]
    assert [(one["outcome"], one["defects"][0]["class"]) for one in results] == [
        ("NG", "blue"),
        ("NG", "red"),
        ("RECHECK", "unknown_defect"),
    ]
    assert [one["evaluation_code"] for one in results] == [3, 4, 1]

"""A package of named regions in the device's own code: a view a region, one word for the part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.decision import Box, Limits, Outcome, Severity
from models.detector import Detector
from models.errors import BadPicture, InferenceError, PackageError, SelfTestFailed
from models.package import open_package
from models.proving import prove
from models.runtimes.base import Placement
from tests.fakes.assembly_package import assembly_files, assembly_manifest, halves, write_assembly_package
from tests.fakes.packages import npy, small_network


@pytest.fixture(scope="module", params=["onnxruntime", "openvino"])
def detector(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Detector]:
    path = write_assembly_package(tmp_path_factory.mktemp("assembly") / "halves.okng")
    loaded = Detector.load(path, runtime=request.param)
    yield loaded
    loaded.close()


def test_a_complete_part_is_ok(detector: Detector) -> None:
    found = detector.judge_anyway(halves(255, 255))
    assert found.decision.outcome is Outcome.OK and found.decision.detections == ()
    assert found.prepared.inputs.shape == (2, 64, 64, 3) and found.scores.map.shape == (2, 1)
    assert found.infer_ns > 0 and found.score_ns > 0


@pytest.mark.parametrize(
    ("left", "right", "label", "code", "box", "severity"),
    [
        (127, 255, "left", 7, Box(0, 0, 64, 64), Severity.CRITICAL),
        (255, 127, "right", 8, Box(64, 0, 64, 64), Severity.MINOR),
    ],
)
def test_each_region_is_judged_by_itself(
    detector: Detector, left: int, right: int, label: str, code: int, box: Box, severity: Severity
) -> None:
    decision = detector.judge_anyway(halves(left, right)).decision
    (found,) = decision.detections
    assert decision.outcome is Outcome.NG and decision.score == pytest.approx(0.727, abs=0.01)
    assert (found.label, found.code, found.seen) == (label, code, "gray")
    assert (found.box, found.severity) == (box, severity)


def test_what_is_neither_class_is_unknown(detector: Detector) -> None:
    decision = detector.judge_anyway(halves(0, 255)).decision
    assert decision.outcome is Outcome.NG and [found.seen for found in decision.detections] == ["unknown_defect"]


def test_the_limits_in_force_count(detector: Detector) -> None:
    assert detector.judge_anyway(halves(127, 255), Limits(0.5, 0.95)).decision.outcome is Outcome.RECHECK


def test_a_stored_picture_is_judged_to_the_bit(detector: Detector) -> None:
    first = detector.judge_anyway(halves(200, 130))
    again = detector.judge(first.prepared)
    assert again.scores.image == first.scores.image and again.decision == first.decision
    assert np.array_equal(again.scores.map, first.scores.map)


def test_a_gray_camera_serves_as_well(detector: Detector) -> None:
    decision = detector.judge_anyway(halves(127, 255)[:, :, 0]).decision
    assert [found.label for found in decision.detections] == ["left"]


def test_a_region_outside_the_picture_is_an_error(detector: Detector) -> None:
    with pytest.raises(BadPicture, match="does not fit the picture of 127x64"):
        detector.inspect(halves(255, 255)[:, :127])


def test_a_stored_picture_of_another_model_is_refused(detector: Detector) -> None:
    prepared = detector.prepare(halves(255, 255))
    with pytest.raises(InferenceError, match="1 views, the model judges 2"):
        detector.judge(replace(prepared, inputs=prepared.inputs[:1]))


def test_a_network_that_gives_no_numbers_is_refused(tmp_path: Path) -> None:
    path = write_assembly_package(tmp_path / "broken.okng", files={"model.onnx": small_network(divisor=0.0)})
    with pytest.raises((InferenceError, SelfTestFailed)):
        Detector.load(path, runtime="onnxruntime")


def test_golden_frames_are_replayed_as_the_region_that_they_show(tmp_path: Path) -> None:
    """The right region alone is to be gray: its frame is judged wrongly as any other region."""
    manifest = assembly_manifest(assembly_files())
    left, right = manifest["scorer"]["rois"]
    frames = manifest["golden"]["frames"]
    ok = frames[0]["expected"]
    changes = {
        "scorer": manifest["scorer"] | {"rois": [left, right | {"expect": "gray"}]},
        "golden": manifest["golden"] | {"frames": [*frames, frames[1] | {"view": 0}, frames[1] | {"expected": ok}]},
    }
    frames[1]["view"] = 0
    changes["golden"]["frames"][3]["view"] = 1
    Detector.load(write_assembly_package(tmp_path / "a.okng", **changes), runtime="onnxruntime").close()
    changes["golden"]["frames"][3]["view"] = 0
    with pytest.raises(SelfTestFailed):
        Detector.load(write_assembly_package(tmp_path / "b.okng", **changes), runtime="onnxruntime")


def test_a_package_can_be_proven(tmp_path: Path) -> None:
    package = open_package(write_assembly_package(tmp_path / "a.okng"))
    finding = prove(package, Placement("onnxruntime"), "2026-01-31T08:00:00Z")
    assert finding.outcome == "passed" and len(finding.frames) == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"task": "anomaly"}, "scorer assembly is none for the task anomaly"),
        ({"classes": assembly_manifest(assembly_files())["classes"][:2]}, "region right has no row"),
    ],
)
def test_manifests_that_contradict_themselves_are_refused(
    tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        write_assembly_package(tmp_path / "a.okng", **changes)


def test_a_golden_frame_of_no_region_is_refused(tmp_path: Path) -> None:
    golden = assembly_manifest(assembly_files())["golden"]
    golden["frames"][1]["view"] = 2
    with pytest.raises(ValueError, match="of the view 2, but there are 2 regions"):
        write_assembly_package(tmp_path / "a.okng", golden=golden)


def test_arrays_for_another_network_are_refused_at_the_start(tmp_path: Path) -> None:
    wrong = {"projection": (4, 4), "centres": (2, 4), "weights": (2, 5)}
    files = {f"scorer/face.{role}.npy": npy(np.ones(shape, np.float32)) for role, shape in wrong.items()}
    with pytest.raises(PackageError, match="do not fit the scorer"):
        Detector.load(write_assembly_package(tmp_path / "a.okng", files=files), runtime="onnxruntime")


def test_the_arrays_of_every_region_are_tried_at_the_start(tmp_path: Path) -> None:
    """Only the second region's do not fit; no part may be the first to find that out."""
    files = assembly_files()
    files |= {name.replace("face.", "back."): content for name, content in files.items() if "face." in name}
    files |= {
        f"scorer/back.{role}.npy": npy(np.ones(shape, np.float32))
        for role, shape in {"projection": (4, 4), "centres": (2, 4), "weights": (2, 5)}.items()
    }
    scorer = assembly_manifest(files)["scorer"]
    arrays = {role: name.replace("face.", "back.") for role, name in scorer["kinds"][0]["arrays"].items()}
    scorer["kinds"].append({"name": "back", "classes": ["gray", "white"], "arrays": arrays})
    scorer["rois"][1]["kind"] = "back"
    golden = assembly_manifest(files)["golden"]
    golden["frames"][1]["view"] = 0
    path = write_assembly_package(tmp_path / "a.okng", files=files, scorer=scorer, golden=golden)
    with pytest.raises(PackageError, match="do not fit the scorer"):
        Detector.load(path, runtime="onnxruntime")

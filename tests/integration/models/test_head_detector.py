"""A network with heads in the device's own code, on both ONNX runtimes: verdicts, names, masks, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from models.decision import Box, Limits, Outcome
from models.detector import Detector
from models.errors import InferenceError, PackageError, SelfTestFailed
from models.geometry_entry import GeometrySpec, TilesEntry
from models.package import open_package
from models.proving import prove
from models.runtimes.base import Placement
from models.runtimes.choose import choose_runtime
from tests.fakes.head_packages import BLUE, OUTPUTS, RED, coloured_frame, head_network, write_head_package
from tests.fakes.packages import gray_frame, small_network, white_block_frame, write_small_package

RUNTIMES = ("onnxruntime", "openvino")


@pytest.fixture(scope="module", params=RUNTIMES)
def detector(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Detector]:
    loaded = Detector.load(write_head_package(tmp_path_factory.mktemp("heads") / "a.okng"), runtime=request.param)
    yield loaded
    loaded.close()


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("outputs", list(permutations(OUTPUTS)))
def test_outputs_come_in_one_order_whatever_the_files(runtime: str, outputs: tuple[str, ...]) -> None:
    engine = choose_runtime(runtime, head_network(outputs), 1)
    maps = engine.infer(coloured_frame(RED)[None])
    assert [one.shape for one in maps] == [(3, 4, 4), (3, 16, 16), (3, 1, 1)]
    assert maps[1][:, 10, 6] == pytest.approx([6.4, -12.8, 12.8]) and maps[2].ravel()[0] == pytest.approx(6.4)
    engine.close()


def test_a_good_part_is_ok(detector: Detector) -> None:
    found = detector.judge_anyway(gray_frame())
    assert found.decision.outcome is Outcome.OK and found.decision.detections == ()
    assert not detector.label_map(found).any()


@pytest.mark.parametrize(("colour", "label", "code", "index"), [(BLUE, "blue", 3, 1), (RED, "red", 4, 2)])
def test_a_defect_is_named_by_the_head_and_lies_where_it_is(
    detector: Detector, colour: tuple[int, int, int], label: str, code: int, index: int
) -> None:
    found = detector.judge_anyway(coloured_frame(colour))
    (one,) = found.decision.detections
    assert (found.decision.outcome, one.label, one.code) == (Outcome.NG, label, code)
    assert one.box == Box(20, 36, 8, 8) and one.mask_area_px == 64.0
    drawn = detector.label_map(found)
    assert detector.mask_classes == ("blue", "red") and set(np.unique(drawn)) == {0, index}
    inside = np.zeros((64, 64), np.bool_)
    inside[36:44, 20:28] = True
    assert (drawn[inside] > 0).mean() > 0.9 and not drawn[~inside].any()


def test_a_defect_of_no_leading_class_is_unknown(detector: Detector) -> None:
    """Blue and red alike: the anomaly is clear, the class is not."""
    (one,) = detector.judge_anyway(coloured_frame((255, 127, 255))).decision.detections
    assert (one.label, one.code) == ("unknown_defect", 1)


def test_what_the_distance_alone_finds_is_named_by_prototypes(detector: Detector) -> None:
    """Too dark for the head, which knows bright places alone; a prototype knows the opposite of dark."""
    dark = gray_frame()
    dark[32:48, 16:32] = 0
    decision = detector.judge_anyway(dark).decision
    assert decision.outcome is Outcome.NG and [one.label for one in decision.detections] == ["unknown_defect"]
    light = gray_frame()
    light[32:48, 16:32] = 190
    decision = detector.judge_anyway(light, Limits(0.2, 0.3)).decision
    assert [one.label for one in decision.detections] == ["bright"]


def test_what_the_image_alone_makes_ng_points_to_where_the_head_sees_it(tmp_path: Path) -> None:
    nothing, image = {"weight": 0.0, "above": 0.0}, {"weight": 1.4, "above": 0.0}
    detector = Detector.load(
        write_head_package(tmp_path / "a.okng", map=nothing, distance=nothing, image_logit=image), runtime="onnxruntime"
    )
    judged = detector.judge_anyway(coloured_frame())
    (one,) = judged.decision.detections
    assert judged.decision.outcome is Outcome.NG and not judged.scores.map.any()
    assert (one.box, one.label) == (Box(20, 36, 8, 8), "blue")
    detector.close()


def test_a_stored_picture_is_judged_to_the_bit(detector: Detector) -> None:
    first = detector.judge_anyway(coloured_frame())
    again = detector.judge(first.prepared)
    assert again.scores.raw == first.scores.raw and again.decision == first.decision
    assert np.array_equal(detector.label_map(again), detector.label_map(first))


def test_masks_of_one_picture_survive_the_next(detector: Detector) -> None:
    """OpenVINO writes each answer over the one before."""
    first = detector.judge_anyway(coloured_frame())
    drawn = detector.label_map(first)
    detector.judge_anyway(gray_frame())
    assert drawn.any() and np.array_equal(detector.label_map(first), drawn)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_tiles_are_one_picture(tmp_path: Path, runtime: str) -> None:
    spec = GeometrySpec(roi=(10, 20, 160, 112), tiles=TilesEntry(width_px=64, height_px=64, overlap_px=16))
    detector = Detector.load(write_head_package(tmp_path / "a.okng"), runtime=runtime, geometry=spec)
    picture = np.full((140, 180, 3), 127, np.uint8)
    picture[60:68, 90:98] = BLUE
    picture[100:108, 22:30] = RED
    judged = detector.judge_anyway(picture)
    assert judged.decision.outcome is Outcome.NG and len(judged.prepared.inputs) > 1
    found = {one.label: one.box for one in judged.decision.detections}
    assert found == {"blue": Box(90, 60, 8, 8), "red": Box(22, 100, 8, 8)}
    drawn = detector.label_map(judged)
    assert drawn.shape == (140, 180) and (drawn[60:68, 90:98] == 1).mean() > 0.9
    assert (drawn[100:108, 22:30] == 2).mean() > 0.9 and (drawn > 0).sum() <= 128
    detector.close()


def test_a_package_can_be_proven(tmp_path: Path) -> None:
    finding = prove(
        open_package(write_head_package(tmp_path / "a.okng")), Placement("openvino"), "2026-01-31T08:00:00Z"
    )
    assert finding.outcome == "passed" and len(finding.frames) == 3 and finding.largest_deviation < 1e-3


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_network_that_gives_no_numbers_is_refused(tmp_path: Path, runtime: str) -> None:
    path = write_head_package(tmp_path / "a.okng", files={"model.onnx": head_network(divisor=0.0)})
    with pytest.raises((InferenceError, SelfTestFailed)):
        Detector.load(path, runtime=runtime)


@pytest.mark.parametrize(
    ("network", "head"),
    [
        (small_network(), {}),
        (head_network(("stride16", "head")), {}),
        (head_network(), {"classes": ["blue"]}),
        (head_network(), {"stride": 8}),
        (head_network(), {"image": False, "image_logit": {"weight": 0.0, "above": 0.0}}),
    ],
    ids=["no head", "no image", "other classes", "another stride", "an image nobody asks for"],
)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_outputs_that_do_not_fit_are_refused_at_the_door(
    tmp_path: Path, runtime: str, network: bytes, head: dict[str, object]
) -> None:
    path = write_head_package(tmp_path / "a.okng", files={"model.onnx": network}, **head)
    with pytest.raises(PackageError, match=r"do not fit the scorer.*export the package again"):
        Detector.load(path, runtime=runtime)


def test_a_model_without_a_head_draws_no_masks(tmp_path: Path) -> None:
    detector = Detector.load(write_small_package(tmp_path / "a.okng"), runtime="onnxruntime")
    judged = detector.judge_anyway(white_block_frame())
    assert detector.mask_classes is None and judged.scores.classes is None
    with pytest.raises(ValueError, match="no head"):
        detector.label_map(judged)
    detector.close()

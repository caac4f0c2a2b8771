"""The whole way of a picture through masks, padding, tiles and alignment, and the way back, on every runtime."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.alignment import reference_of
from models.decision import Box, Limits, Outcome, Unfit
from models.detector import Detector
from models.errors import BadPicture, PackageError
from models.geometry_entry import GeometrySpec, sealed
from models.instructions import instruction_set
from tests.fakes.packages import small_files, small_manifest, write_small_package

Picture = NDArray[np.uint8]
RUNTIMES = ("onnxruntime", "openvino")
TILED = {"roi": (10, 20, 160, 112), "tiles": {"width_px": 64, "height_px": 64, "overlap_px": 16}}


@contextmanager
def loaded(
    tmp_path: Path,
    geometry: dict[str, Any],
    *,
    runtime: str = "onnxruntime",
    own: GeometrySpec | None = None,
    **parts: Any,
) -> Iterator[Detector]:
    entry = sealed(GeometrySpec.model_validate(geometry)).model_dump(mode="json")
    detector = Detector.load(
        write_small_package(tmp_path / "a.okng", geometry=entry, **parts), runtime=runtime, geometry=own
    )
    try:
        yield detector
    finally:
        detector.close()


def gray(width: int, height: int) -> Picture:
    return np.full((height, width, 3), 127, np.uint8)


def with_block(picture: Picture, x: int, y: int, side: int = 16) -> Picture:
    picture[y : y + side, x : x + side] = 255
    return picture


ELSEWHERE = {"masks": (((32, 0), (64, 0), (64, 16), (32, 16)),), "picture_px": (64, 64)}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_lies_under_a_mask_changes_not_one_bit(tmp_path: Path, runtime: str) -> None:
    with loaded(tmp_path, ELSEWHERE, runtime=runtime) as detector:
        plain, hidden = gray(64, 64), gray(64, 64)
        hidden[0:16, 32:64] = 255
        hidden[16:48, 0:8] = 90
        plain[16:48, 0:8] = 90
        one, other = detector.judge_anyway(plain), detector.judge_anyway(hidden)
        assert np.array_equal(one.prepared.inputs, other.prepared.inputs)
        assert one.scores.raw == other.scores.raw and np.array_equal(one.scores.map, other.scores.map)
        assert one.decision == other.decision


def test_a_defect_beside_a_mask_is_found_and_no_detection_touches_the_mask_s_places(tmp_path: Path) -> None:
    with loaded(tmp_path, ELSEWHERE) as detector:
        picture = with_block(gray(64, 64), 16, 0)
        picture[0:16, 32:64] = 0
        decision = detector.judge_anyway(picture, Limits(0.0, 0.5)).decision
        assert decision.outcome is Outcome.NG
        (found,) = decision.detections  # every place reaches a limit of 0, but not the two that are masked
        assert found.mask_area_px == 64 * 64 - 2 * 16 * 16


def test_outside_a_polygon_nothing_scores(tmp_path: Path) -> None:
    diamond = {"polygon": ((0, 0), (64, 0), (64, 64), (16, 64), (16, 48), (0, 48))}
    with loaded(tmp_path, diamond) as detector:
        outside = detector.judge_anyway(with_block(gray(64, 64), 0, 48)).decision
        inside = detector.judge_anyway(with_block(gray(64, 64), 16, 48)).decision
        assert (outside.outcome, inside.outcome) == (Outcome.OK, Outcome.NG)
        assert inside.detections[0].box == Box(16, 48, 16, 16)


def test_padding_keeps_proportions_and_never_scores(tmp_path: Path) -> None:
    with loaded(tmp_path, {"roi": (10, 0, 64, 128), "fit": "pad"}) as detector:
        found = detector.judge_anyway(with_block(gray(80, 128), 42, 64, 32))
        assert (found.prepared.inputs[0, :, 32:] == 127).all()
        (block,) = found.decision.detections
        assert (block.box, block.mask_area_px) == (Box(42, 64, 32, 32), 32 * 32)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("place", [(0, 0), (48, 32), (96, 0), (144, 96), (64, 48), (80, 96)])
def test_a_defect_is_found_in_whichever_tiles_it_lies(tmp_path: Path, runtime: str, place: tuple[int, int]) -> None:
    with loaded(tmp_path, TILED | {"mm_per_px": 0.5}, runtime=runtime) as detector:
        picture = with_block(gray(200, 150), 10 + place[0], 20 + place[1])
        found = detector.judge_anyway(picture)
        assert found.prepared.inputs.shape == (6, 64, 64, 3) and found.scores.map.shape == (7, 10)
        (block,) = found.decision.detections
        assert found.decision.outcome is Outcome.NG and block.label == "bright"
        assert (block.box, block.length_mm) == (Box(10 + place[0], 20 + place[1], 16, 16), 8.0)


def test_a_tile_alone_scores_like_the_picture_that_it_is(tmp_path: Path) -> None:
    with loaded(tmp_path, TILED) as detector:
        picture = with_block(gray(200, 150), 10, 20)
        assert detector.judge_anyway(picture).scores.raw == pytest.approx(6.4)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_stored_set_of_tiles_gives_the_very_bits(tmp_path: Path, runtime: str) -> None:
    with loaded(tmp_path, TILED, runtime=runtime) as detector:
        rng = np.random.default_rng(4)
        picture = rng.integers(0, 256, (150, 200, 3)).astype(np.uint8)
        first = detector.judge_anyway(picture)
        again = detector.judge(first.prepared)
        assert first.scores.raw == again.scores.raw and np.array_equal(first.scores.map, again.scores.map)
        assert first.decision == again.decision


def test_the_gate_measures_one_picture_whatever_the_tiles(tmp_path: Path) -> None:
    with loaded(tmp_path, TILED) as tiled:
        many = tiled.prepare(with_block(gray(200, 150), 30, 40))
    (tmp_path / "b").mkdir()
    with loaded(tmp_path / "b", {"roi": TILED["roi"]}) as whole:
        one = whole.prepare(with_block(gray(200, 150), 30, 40))
    assert many.quality.light == pytest.approx(one.quality.light, abs=0.5)


def textured(seed: int = 1) -> Picture:
    """A part with marks around a plain face of 64 x 64 at 68,58, on a belt of 200 x 180."""
    rng = np.random.default_rng(seed)
    picture = np.full((180, 200, 3), 60, np.uint8)
    cv2.rectangle(picture, (45, 35), (155, 145), (127, 127, 127), -1)
    marks = np.random.default_rng(3)
    for _ in range(40):
        x, y = int(marks.integers(48, 152)), int(marks.integers(38, 142))
        if not (62 < x < 138 and 52 < y < 128):
            cv2.circle(picture, (x, y), 4, tuple(int(shade) for shade in marks.integers(0, 255, 3)), -1)
    return np.asarray(np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255), np.uint8)


def aligned(method: str = "phase") -> tuple[dict[str, Any], dict[str, bytes]]:
    """A geometry with its reference picture."""
    region = Box(40, 30, 120, 120)
    png = bytes(cv2.imencode(".png", reference_of(textured(), region))[1])
    align = {
        "method": method,
        "region": (40, 30, 120, 120),
        "reference": "geometry/reference.png",
        "reference_sha256": hashlib.sha256(png).hexdigest(),
        "max_shift_px": 30.0,
    }
    return {"roi": (68, 58, 64, 64), "picture_px": (200, 180), "align": align}, {"geometry/reference.png": png}


def shifted(picture: Picture, x: float, y: float, angle: float = 0.0) -> Picture:
    way = np.asarray(cv2.getRotationMatrix2D((100, 90), angle, 1.0), np.float64)
    way[:, 2] += x, y
    return np.asarray(cv2.warpAffine(picture, way, (200, 180), borderMode=cv2.BORDER_REPLICATE), np.uint8)


@pytest.mark.parametrize(("method", "angle"), [("phase", 0.0), ("ecc", 5.0)])
def test_a_part_that_moved_is_found_and_its_defect_is_boxed_where_the_camera_saw_it(
    tmp_path: Path, method: str, angle: float
) -> None:
    geometry, files = aligned(method)
    with loaded(tmp_path, geometry, files=files) as detector:
        sound = detector.inspect(shifted(textured(2), 14, -9, angle))
        assert sound.prepared.pose is not None and sound.prepared.unfit is None
        assert sound.prepared.pose.shift_px == pytest.approx(np.hypot(14, 9), abs=2)
        assert sound.decision is not None and sound.decision.outcome is Outcome.OK
        broken = textured(2)
        broken[74:90, 84:100] = 255
        found = detector.inspect(shifted(broken, 14, -9)).decision
        assert found is not None and found.outcome is Outcome.NG
        box = found.detections[0].box
        assert abs(box.x + box.w / 2 - (92 + 14)) < 3 and abs(box.y + box.h / 2 - (82 - 9)) < 3


@pytest.mark.parametrize(
    "picture",
    [
        shifted(textured(2), 45, 0),
        np.asarray(np.full((180, 200, 3), 110, np.uint8)),
        np.ascontiguousarray(255 - textured(2)),
    ],
    ids=["beyond the limits", "no part", "something else"],
)
def test_a_part_that_is_not_found_is_unaligned_and_no_network_is_asked(tmp_path: Path, picture: Picture) -> None:
    geometry, files = aligned()
    with loaded(tmp_path, geometry, files=files) as detector:
        found = detector.inspect(picture)
        assert found.prepared.unfit is Unfit.UNALIGNED and found.prepared.settled
        assert (found.prepared.pose, found.decision, found.infer_ns) == (None, None, 0)
        assert found.prepared.inputs.shape == (1, 64, 64, 3)


def test_a_region_that_left_the_picture_with_its_part_is_unaligned(tmp_path: Path) -> None:
    geometry, files = aligned()
    geometry = geometry | {"roi": (130, 58, 64, 64)}
    with loaded(tmp_path, geometry, files=files) as detector:
        assert detector.inspect(shifted(textured(2), -9, 0)).prepared.unfit is None
        assert detector.inspect(shifted(textured(2), 9, 0)).prepared.unfit is Unfit.UNALIGNED


def test_a_dark_picture_is_dark_before_it_is_unaligned(tmp_path: Path) -> None:
    geometry, files = aligned()
    with loaded(tmp_path, geometry, files=files) as detector:
        assert detector.inspect(np.zeros((180, 200, 3), np.uint8)).prepared.unfit is Unfit.DARK


def test_a_picture_of_another_size_than_the_geometry_was_drawn_on_is_bad(tmp_path: Path) -> None:
    with loaded(tmp_path, ELSEWHERE) as detector, pytest.raises(BadPicture, match="geometry was drawn on"):
        detector.inspect(gray(65, 64))


CERTIFIED = small_manifest(small_files())["artefacts"][0] | {"certified": {"onnxruntime": [instruction_set()]}}


@pytest.mark.parametrize(
    ("own", "certified"),
    [
        (None, True),
        (GeometrySpec(roi=(0, 0, 64, 64)), True),
        (GeometrySpec(mm_per_px=0.1), True),
        (GeometrySpec(roi=(0, 0, 64, 48)), False),
        (GeometrySpec(roi=(0, 0, 64, 64), masks=(((0, 0), (16, 0), (16, 16), (0, 16)),)), False),
    ],
)
def test_a_recipe_s_own_geometry_voids_the_certificate(
    tmp_path: Path, own: GeometrySpec | None, certified: bool
) -> None:
    with loaded(tmp_path, {"roi": (0, 0, 64, 64)}, own=own, artefacts=[CERTIFIED]) as detector:
        info = detector.info
        assert info.certified is certified
        assert certified or "cuts pictures otherwise" in info.certification
        package = GeometrySpec(roi=(0, 0, 64, 64)).digest()
        assert (info.geometry_hash == package) is certified


def test_a_recipe_s_own_geometry_is_what_judges(tmp_path: Path) -> None:
    with loaded(tmp_path, {"roi": (0, 0, 64, 64)}, own=GeometrySpec(roi=(32, 0, 64, 64))) as detector:
        found = detector.judge_anyway(with_block(gray(128, 64), 80, 16)).decision
        assert found.detections[0].box == Box(80, 16, 16, 16)


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"roi": (0, 0, 64, 64), "align": {"method": "phase"}}, "holds no reference picture"),
        ({"roi": (0, 0, 90, 90), "tiles": {"width_px": 66, "height_px": 64}}, "choose 64 or 68"),
        ({"tiles": {"width_px": 64, "height_px": 64}}, "need roi, polygon or picture_px"),
    ],
)
def test_a_recipe_s_geometry_that_does_not_fit_is_refused_before_anything_starts(
    tmp_path: Path, own: dict[str, Any], says: str
) -> None:
    asked = GeometrySpec.model_validate(own)
    with pytest.raises(PackageError, match=says), loaded(tmp_path, {"roi": (0, 0, 64, 64)}, own=asked):
        raise AssertionError("it was loaded")


def test_a_golden_frame_of_a_view_that_is_not_there_is_refused(tmp_path: Path) -> None:
    golden = small_manifest(small_files())["golden"]
    frames = [golden["frames"][0] | {"view": 1}, golden["frames"][1]]
    with pytest.raises(PackageError, match="no view 1"), loaded(tmp_path, {}, golden=golden | {"frames": frames}):
        raise AssertionError("it was loaded")


def test_a_golden_frame_is_judged_as_the_view_that_it_is(tmp_path: Path) -> None:
    """The white block of the second frame lies where view 0 is masked, and counts only as a frame of view 1."""
    tiles = {"width_px": 64, "height_px": 64}
    masked = {"roi": (0, 0, 128, 64), "tiles": tiles, "masks": (((16, 32), (32, 32), (32, 48), (16, 48)),)}
    golden = small_manifest(small_files())["golden"]
    frames = [golden["frames"][0], golden["frames"][1] | {"view": 1}]
    with loaded(tmp_path, masked, golden=golden | {"frames": frames}) as detector:
        assert detector.judge_anyway(with_block(gray(128, 64), 16, 32)).decision.outcome is Outcome.OK
        assert detector.judge_anyway(with_block(gray(128, 64), 80, 32)).decision.outcome is Outcome.NG

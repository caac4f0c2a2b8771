"""A pose is found as it was made, and none is believed that does not make the picture more like the reference."""

from __future__ import annotations

import hashlib
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.alignment import Aligner, reference_of
from models.decision import Box
from models.errors import PackageError
from models.geometry import load_aligner
from models.geometry_entry import AlignEntry
from models.pose import applied

Picture = NDArray[np.uint8]
REGION = Box(120, 90, 240, 180)
SIZE = (480, 360)


def a_part(seed: int = 1) -> Picture:
    """A bright plate with holes and bars on a dark belt, a little noise over all."""
    rng = np.random.default_rng(seed)
    picture = np.full((SIZE[1], SIZE[0], 3), 50, np.uint8)
    cv2.rectangle(picture, (140, 110), (330, 250), (170, 180, 160), -1)
    shapes = np.random.default_rng(7)
    for _ in range(25):
        x, y = int(shapes.integers(150, 320)), int(shapes.integers(120, 240))
        shade = tuple(int(value) for value in shapes.integers(20, 250, 3))
        cv2.circle(picture, (x, y), int(shapes.integers(3, 9)), shade, -1)
    noisy = picture + rng.normal(0, 3, picture.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def moved(picture: Picture, x: float, y: float, angle: float = 0.0, scale: float = 1.0) -> tuple[Picture, NDArray[Any]]:
    way = np.asarray(cv2.getRotationMatrix2D((240, 180), -angle, scale), np.float64)
    way[:, 2] += x, y
    return np.asarray(cv2.warpAffine(picture, way, SIZE, borderMode=cv2.BORDER_REPLICATE), np.uint8), way


def aligner(method: str = "ecc", region: Box = REGION, **limits: Any) -> Aligner:
    entry = AlignEntry.model_validate({"method": method} | limits)
    return Aligner(entry, region, reference_of(a_part(), region))


CORNERS = np.array([(120, 90), (360, 90), (360, 270), (120, 270)], np.float64)


@pytest.mark.parametrize(
    ("method", "motion", "shift", "angle", "scale", "precision_px"),
    [
        ("phase", "euclidean", (21.5, -13.25), 0.0, 1.0, 0.5),
        ("phase", "euclidean", (-38.0, 6.0), 0.0, 1.0, 0.5),
        ("ecc", "euclidean", (12.0, 9.5), 4.0, 1.0, 0.5),
        ("ecc", "euclidean", (-15.0, 20.0), -6.0, 1.0, 0.5),
        ("ecc", "affine", (8.0, -6.0), 3.0, 1.03, 0.7),
        ("orb", "euclidean", (10.0, 14.0), 20.0, 0.97, 3.0),
    ],
)
def test_every_method_finds_the_motion_that_was_made(
    method: str, motion: str, shift: tuple[float, float], angle: float, scale: float, precision_px: float
) -> None:
    picture, way = moved(a_part(2), *shift, angle, scale)
    pose = aligner(method, motion=motion, max_angle_deg=30.0)(picture)
    assert pose is not None and pose.moved and pose.similarity > max(0.9, pose.similarity_before)
    back = applied(np.asarray(pose.matrix), applied(way, CORNERS))
    assert np.abs(back - CORNERS).max() < precision_px
    assert pose.angle_deg == pytest.approx(angle, abs=0.5) and pose.scale == pytest.approx(1 / scale, rel=0.01)
    assert pose.shift_px == pytest.approx(float(np.hypot(*shift)), abs=1.5)
    assert np.allclose(pose.to_reference(pose.to_picture(CORNERS)), CORNERS)


@pytest.mark.parametrize("method", ["phase", "ecc", "orb"])
@pytest.mark.parametrize("light", [0.6, 1.0, 1.3])
def test_a_part_in_its_place_is_left_there_whatever_the_light(method: str, light: float) -> None:
    picture = np.asarray(np.clip(a_part(3) * light, 0, 255), np.uint8)
    pose = aligner(method)(picture)
    assert pose is not None
    assert np.abs(applied(np.asarray(pose.matrix), CORNERS) - CORNERS).max() < 1.5
    assert pose.similarity >= pose.similarity_before


@pytest.mark.parametrize("method", ["phase", "ecc", "orb"])
def test_gray_pictures_align_like_colour(method: str) -> None:
    picture, _ = moved(a_part(2), 9, -7)
    gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    one, other = aligner(method)(picture), aligner(method)(gray)
    assert one is not None and other is not None
    assert np.allclose(np.asarray(one.matrix), np.asarray(other.matrix), atol=0.2)


@pytest.mark.parametrize("method", ["phase", "ecc", "orb"])
@pytest.mark.parametrize(
    "picture",
    [
        np.full((SIZE[1], SIZE[0], 3), 90, np.uint8),
        np.zeros((SIZE[1], SIZE[0], 3), np.uint8),
        np.random.default_rng(5).integers(0, 256, (SIZE[1], SIZE[0], 3)).astype(np.uint8),
        np.asarray(50 + np.random.default_rng(6).normal(0, 3, (SIZE[1], SIZE[0], 3)), np.uint8),
        255 - a_part(),
    ],
    ids=["flat", "black", "noise", "empty belt", "negative"],
)
def test_what_is_not_like_the_reference_has_no_pose(method: str, picture: Picture) -> None:
    assert aligner(method)(picture) is None


@pytest.mark.parametrize(
    ("limits", "motion"),
    [
        ({"max_shift_px": 15.0}, (18.0, 0.0, 0.0, 1.0)),
        ({"max_angle_deg": 3.0}, (0.0, 0.0, 5.0, 1.0)),
        ({"max_scale": 0.01, "motion": "affine"}, (0.0, 0.0, 0.0, 1.04)),
        ({"min_similarity": 0.999}, (10.0, 0.0, 0.0, 1.0)),
    ],
)
def test_a_pose_beyond_the_limits_is_none(limits: dict[str, Any], motion: tuple[float, ...]) -> None:
    picture, _ = moved(a_part(2), *motion)
    assert aligner("ecc")(picture) is not None or "max_scale" in limits
    assert aligner("ecc", **limits)(picture) is None


class Liar(Aligner):
    """Its method finds something else than there is."""

    def _found(self, image: Picture, around: Any, stays: NDArray[np.float64]) -> NDArray[np.float64]:
        return stays + np.array([[0.0, 0.0, 9.0], [0.0, 0.0, -7.0]])


def test_a_motion_by_which_the_similarity_does_not_rise_is_not_believed() -> None:
    liar = Liar(AlignEntry(method="ecc", min_similarity=0.2), REGION, reference_of(a_part(), REGION))
    assert liar(a_part(2)) is None


BARS = np.asarray(np.tile(np.where(np.arange(SIZE[0]) // 20 % 2, 60, 200), (SIZE[1], 1)), np.uint8)


@pytest.mark.parametrize(
    "picture",
    [np.full((SIZE[1], SIZE[0]), 120, np.uint8), BARS, np.ascontiguousarray(a_part()[:, :60].repeat(8, axis=1))],
    ids=["flat", "bars", "belt"],
)
def test_a_reference_without_edges_in_two_directions_is_refused(picture: Picture) -> None:
    with pytest.raises(ValueError, match="nothing to align by: it needs edges in two directions; choose"):
        reference_of(picture, REGION)


def test_a_reference_of_a_few_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="only 12x12 pixels; give a larger"):
        reference_of(a_part(), Box(200, 150, 12, 12))


def png(gray: Picture) -> bytes:
    return bytes(cv2.imencode(".png", gray)[1])


GOOD = png(reference_of(a_part(), REGION))


def entry_of(content: bytes) -> AlignEntry:
    return AlignEntry(
        method="ecc",
        region=(120, 90, 240, 180),
        reference="r.png",
        reference_sha256=hashlib.sha256(content).hexdigest(),
    )


@pytest.mark.parametrize(
    ("files", "entry", "says"),
    [
        ({}, entry_of(GOOD), "reference picture of the alignment is missing"),
        ({"r.png": GOOD}, entry_of(b"other"), "is not the reference picture that the geometry names"),
        ({"r.png": b"no picture"}, entry_of(b"no picture"), "is no gray PNG"),
        ({"r.png": png(a_part())}, entry_of(png(a_part())), "is no gray PNG"),
        ({"r.png": png(BARS[:180, :240])}, entry_of(png(BARS[:180, :240])), "nothing to align by"),
    ],
)
def test_a_package_without_a_sound_reference_is_refused(files: dict[str, bytes], entry: AlignEntry, says: str) -> None:
    with pytest.raises(PackageError, match=says):
        load_aligner(entry, files)
    assert load_aligner(entry_of(GOOD), {"r.png": GOOD})(a_part()) is not None


def test_orb_wants_a_reference_with_features() -> None:
    plain = np.full((SIZE[1], SIZE[0]), 60, np.uint8)
    cv2.rectangle(plain, (160, 120), (320, 240), 200, -1)
    with pytest.raises(ValueError, match="ORB features, 40 are the least"):
        Aligner(AlignEntry(method="orb"), REGION, reference_of(plain, REGION))

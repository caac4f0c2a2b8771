"""Masks from logits: what is drawn on a picture comes back from the network's grid where it was."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.geometry import Geometry
from models.geometry_entry import GeometrySpec, TilesEntry
from models.pose import Pose, as_rows
from models.preprocess import inputs_of
from models.scorers import Floats
from models.segments import label_map

PICTURE = (512, 384)
INPUT = (256, 256)
STRIDE = 4


def drawn() -> NDArray[np.uint8]:
    """A disc of 1, a turned bar of 2."""
    image = np.zeros((PICTURE[1], PICTURE[0]), np.uint8)
    cv2.circle(image, (170, 200), 80, 1, -1)
    bar = cv2.boxPoints(((350.0, 200.0), (70.0, 180.0), 25.0))
    cv2.fillPoly(image, [bar.astype(np.int32)], 2)
    return image


def logits_of(labels: NDArray[np.uint8], geometry: Geometry, pose: Pose | None = None) -> Floats:
    """What a perfect head says of the picture, through the geometry's own way to the network: 1 + 2 channels."""
    layout = geometry.layout(PICTURE)
    planes = []
    for wanted in (labels > 0, labels == 1, labels == 2):
        picture = np.repeat(wanted[:, :, None].astype(np.uint8) * np.uint8(255), 3, axis=2)
        inputs = inputs_of(geometry.region_by(pose, picture), layout)[..., 0].astype(np.float32)
        size = (INPUT[0] // STRIDE, INPUT[1] // STRIDE)
        planes.append([cv2.resize(one, size, interpolation=cv2.INTER_AREA) / 25.5 - 5 for one in inputs])
    mosaic = layout.mosaic((INPUT[1] // STRIDE, INPUT[0] // STRIDE))
    joined = [np.asarray(mosaic.join(list(views))[0], np.float32) for views in planes]
    return np.stack(joined)


def iou(found: NDArray[np.uint8], labels: NDArray[np.uint8], label: int) -> float:
    both, either = (found == label) & (labels == label), (found == label) | (labels == label)
    return float(both.sum() / either.sum())


def turned(degrees: float, shift: tuple[float, float]) -> Pose:
    matrix = cv2.getRotationMatrix2D((256.0, 192.0), degrees, 1.0)
    matrix[:, 2] += shift
    return Pose(as_rows(np.asarray(matrix, np.float64)), 0.5, 0.9, math.hypot(*shift), degrees)


WHOLE = GeometrySpec()
SPECS = {
    "the whole picture": (WHOLE, None),
    "a region": (GeometrySpec(roi=(40, 30, 440, 330)), None),
    "padding": (GeometrySpec(fit="pad", picture_px=PICTURE), None),
    "tiles": (GeometrySpec(picture_px=PICTURE, tiles=TilesEntry(width_px=256, height_px=256, overlap_px=32)), None),
    "a turned part": (GeometrySpec(roi=(40, 30, 440, 330)), turned(4.0, (9.3, -6.6))),
    "tiles on a turned part": (
        GeometrySpec(picture_px=PICTURE, tiles=TilesEntry(width_px=256, height_px=256, overlap_px=32)),
        turned(-3.0, (2.5, 4.5)),
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_drawn_mask_comes_back_where_it_was(name: str) -> None:
    spec, pose = SPECS[name]
    geometry, labels = Geometry(spec, INPUT), drawn()
    found = label_map(logits_of(labels, geometry, pose), 0.0, geometry, PICTURE, pose)
    assert found.shape == labels.shape and found.dtype == np.uint8
    assert iou(found, labels, 1) > 0.98 and iou(found, labels, 2) > 0.975
    assert iou((found > 0).astype(np.uint8), (labels > 0).astype(np.uint8), 1) > 0.98


def test_nothing_outside_the_region_is_marked() -> None:
    geometry = Geometry(GeometrySpec(roi=(40, 30, 440, 330)), INPUT)
    found = label_map(np.full((3, 64, 64), 5, np.float32), 0.0, geometry, PICTURE)
    inside = np.zeros(found.shape, np.bool_)
    inside[30:360, 40:480] = True
    assert (found[inside] == 1).all() and not found[~inside].any()


def test_nothing_outside_a_turned_region_is_marked() -> None:
    geometry, pose = Geometry(GeometrySpec(roi=(140, 130, 240, 130)), INPUT), turned(30.0, (0, 0))
    found = label_map(np.full((3, 64, 64), 5, np.float32), 0.0, geometry, PICTURE, pose)
    corners = pose.to_picture(np.array([(139.5, 129.5), (379.5, 129.5), (379.5, 259.5), (139.5, 259.5)]))
    region = np.zeros(found.shape, np.uint8)
    cv2.fillPoly(region, [np.round(corners).astype(np.int32)], 1)
    assert iou(found, region, 1) > 0.98


def test_what_a_mask_hides_is_not_marked() -> None:
    hidden = ((100.0, 100.0), (200.0, 100.0), (200.0, 200.0), (100.0, 200.0))
    geometry = Geometry(GeometrySpec(masks=(hidden,), picture_px=PICTURE), INPUT)
    found = label_map(np.full((3, 64, 64), 5, np.float32), 0.0, geometry, PICTURE)
    assert not found[100:200, 100:200].any() and found.astype(np.bool_).sum() == 512 * 384 - 100 * 100


def test_logits_are_brought_to_the_picture_before_they_are_decided() -> None:
    """One place of 8 x 6 pixels well above the bound: the mask is no rectangle of that size."""
    classes = np.full((1, 64, 64), -1, np.float32)
    classes[0, 32, 32] = 9
    found = label_map(classes, 0.0, Geometry(WHOLE, INPUT), PICTURE)
    assert 48 < int(found.sum()) < 4 * 48 and found.max() == 1


def test_the_bound_itself_counts() -> None:
    geometry = Geometry(WHOLE, INPUT)
    classes = np.full((2, 64, 64), np.float32(0.1), np.float32)
    assert label_map(classes, float(np.float32(0.1)), geometry, PICTURE).all()
    assert not label_map(classes, 0.1001, geometry, PICTURE).any()


def test_the_first_of_equal_classes_is_named() -> None:
    found = label_map(np.zeros((4, 64, 64), np.float32), 0.0, Geometry(WHOLE, INPUT), PICTURE)
    assert (found == 1).all()

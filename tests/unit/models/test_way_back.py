"""A place of the map leads back to the pixels that it was made of, whatever lies between."""

from __future__ import annotations

import math
from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.decision import Box
from models.geometry_entry import GeometrySpec
from models.layout import Layout
from models.pose import IDENTITY, Pose, as_rows
from models.way_back import WayBack

SIDES = st.integers(16, 3000)
CELLS = st.integers(1, 64)


@st.composite
def regions(draw: st.DrawFn) -> tuple[tuple[int, int], Box]:
    """A picture size and a region inside it."""
    width, height = draw(SIDES), draw(SIDES)
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return (width, height), Box(x, y, draw(st.integers(1, width - x)), draw(st.integers(1, height - y)))


@st.composite
def poses(draw: st.DrawFn) -> Pose:
    angle, scale = draw(st.floats(-25, 25)), draw(st.floats(0.9, 1.1))
    affine = np.asarray(cv2.getRotationMatrix2D((500, 400), angle, scale), np.float64)
    affine[:, 2] += draw(st.floats(-80, 80)), draw(st.floats(-80, 80))
    return Pose(as_rows(affine), 0.5, 0.9, 0.0, angle)


@st.composite
def ways(draw: st.DrawFn) -> WayBack:
    (width, height), roi = draw(regions())
    padded = (Fraction(roi.w) * draw(st.fractions(1, 2)), Fraction(roi.h) * draw(st.fractions(1, 2)))
    pose = draw(st.none() | poses())
    return WayBack(roi, padded, (draw(CELLS), draw(CELLS)), (width, height), pose)


@settings(deadline=None)
@given(regions(), st.tuples(CELLS, CELLS), st.data())
def test_a_box_comes_back_inside_the_region_and_covers_its_places(
    place: tuple[tuple[int, int], Box], grid: tuple[int, int], data: st.DataObject
) -> None:
    size, roi = place
    x, y = data.draw(st.integers(0, grid[0] - 1)), data.draw(st.integers(0, grid[1] - 1))
    cells = Box(x, y, data.draw(st.integers(1, grid[0] - x)), data.draw(st.integers(1, grid[1] - y)))
    back = WayBack(roi, (Fraction(roi.w), Fraction(roi.h)), grid, size).box(cells)
    assert back.w >= 1 and back.h >= 1
    assert roi.x <= back.x and back.x + back.w <= roi.x + roi.w
    assert roi.y <= back.y and back.y + back.h <= roi.y + roi.h
    assert back.x - roi.x <= cells.x * roi.w / grid[0] or roi.w < grid[0]
    assert back.x + back.w - roi.x >= min((cells.x + cells.w) * roi.w / grid[0], roi.w) - 1e-6


@settings(deadline=None)
@given(regions())
def test_the_whole_map_is_the_whole_region(place: tuple[tuple[int, int], Box]) -> None:
    size, roi = place
    assert WayBack(roi, (Fraction(roi.w), Fraction(roi.h)), (8, 8), size).box(Box(0, 0, 8, 8)) == roi


@settings(deadline=None)
@given(ways(), st.floats(0, 1), st.floats(0, 1))
def test_a_point_goes_to_the_map_and_back_to_itself(way: WayBack, x: float, y: float) -> None:
    point = np.array([[x * way.picture[0], y * way.picture[1]]])
    assert way.points(way.places(point)) == pytest.approx(point, abs=1e-6)


@settings(deadline=None)
@given(ways(), st.floats(0, 1), st.floats(0, 1))
def test_the_middle_of_the_place_that_a_pixel_falls_into_is_at_most_half_a_place_away(
    way: WayBack, x: float, y: float
) -> None:
    places = np.array([[x * way.grid[0], y * way.grid[1]]])
    point = way.points(places)
    middle = way.points(np.minimum(np.floor(way.places(point) + 1e-9), np.array(way.grid) - 1) + 0.5)
    scale = 1.0 if way.pose is None else 1 / way.pose.scale
    half = 0.5 * math.hypot(float(way.canvas[0]) / way.grid[0], float(way.canvas[1]) / way.grid[1]) * scale
    assert float(np.linalg.norm(point - middle)) <= half * (1 + 1e-6) + 1e-6


@settings(deadline=None)
@given(ways(), st.data())
def test_a_box_covers_every_point_of_its_places_that_the_region_and_the_picture_hold(
    way: WayBack, data: st.DataObject
) -> None:
    x, y = data.draw(st.integers(0, way.grid[0] - 1)), data.draw(st.integers(0, way.grid[1] - 1))
    cells = Box(x, y, data.draw(st.integers(1, way.grid[0] - x)), data.draw(st.integers(1, way.grid[1] - y)))
    box = way.box(cells)
    assert 0 <= box.x < box.x + box.w <= way.picture[0] and 0 <= box.y < box.y + box.h <= way.picture[1]
    inside = np.array([[x + data.draw(st.floats(0, 1)) * cells.w, y + data.draw(st.floats(0, 1)) * cells.h]])
    pitch = np.array([float(way.canvas[axis]) / way.grid[axis] for axis in (0, 1)])
    if (inside * pitch > (way.roi.w, way.roi.h)).any():
        return  # padding: no pixel of the region
    (px, py) = way.points(inside)[0]
    if 0 <= px <= way.picture[0] and 0 <= py <= way.picture[1]:
        assert box.x - 1e-6 <= px <= box.x + box.w + 1e-6 and box.y - 1e-6 <= py <= box.y + box.h + 1e-6


@settings(deadline=None)
@given(ways())
def test_a_pose_that_moves_nothing_changes_nothing(way: WayBack) -> None:
    still = WayBack(way.roi, way.canvas, way.grid, way.picture, Pose(IDENTITY, 0.9, 0.9, 0.0, 0.0))
    plain = WayBack(way.roi, way.canvas, way.grid, way.picture)
    cells = Box(0, 0, way.grid[0], 1)
    assert still.box(cells) == plain.box(cells) and still.area_px(3) == plain.area_px(3)


def test_a_place_counts_the_camera_pixels_it_stands_for() -> None:
    roi = Box(0, 0, 640, 320)
    way = WayBack(roi, (Fraction(640), Fraction(320)), (32, 16), (900, 640))
    assert way.area_px(1) == 400
    half = WayBack(roi, way.canvas, way.grid, way.picture, Pose(((2.0, 0, 0), (0, 2.0, 0)), 0.1, 0.9, 0, 0))
    assert half.area_px(1) == pytest.approx(100)


def test_padding_and_tiles_span_more_than_the_region() -> None:
    padded = Layout(GeometrySpec(roi=(0, 0, 100, 50), fit="pad"), (100, 50), (64, 64))
    assert padded.canvas == (100, Fraction(50 * 64, 32))
    tiled = Layout(
        GeometrySpec.model_validate({"roi": (0, 0, 150, 70), "tiles": {"width_px": 64, "height_px": 64}}),
        (150, 70),
        (64, 64),
    )
    assert tiled.canvas == (160, 80) and tiled.mosaic((4, 4)).grid == (5, 10)


@pytest.mark.parametrize(
    ("cells", "length_px"), [([0], 10.0), ([0, 1, 2], 30.0), ([0, 8, 16], 30.0), ([0, 9, 18, 27], math.hypot(40, 40))]
)
def test_the_length_is_the_longest_side_of_the_smallest_rectangle(cells: list[int], length_px: float) -> None:
    way = WayBack(Box(5, 5, 80, 80), (Fraction(80), Fraction(80)), (8, 8), (100, 100), mm_per_px=0.1)
    assert way.length_px(np.array(cells)) == pytest.approx(length_px, rel=1e-3)
    assert way.length_mm(np.array(cells)) == pytest.approx(length_px * 0.1, rel=1e-3)


def test_without_a_scale_nothing_has_a_length_in_millimetres() -> None:
    way = WayBack(Box(0, 0, 80, 80), (Fraction(80), Fraction(80)), (8, 8), (80, 80))
    assert way.length_mm(np.array([0])) is None

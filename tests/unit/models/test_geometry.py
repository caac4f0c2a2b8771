"""A region cut from a picture leads back to the same camera pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decision import Box
from models.errors import BadPicture
from models.geometry import Geometry

SIDES = st.integers(16, 3000)
CELLS = st.integers(1, 64)


@st.composite
def regions(draw: st.DrawFn) -> tuple[tuple[int, int], Box]:
    """A picture size and a region inside it."""
    width, height = draw(SIDES), draw(SIDES)
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return (width, height), Box(x, y, draw(st.integers(1, width - x)), draw(st.integers(1, height - y)))


@given(regions(), st.tuples(CELLS, CELLS), st.data())
def test_a_box_comes_back_inside_the_region_and_covers_its_cells(
    place: tuple[tuple[int, int], Box], grid: tuple[int, int], data: st.DataObject
) -> None:
    size, roi = place
    x, y = data.draw(st.integers(0, grid[0] - 1)), data.draw(st.integers(0, grid[1] - 1))
    cells = Box(x, y, data.draw(st.integers(1, grid[0] - x)), data.draw(st.integers(1, grid[1] - y)))
    back = Geometry(roi).box_in_picture(cells, grid, size)
    assert back.w >= 1 and back.h >= 1
    assert roi.x <= back.x and back.x + back.w <= roi.x + roi.w
    assert roi.y <= back.y and back.y + back.h <= roi.y + roi.h
    assert back.x - roi.x <= cells.x * roi.w / grid[0] or roi.w < grid[0]
    assert back.x + back.w - roi.x >= min((cells.x + cells.w) * roi.w / grid[0], roi.w) - 1e-6


@given(regions())
def test_the_whole_map_is_the_whole_region(place: tuple[tuple[int, int], Box]) -> None:
    size, roi = place
    assert Geometry(roi).box_in_picture(Box(0, 0, 8, 8), (8, 8), size) == roi
    assert Geometry().box_in_picture(Box(0, 0, 8, 8), (8, 8), size) == Box(0, 0, *size)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 60), st.integers(1, 60))
def test_a_region_is_a_view_or_a_bad_picture(x: int, y: int, width: int, height: int) -> None:
    image = np.arange(40 * 50 * 3, dtype=np.uint8).reshape(40, 50, 3)
    geometry = Geometry(Box(x, y, width, height))
    if x + width <= 50 and y + height <= 40:
        region = geometry.region(image)
        assert np.shares_memory(region, image) and np.array_equal(region, image[y : y + height, x : x + width])
    else:
        with pytest.raises(BadPicture, match="does not fit"):
            geometry.region(image)


def test_another_region_has_another_hash() -> None:
    hashes = {Geometry(roi).hash for roi in (None, Box(0, 0, 5, 5), Box(0, 0, 5, 6), Box(0, 5, 5, 5), Box(5, 0, 5, 5))}
    assert len(hashes) == 5


@pytest.mark.parametrize("roi", [Box(-1, 0, 5, 5), Box(0, 0, 0, 5), Box(0, 0, 5, -1)])
def test_an_impossible_region_is_no_geometry(roi: Box) -> None:
    with pytest.raises(ValueError, match="region"):
        Geometry(roi)


def test_a_cell_counts_the_camera_pixels_it_stands_for() -> None:
    assert Geometry(Box(0, 0, 640, 320)).pixels_per_cell((32, 16), (900, 640)) == 400

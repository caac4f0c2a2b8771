"""Which boxes lie in a zone, wholly or with a corner of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decision import Box
from models.zones import MAX_POINTS, Zone

SQUARE = Zone("square", ((10, 10), (30, 10), (30, 30), (10, 30)))
# An L: the square without its upper right quarter.
NOTCHED = Zone("notched", ((10, 10), (20, 10), (20, 20), (30, 20), (30, 30), (10, 30)))
BOXES = st.builds(Box, st.integers(-5, 40), st.integers(-5, 40), st.integers(1, 30), st.integers(1, 30))


def overlap(box: Box, left: int, top: int, right: int, bottom: int) -> int:
    width = min(box.x + box.w, right) - max(box.x, left)
    height = min(box.y + box.h, bottom) - max(box.y, top)
    return max(0, width) * max(0, height)


@given(BOXES)
def test_a_box_is_in_a_rectangle_as_far_as_it_overlaps(box: Box) -> None:
    shared = overlap(box, 10, 10, 30, 30)
    assert SQUARE.touches(box) is (shared > 0)
    assert SQUARE.covers(box) is (shared == box.w * box.h)


@given(BOXES)
def test_a_notch_is_outside(box: Box) -> None:
    shared = overlap(box, 10, 10, 20, 30) + overlap(box, 20, 20, 30, 30)
    assert NOTCHED.touches(box) is (shared > 0)
    assert NOTCHED.covers(box) is (shared == box.w * box.h)


@given(BOXES, st.integers(0, 5))
def test_neither_the_first_corner_nor_the_direction_matters(box: Box, start: int) -> None:
    turned = Zone("turned", NOTCHED.points[start:] + NOTCHED.points[:start])
    mirrored = Zone("mirrored", tuple(reversed(NOTCHED.points)))
    for zone in (turned, mirrored):
        assert (zone.touches(box), zone.covers(box)) == (NOTCHED.touches(box), NOTCHED.covers(box))


def test_a_slanted_side_cuts_a_box() -> None:
    triangle = Zone("triangle", ((0, 0), (40, 0), (0, 40)))
    assert triangle.covers(Box(0, 0, 20, 20))  # its corner lies on the slanted side
    assert triangle.touches(Box(19, 19, 4, 4)) and not triangle.covers(Box(19, 19, 4, 4))
    assert not triangle.touches(Box(21, 21, 4, 4))


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (((0, 0), (10, 0)), "2 points"),
        (tuple((float(n), float(n * n)) for n in range(MAX_POINTS + 1)), "65 points"),
        (((0, 0), (10, 0), (10, 0), (0, 10)), "twice"),
        (((0, 0), (10, 10), (10, 0), (0, 10)), "cross each other"),
        (((0, 0), (10, 0), (20, 0), (20, 5), (10, 0.0), (0, 5)), "twice"),
        (((0, 0), (20, 0), (20, 10), (10, 0.0), (0, 10)), "cross each other"),
        (((0, 0), (10, 0), (20, 0)), "no area"),
    ],
)
def test_what_is_no_polygon_is_refused(points: tuple[tuple[float, float], ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Zone("face", points)

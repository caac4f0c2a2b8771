"""What the page shows of a picture: less than the whole only where nothing that was found is left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from appliance.recipes.views import ViewsConfig
from models.decision import Box

VIEW = ViewsConfig(region=(100, 50, 200, 150))
SIZE = (640, 480)


def test_a_good_part_is_shown_in_its_view() -> None:
    assert VIEW.shown(SIZE, ()) == Box(100, 50, 200, 150)


@pytest.mark.parametrize("box", [Box(99, 60, 10, 10), Box(295, 60, 10, 10), Box(120, 49, 5, 5), Box(120, 195, 5, 10)])
def test_a_defect_that_leaves_the_view_shows_the_whole_picture(box: Box) -> None:
    assert VIEW.shown(SIZE, [Box(120, 60, 10, 10), box]) is None


def test_a_view_ends_where_the_picture_does() -> None:
    assert VIEW.shown((200, 120), ()) == Box(100, 50, 100, 70)


@pytest.mark.parametrize("size", [(110, 480), (640, 60), (0, 0)])
def test_a_view_beside_the_picture_is_not_used(size: tuple[int, int]) -> None:
    assert VIEW.shown(size, ()) is None


@given(st.integers(0, 700), st.integers(0, 500), st.integers(1, 300), st.integers(1, 300))
def test_no_defect_is_ever_cut(x: int, y: int, w: int, h: int) -> None:
    view = VIEW.shown(SIZE, [Box(x, y, w, h)])
    if view is not None:
        assert view.x <= x < x + w <= view.x + view.w
        assert view.y <= y < y + h <= view.y + view.h


@pytest.mark.parametrize("region", [(0, 0, 31, 100), (-1, 0, 100, 100), (0, 0, 100), (0, 0, 100, 10**6)])
def test_what_is_no_view(region: Any) -> None:
    with pytest.raises(ValidationError):
        ViewsConfig(region=region)

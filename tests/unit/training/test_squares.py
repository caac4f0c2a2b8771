"""Squares of black and white cover just what they are asked to, and leave what they are drawn on alone."""

from __future__ import annotations

import numpy as np
import pytest

from training.squares import in_squares


@pytest.mark.parametrize("part", [np.s_[:, :], np.s_[8:24, 16:40], np.s_[10:21, 13:29], np.s_[0:1, 47:48]])
@pytest.mark.parametrize("views", [1, 3])
def test_exactly_the_part_of_every_view_is_in_squares(part: tuple[slice, slice], views: int) -> None:
    tensor = np.random.default_rng(0).integers(1, 255, (views, 32, 48, 3)).astype(np.uint8)
    before = tensor.copy()
    found = in_squares(tensor, part)
    assert (tensor == before).all() and found.dtype == np.uint8 and not np.shares_memory(found, tensor)
    inside = np.zeros((32, 48), np.bool_)
    inside[part] = True
    assert np.isin(found[:, inside], (0, 255)).all() and (found[:, ~inside] == before[:, ~inside]).all()


def test_squares_are_black_and_white_in_turn() -> None:
    found = in_squares(np.full((2, 32, 48, 3), 127, np.uint8))
    squares = found.reshape(2, 4, 8, 6, 8, 3)
    assert (squares == squares[:, :, :1, :, :1]).all()
    cells = squares[:, :, 0, :, 0, :]
    assert (cells[:, 1:] != cells[:, :-1]).all() and (cells[:, :, 1:] != cells[:, :, :-1]).all()
    assert set(np.unique(found)) == {0, 255}


def test_all_is_covered_when_no_part_is_named() -> None:
    tensor = np.full((1, 20, 12, 3), 127, np.uint8)
    assert np.isin(in_squares(tensor), (0, 255)).all() and (tensor == 127).all()

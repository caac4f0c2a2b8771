"""Masks as polygons: filled again they are the same pixels, whatever the mask."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from training.data.marks import Mask, Shape, ShapeKind, filled
from training.formats.outline import outlines


def refilled(mask: Mask) -> Mask:
    shapes = [Shape("crack", ShapeKind.POLYGON, ring) for ring in outlines(mask)]
    return filled(shapes, (mask.shape[1], mask.shape[0]))


def drawn(*rows: str) -> Mask:
    return np.array([[letter == "#" for letter in row] for row in rows])


@pytest.mark.parametrize(
    ("mask", "polygons"),
    [
        (drawn("...", "...", "..."), 0),
        (drawn("...", ".#.", "..."), 1),
        (drawn("....", ".##.", "...."), 1),
        (drawn("#.", ".#"), 1),
        (drawn("#.#", "...", "#.#"), 4),
        (drawn("#.#", ".#.", "#.#"), 1),
        (drawn("###", "###"), 1),
        (drawn("###", "#.#", "###"), 2),
        (drawn("#####", "#.#.#", "#####"), 3),
        (drawn("#####", "#...#", "#.#.#", "#...#", "#####"), 3),
        (drawn(".#.", "#.#", ".#."), 2),
    ],
)
def test_pieces_lines_holes_and_islands(mask: Mask, polygons: int) -> None:
    assert len(outlines(mask)) == polygons
    assert (refilled(mask) == mask).all()


@settings(max_examples=200, deadline=None)
@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=24), elements=st.booleans()))
def test_any_mask_comes_back_to_the_pixel(mask: Mask) -> None:
    assert (refilled(mask) == mask).all()


def test_a_large_mask_with_many_holes_comes_back_to_the_pixel() -> None:
    mask = cv2.GaussianBlur(np.random.default_rng(3).random((300, 400)), (0, 0), 2) > 0.5
    assert (refilled(mask) == mask).all()
    assert outlines(mask) == outlines(mask.copy())

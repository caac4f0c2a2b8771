"""Two textures agree only where all of what both show agrees."""

from __future__ import annotations

import numpy as np

from training.check.likeness import NOTHING_ALIKE, likeness
from training.check.texture import Shift, Stored, shift_between, spectrum_of, texture_of


def _noise(seed: int, height: int = 140, width: int = 160) -> Stored:
    picture = np.random.default_rng(seed).integers(60, 200, (height, width), np.uint8)
    return texture_of(picture, (height, width))


def test_a_crop_is_found_where_it_was_cut() -> None:
    whole = _noise(1)
    crop = np.ascontiguousarray(whole[12:120, 7:150])
    shift = shift_between(spectrum_of(whole), spectrum_of(crop))
    assert (shift.down_px, shift.right_px) == (12, 7)
    like = likeness(whole, crop, shift)
    assert like.agreement > 0.99 and like.weakest > 0.99 and like.shared == 1.0


def test_other_light_changes_little() -> None:
    rng = np.random.default_rng(2)
    picture = rng.integers(60, 200, (140, 160)).astype(np.float32)
    lamp = 1 + 0.3 * np.linspace(-1, 1, 160)[None, :]
    lit = np.clip(0.7 * picture * lamp + 20, 0, 255)
    first, second = (texture_of(np.asarray(one, np.uint8), (140, 160)) for one in (picture, lit))
    assert likeness(first, second, shift_between(spectrum_of(first), spectrum_of(second))).weakest > 0.95


def test_one_other_quarter_is_seen() -> None:
    whole = _noise(3)
    other = whole.copy()
    other[:70, :80] = _noise(4)[:70, :80]
    like = likeness(whole, other, Shift(0, 0, 50.0))
    assert like.agreement > 0.6 and like.weakest < 0.3


def test_what_hardly_meets_is_nothing_alike() -> None:
    assert likeness(_noise(5), _noise(5), Shift(120, 0, 50.0)) == NOTHING_ALIKE
    assert likeness(_noise(5), _noise(5), Shift(0, -400, 50.0)) == NOTHING_ALIKE

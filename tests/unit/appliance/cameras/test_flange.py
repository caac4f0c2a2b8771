"""What the drawn parts must be for training, demo and tests to rely on them."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

from appliance.cameras.flange import draw
from appliance.cameras.flange_defects import KINDS

NUMBERS = (1, 7, 40)


def digest(image: np.ndarray) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()


def test_a_part_is_a_colour_picture_of_the_lines_size() -> None:
    part = draw(1, 1)
    assert (part.image.shape, part.image.dtype, part.kind, part.mask) == ((640, 900, 3), np.uint8, None, None)


def test_the_same_seed_and_number_draw_the_same_picture() -> None:
    assert digest(draw(3, 5, kind="stain").image) == digest(draw(3, 5, kind="stain").image)


def test_neither_seeds_nor_numbers_share_a_picture() -> None:
    pictures = {digest(draw(seed, number).image) for seed in (1, 2, 3) for number in range(1, 6)}
    assert len(pictures) == 15


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_defect_can_be_seen_where_its_mask_says_and_nowhere_else(kind: str, number: int) -> None:
    good, spoilt = draw(5, number), draw(5, number, kind=kind)
    assert spoilt.kind == kind
    assert spoilt.mask is not None and set(np.unique(spoilt.mask)) == {0, 255}
    difference = cv2.absdiff(good.image, spoilt.image)[:, :, 0]
    inside = spoilt.mask > 0
    # A person sees a hundred pixels that differ by 20 gray levels; the noise is the same in both pictures.
    assert (difference[inside] >= 20).sum() >= 100
    beside = cv2.dilate(spoilt.mask, np.ones((9, 9), np.uint8)) == 0
    assert difference[beside].max() <= 14


def test_a_missing_piece_lets_the_belt_shine_through() -> None:
    part = draw(5, 1, kind="chip")
    assert part.mask is not None
    lost = cv2.erode(part.mask, np.ones((11, 11), np.uint8)) > 0
    assert np.median(part.image[lost]) < 70 < np.median(draw(5, 1).image[lost])


def test_the_defect_rate_is_a_probability_over_all_kinds() -> None:
    kinds = [draw(9, number, defect_rate=0.5).kind for number in range(60)]
    assert {kind for kind in kinds if kind} == set(KINDS)
    assert 18 <= sum(kind is not None for kind in kinds) <= 42
    assert draw(9, 1, defect_rate=0.0).kind is None
    assert draw(9, 1, defect_rate=1.0).kind is not None


def test_an_unknown_defect_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'rust'.*scratch, dent, stain, chip"):
        draw(1, 1, kind="rust")

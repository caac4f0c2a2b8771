"""What the drawn parts must be for training, demo and tests to rely on them."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

from appliance.cameras.flange import Stray, draw, draw_empty, draw_stray
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


def test_a_gap_shows_the_belt_alone_each_time_another_piece() -> None:
    gap, other = draw_empty(4, 1), draw_empty(4, 2)
    assert (gap.kind, gap.mask, gap.image.shape, gap.image.dtype) == ("empty", None, (640, 900, 3), np.uint8)
    assert gap.image.max() < 110 and digest(gap.image) != digest(other.image)
    assert digest(gap.image) == digest(draw_empty(4, 1).image)


def test_gaps_come_as_often_as_asked_and_change_no_part() -> None:
    with_gaps = [draw(9, number, defect_rate=0.5, empty_rate=0.5) for number in range(60)]
    kinds = [part.kind for part in with_gaps]
    assert 18 <= kinds.count("empty") <= 42
    for number in (0, 1, 2, 3, 4, 5):
        part = with_gaps[number]
        usual = draw_empty(9, number) if part.kind == "empty" else draw(9, number, defect_rate=0.5)
        assert digest(part.image) == digest(usual.image)


def test_a_stray_part_lies_where_it_is_put() -> None:
    middle = draw_stray(4, 1, Stray()).image
    assert digest(middle) == digest(draw(4, 1).image)
    away = draw_stray(4, 1, Stray(shift_px=(600, 0))).image
    assert away[:, :500].max() < 110 and away[:, 850:].max() > 110
    tiny = draw_stray(4, 1, Stray(scale=0.05)).image
    assert 10 < (tiny[:, :, 0] > 110).sum() < 2000
    assert draw_stray(4, 1, Stray(brightness=0.3)).image.max() < middle.max() / 2
    gone = draw_stray(4, 1, Stray(shift_px=(2000, 2000))).image
    assert gone.max() < 110

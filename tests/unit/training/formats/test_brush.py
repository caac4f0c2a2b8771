"""Label Studio's run lengths, against bytes that its own `encode_rle` made (label_studio_converter 0.0.59)."""

from __future__ import annotations

import numpy as np
import pytest

from training.formats.brush import packed, unpacked

OWN = bytes([0, 0, 0, 80, 57, 27, 252, 127, 248, 76, 2, 223, 252, 224, 22, 255, 240, 152, 4, 127, 224])
MASK = np.array([[1, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 1]], np.bool_)


def test_reads_what_label_studio_wrote() -> None:
    assert np.array_equal(unpacked(OWN, (5, 4)), MASK)


def test_writes_what_label_studio_writes() -> None:
    assert packed(MASK) == OWN


@pytest.mark.parametrize("seed", range(5))
def test_any_mask_comes_back(seed: int) -> None:
    chance = np.random.default_rng(seed)
    mask = chance.random((37, 61)) < chance.random()
    assert np.array_equal(unpacked(packed(mask), (61, 37)), mask)


def test_runs_longer_than_a_field_come_back() -> None:
    mask = np.zeros((300, 400), np.bool_)
    mask[50:290] = True
    assert np.array_equal(unpacked(packed(mask), (400, 300)), mask)


def test_reads_values_that_do_not_repeat() -> None:
    """One pixel of red 1, green 2, blue 3, alpha 200, unpacked by hand after rle-pack's description."""
    digits = f"{4:032b}{7:05b}" + "".join(f"{bits - 1:04b}" for bits in (3, 4, 8, 16))
    digits += "0" + "00" + f"{3:03b}" + "".join(f"{value:08b}" for value in (1, 2, 3, 200))
    data = int(digits.ljust(-(-len(digits) // 8) * 8, "0"), 2).to_bytes(-(-len(digits) // 8), "big")
    assert unpacked(data, (1, 1)).tolist() == [[True]]


@pytest.mark.parametrize(
    ("data", "size", "sentence"),
    [
        (b"", (5, 4), "cut short"),
        (OWN[:10], (5, 4), "cut short"),
        (OWN, (4, 4), "not of a picture of 4x4"),
        (b"\xff" * 30, (5, 4), "not of a picture"),
        (OWN[:4] + b"\xff" * 30, (5, 4), "longer than their picture"),
    ],
)
def test_refuses_what_is_damaged(data: bytes, size: tuple[int, int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        unpacked(data, size)

"""Pixels become one kind of tensor, whatever camera they came from."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.errors import BadPicture
from models.preprocess import Preprocessor


def test_the_tensor_is_reused_uint8_nhwc() -> None:
    preprocess = Preprocessor(64, 32)
    first = preprocess(np.full((100, 200, 3), 9, np.uint8))
    assert first.shape == (1, 32, 64, 3) and first.dtype == np.uint8 and (first == 9).all()
    assert preprocess(np.full((100, 200, 3), 7, np.uint8)) is first and (first == 7).all()


def test_channels_stay_bgr() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, :] = (10, 20, 30)
    assert Preprocessor(32, 32)(picture)[0, 5, 5].tolist() == [10, 20, 30]


def test_gray_equals_its_three_channel_twin_bit_for_bit() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (123, 211)).astype(np.uint8)
    colour = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    assert np.array_equal(Preprocessor(64, 48)(gray), Preprocessor(64, 48)(np.asarray(colour, np.uint8)))


def test_a_line_thinner_than_the_step_survives_shrinking() -> None:
    for x in range(100, 110):
        picture = np.zeros((800, 800), np.uint8)
        picture[:, x] = 255
        assert Preprocessor(160, 160)(picture).max() >= 50


def test_a_write_protected_view_is_read_and_not_kept() -> None:
    whole = np.random.default_rng(1).integers(0, 256, (90, 90, 3)).astype(np.uint8)
    whole.flags.writeable = False
    view = whole[10:80, 5:75]
    before = whole.copy()
    tensor = Preprocessor(32, 32)(view)
    assert np.array_equal(tensor, Preprocessor(32, 32)(view.copy())) and np.array_equal(whole, before)


def test_a_small_picture_is_enlarged() -> None:
    assert Preprocessor(64, 64)(np.full((16, 16), 200, np.uint8)).min() == 200


@pytest.mark.parametrize("shape", [(64,), (64, 64, 1), (64, 64, 2), (64, 64, 4), (15, 64), (64, 15, 3), (0, 0, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadPicture):
        Preprocessor(32, 32)(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.int8, np.bool_])
def test_other_types_are_refused_not_scaled(dtype: type) -> None:
    with pytest.raises(BadPicture, match="8 bit"):
        Preprocessor(32, 32)(np.zeros((64, 64, 3), dtype))

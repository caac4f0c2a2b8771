"""A lamp that is off, a lens that was knocked, a shutter left open: found; a part that looks unusual: not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.decision import Unfit
from models.errors import PackageError
from models.manifest import QualityEntry
from models.quality import Gate, Quality, load_gate, measure, seen_in
from tests.fakes.packages import npy

Tensor = NDArray[np.uint8]


def a_part(seed: int = 0, light: float = 1.0) -> Tensor:
    """A bright square with texture on a dark belt, as a network input."""
    rng = np.random.default_rng(seed)
    picture = np.full((128, 128, 3), 40.0)
    picture[32:96, 32:96] = 170
    picture += rng.normal(0, 4, picture.shape)
    return np.clip(picture * light, 0, 255).astype(np.uint8)[np.newaxis]


GATE = Gate(*seen_in([measure(a_part(seed, light)) for seed, light in ((1, 0.9), (2, 1.0), (3, 1.1))], "reference.npy"))


def moved(tensor: Tensor, x: int, y: int) -> Tensor:
    return np.asarray(np.roll(tensor, (y, x), axis=(1, 2)), np.uint8)


def blurred(tensor: Tensor, sigma: float) -> Tensor:
    return np.asarray(cv2.GaussianBlur(tensor[0], (0, 0), sigma), np.uint8)[np.newaxis]


@pytest.mark.parametrize("seed", range(5))
def test_a_good_picture_is_fit(seed: int) -> None:
    assert GATE(a_part(seed)) is None


def test_a_large_defect_is_the_model_s_affair() -> None:
    broken = a_part()
    broken[0, 32:48, 32:48] = 40
    assert GATE(broken) is None


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (np.zeros((1, 128, 128, 3), np.uint8), Unfit.DARK),
        (a_part(light=0.4), Unfit.DARK),
        (np.full((1, 128, 128, 3), 255, np.uint8), Unfit.BRIGHT),
        (a_part(light=3.0), Unfit.BRIGHT),
        (np.full((1, 128, 128, 3), 75, np.uint8), Unfit.FLAT),
        (blurred(a_part(), 1.5), Unfit.BLURRED),
        (blurred(a_part(), 6.0), Unfit.BLURRED),
        (moved(a_part(), 16, 0), Unfit.MOVED),
        (moved(a_part(), 0, -16), Unfit.MOVED),
    ],
)
def test_a_picture_that_proves_nothing_is_not_fit(picture: Tensor, why: Unfit) -> None:
    assert GATE(picture) is why


def test_a_dimmer_lamp_is_not_a_blurred_lens() -> None:
    sharp, dim = measure(a_part()), measure(a_part(light=0.7))
    assert dim.focus == pytest.approx(sharp.focus, rel=0.1)


def test_place_is_not_taught_where_good_parts_lie_anywhere() -> None:
    entry, reference = seen_in([measure(moved(a_part(seed), 12 * seed, 0)) for seed in range(6)], "reference.npy")
    assert (entry.reference, entry.likeness, reference) == (None, None, None)
    assert Gate(entry, None)(moved(a_part(), 0, 40)) is None


gray = st.floats(0, 255)
thumbnails = st.sampled_from([measure(a_part(seed, 0.8 + seed / 10)).thumbnail for seed in range(5)])
pictures = st.builds(
    Quality, light=gray, contrast=gray, saturated=st.floats(0, 1), focus=st.floats(0, 50), thumbnail=thumbnails
)


@given(st.lists(pictures, min_size=1, max_size=8))
def test_every_picture_that_taught_the_limits_is_fit(taught: list[Quality]) -> None:
    gate = Gate(*seen_in(taught, "reference.npy"))
    assert [gate.of(one) for one in taught] == [None] * len(taught)


@pytest.mark.parametrize(
    "wrong",
    [
        {"light": (200.0, 100.0)},
        {"light": (0.0, 300.0)},
        {"reference": "r.npy"},
        {"reference": "r.npy", "likeness": (0.9, 0.8)},
    ],
)
def test_limits_that_contradict_themselves_are_refused(wrong: dict[str, object]) -> None:
    right = {"light": (90.0, 100.0), "contrast_min": 1.0, "saturated_max": 0.0, "focus_min": 0.1}
    with pytest.raises(ValueError, match=r"light must|given together|must not be above"):
        QualityEntry.model_validate({**right, "reference": None, "likeness": None, **wrong})


def test_a_reference_of_another_size_is_refused() -> None:
    entry = QualityEntry(
        light=(0, 255), contrast_min=0, saturated_max=1, focus_min=0, reference="r.npy", likeness=(0.9, 0.95)
    )
    with pytest.raises(PackageError, match="no thumbnail"):
        load_gate(entry, {"r.npy": npy(np.ones(100, np.float32))})

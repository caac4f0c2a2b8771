"""A lamp that is off, a lens that was knocked, a shutter left open: found; a part that looks unusual: not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.decision import Unfit
from models.errors import PackageError
from models.manifest import QualityEntry
from models.quality import Gate, Quality, load_gate, measure, on_station, reduced, seen_in, taught_by
from tests.fakes.packages import npy

Picture = NDArray[np.uint8]


def a_part(seed: int = 0, light: float = 1.0) -> Picture:
    """A bright square with texture on a dark belt, small as the gate sees it."""
    rng = np.random.default_rng(seed)
    picture = np.full((128, 128, 3), 40.0)
    picture[32:96, 32:96] = (150, 170, 180)
    picture += rng.normal(0, 4, picture.shape)
    return np.asarray(np.clip(picture * light, 0, 255), np.uint8)


TAUGHT = [measure(a_part(seed, light)) for seed, light in ((1, 0.9), (2, 1.0), (3, 1.1))]
GATE = Gate(*taught_by(TAUGHT, "reference.npy"))


def judged(picture: Picture) -> Unfit | None:
    return GATE.of(GATE.measure(picture))


def moved(picture: Picture, x: int, y: int) -> Picture:
    return np.asarray(np.roll(picture, (y, x), axis=(0, 1)), np.uint8)


def blurred(picture: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def white_balance(picture: Picture, blue: float, red: float) -> Picture:
    return np.asarray(np.clip(picture * np.array([blue, 1.0, red]), 0, 255), np.uint8)


def lost(picture: Picture, rows: slice, columns: slice = slice(None)) -> Picture:
    """The picture with some of its rows or columns dead."""
    torn = picture.copy()
    torn[rows, columns] = 0
    return torn


def contrasty(black: int, white: int) -> Picture:
    """The part with its belt or its face driven to an end, at the light it had."""
    picture = a_part()
    face = np.zeros((128, 128), np.bool_)
    face[32:96, 32:96] = True
    picture[~face] = np.clip(picture[~face].astype(np.int16) + black, 0, 255)
    picture[face] = np.clip(picture[face].astype(np.int16) + white, 0, 255)
    return picture


@pytest.mark.parametrize("seed", range(5))
def test_a_good_picture_is_fit(seed: int) -> None:
    assert judged(a_part(seed)) is None


def test_a_large_defect_is_the_model_s_affair() -> None:
    broken = a_part()
    broken[32:48, 32:48] = 40
    assert judged(broken) is None


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (np.zeros((128, 128, 3), np.uint8), Unfit.DARK),
        (a_part(light=0.4), Unfit.DARK),
        (a_part(light=0.5), Unfit.DARK),
        (np.full((128, 128, 3), 255, np.uint8), Unfit.BRIGHT),
        (a_part(light=3.0), Unfit.BRIGHT),
        (contrasty(-45, 40), Unfit.UNDEREXPOSED),
        (contrasty(0, 110), Unfit.OVEREXPOSED),
        (np.full((128, 128, 3), 75, np.uint8), Unfit.FLAT),
        (white_balance(a_part(), 0.8, 1.0), Unfit.DISCOLOURED),
        (white_balance(a_part(), 1.0, 1.2), Unfit.DISCOLOURED),
        (white_balance(a_part(), 1.15, 0.85), Unfit.DISCOLOURED),
        (lost(a_part(), slice(64, 128)), Unfit.INCOMPLETE),
        (lost(a_part(), slice(0, 10)), Unfit.INCOMPLETE),
        (lost(a_part(), slice(None), slice(100, 128)), Unfit.INCOMPLETE),
        (blurred(a_part(), 1.5), Unfit.BLURRED),
        (blurred(a_part(), 6.0), Unfit.BLURRED),
        (moved(a_part(), 16, 0), Unfit.MOVED),
        (moved(a_part(), 0, -16), Unfit.MOVED),
    ],
)
def test_a_picture_that_proves_nothing_is_not_fit(picture: Picture, why: Unfit) -> None:
    assert judged(picture) is why


def test_a_gray_picture_is_judged_like_the_same_in_three_channels() -> None:
    gray = np.asarray(cv2.cvtColor(a_part(), cv2.COLOR_BGR2GRAY), np.uint8)
    colour = np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), np.uint8)
    of_gray, of_colour = measure(gray), measure(colour)
    assert of_gray.tint == of_colour.tint == (0.0, 0.0)
    assert (of_gray.light, of_gray.focus, of_gray.blank) == (of_colour.light, of_colour.focus, of_colour.blank)


def test_more_light_is_no_other_colour() -> None:
    dim, light = measure(a_part(light=0.7)), measure(a_part(light=1.2))
    assert dim.tint == pytest.approx(light.tint, abs=0.02)


@dataclass(frozen=True)
class At:
    shift_px: float
    angle_deg: float


@pytest.mark.parametrize(
    ("pose", "why"),
    [
        (At(0, 0), None),
        (At(9, -3), None),
        (At(25, 0), Unfit.DISPLACED),
        (At(0, 9), Unfit.DISPLACED),
        (At(0, -9), Unfit.DISPLACED),
        (None, None),
    ],
)
def test_a_part_further_off_than_any_that_was_taught_is_not_fit(pose: At | None, why: Unfit | None) -> None:
    taught = [measure(a_part(seed), At(2.0 * seed, -seed)) for seed in range(5)]
    assert seen_in(taught).pose_max == (8.0, 4.0)
    gate = Gate(*taught_by(taught, "reference.npy"))
    assert gate.of(measure(a_part(), pose)) is why


def test_without_alignment_no_pose_is_taught() -> None:
    assert taught_by(TAUGHT, "reference.npy")[0].pose_max is None


def test_a_package_that_never_measured_a_thing_does_not_ask_for_it() -> None:
    old = QualityEntry(light=(80, 110), contrast_min=40, saturated_max=0, focus_min=0.01)
    gate = Gate(old, None)
    for spoiled in (white_balance(a_part(), 1.0, 1.3), lost(a_part(), slice(0, 10))):
        assert gate.of(gate.measure(spoiled)) is None


def test_the_limits_hold_for_the_size_they_were_measured_at() -> None:
    large = np.asarray(cv2.resize(a_part(), (1280, 960), interpolation=cv2.INTER_CUBIC), np.uint8)
    assert reduced(large).shape == (240, 320, 3)
    assert reduced(large[:, :, 0], 160).shape == (120, 160)
    assert reduced(a_part()) is not None and reduced(a_part()).shape == (128, 128, 3)
    assert GATE.measure(large).focus == measure(reduced(large)).focus
    untold = Gate(QualityEntry(light=(80, 110), contrast_min=40, saturated_max=0, focus_min=0.01), None)
    assert untold.measure(large).focus == measure(large).focus


def test_a_station_learns_its_own_limits_from_golden_parts() -> None:
    package, reference = taught_by(TAUGHT, "reference.npy")
    dimmer = [measure(a_part(seed, 0.6)) for seed in range(5)]
    entry = on_station(package, seen_in(dimmer))
    assert (entry.reference, entry.likeness) == (package.reference, package.likeness)
    gate = Gate(entry, reference)
    assert gate.of(measure(a_part(9, 0.6))) is None and GATE.of(measure(a_part(9, 0.55))) is Unfit.DARK
    assert gate.of(measure(a_part(9, 1.1))) is Unfit.BRIGHT
    assert gate.of(measure(moved(a_part(9, 0.6), 16, 0))) is Unfit.MOVED


def test_too_few_golden_parts_teach_nothing() -> None:
    with pytest.raises(ValueError, match="4 golden parts were measured, 5 are the least"):
        seen_in([measure(a_part(seed)) for seed in range(4)])


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda seed: a_part(seed, 0.3), "light"),
        (lambda seed: blurred(a_part(seed), 2.0), "focus"),
        (lambda _: contrasty(0, 110), "white pixels"),
        (lambda _: contrasty(-45, 40), "black pixels"),
    ],
)
def test_a_broken_lamp_or_lens_cannot_be_taught_as_normal(spoil: Callable[[int], Picture], what: str) -> None:
    package, _ = taught_by(TAUGHT, "reference.npy")
    with pytest.raises(PackageError, match=f"differ too far from the training pictures in .*{what}"):
        on_station(package, seen_in([measure(spoil(seed)) for seed in range(5)]))


def test_good_pictures_of_many_lights_teach_only_what_lies_beyond_them_all() -> None:
    gate = Gate(*taught_by([measure(a_part(seed, light)) for seed, light in ((1, 0.5), (2, 0.8), (3, 1.2))], "r.npy"))
    found = [gate.of(measure(a_part(4, light))) for light in (0.4, 0.45, 0.8, 1.3, 1.5)]
    assert found == [Unfit.DARK, None, None, None, Unfit.BRIGHT]


def test_a_dimmer_lamp_is_not_a_blurred_lens() -> None:
    sharp, dim = measure(a_part()), measure(a_part(light=0.7))
    assert dim.focus == pytest.approx(sharp.focus, rel=0.1)


def test_place_is_not_taught_where_good_parts_lie_anywhere() -> None:
    entry, reference = taught_by([measure(moved(a_part(seed), 12 * seed, 0)) for seed in range(6)], "reference.npy")
    assert (entry.reference, entry.likeness, reference) == (None, None, None)
    assert Gate(entry, None).of(measure(moved(a_part(), 0, 40))) is None


gray = st.floats(0, 255)
thumbnails = st.sampled_from([measure(a_part(seed, 0.8 + seed / 10)).thumbnail for seed in range(5)])
pictures = st.builds(
    Quality,
    light=gray,
    contrast=gray,
    saturated=st.floats(0, 1),
    focus=st.floats(0, 50),
    thumbnail=thumbnails,
    blackened=st.floats(0, 1),
    tint=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
    blank=st.floats(0, 1),
    shift_px=st.none() | st.floats(0, 2000),
    angle_deg=st.none() | st.floats(-180, 180),
)


@given(st.lists(pictures, min_size=1, max_size=8))
def test_every_picture_that_taught_the_limits_is_fit(taught: list[Quality]) -> None:
    gate = Gate(*taught_by(taught, "reference.npy"))
    assert [gate.of(one) for one in taught] == [None] * len(taught)


@pytest.mark.parametrize(
    "wrong",
    [
        {"light": (200.0, 100.0)},
        {"light": (0.0, 300.0)},
        {"reference": "r.npy"},
        {"reference": "r.npy", "likeness": (0.9, 0.8)},
        {"light_median": 101.0},
        {"tint": (0.1, 0.0, 0.0, 0.1)},
        {"pose_max": (-1.0, 2.0)},
    ],
)
def test_limits_that_contradict_themselves_are_refused(wrong: dict[str, object]) -> None:
    right = {"light": (90.0, 100.0), "contrast_min": 1.0, "saturated_max": 0.0, "focus_min": 0.1}
    with pytest.raises(ValueError, match=r"light must|given together|must not be|must rise|must lie"):
        QualityEntry.model_validate({**right, "reference": None, "likeness": None, **wrong})


def test_a_reference_of_another_size_is_refused() -> None:
    entry = QualityEntry(
        light=(0, 255), contrast_min=0, saturated_max=1, focus_min=0, reference="r.npy", likeness=(0.9, 0.95)
    )
    with pytest.raises(PackageError, match="no thumbnail"):
        load_gate(entry, {"r.npy": npy(np.ones(100, np.float32))})

"""Series are found by what a part's surface shows, and parts that only look alike make none."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.fakes.exposures import Image, exposure, part
from training.check.look import Look
from training.check.series import Series, SeriesKind, find_series
from training.progress import Progress


def _look(index: int, image: Image) -> Look:
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image, np.uint8)
    small = np.asarray(cv2.resize(gray, (96, 96), interpolation=cv2.INTER_AREA), np.uint8)
    name = f"{index:03}.png"
    pixels = f"{image.shape}{hash(image.tobytes())}"
    return Look(Path(name), name, pixels=pixels, size=(image.shape[1], image.shape[0]), thumbnail=small)


def _found(images: Sequence[Image]) -> tuple[Series, ...]:
    looks = [_look(index, image) for index, image in enumerate(images)]
    return find_series(looks, lambda index: images[index], Progress(io.StringIO()))


@pytest.fixture(scope="module")
def parts() -> tuple[Image, ...]:
    """Thirty parts of one product that all look alike."""
    return tuple(part(9, number) for number in range(30))


def test_parts_that_only_look_alike_are_no_series(parts: tuple[Image, ...]) -> None:
    assert _found(parts) == ()


def test_exposures_of_one_part_are_found_among_parts_that_look_alike(parts: tuple[Image, ...]) -> None:
    rng = np.random.default_rng(3)
    again = [exposure(parts[number], rng) for number in (4, 4, 4, 17, 17, 28)]
    series = _found([*parts, *again])
    assert [one.members for one in series] == [(4, 30, 31, 32), (17, 33, 34), (28, 35)]
    assert {one.kind for one in series} <= {SeriesKind.EXPOSURE, SeriesKind.NEAR}


def test_a_picture_saved_smaller_and_brighter_is_near(parts: tuple[Image, ...]) -> None:
    small = cv2.resize(parts[7], None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    (series,) = _found([*parts, np.asarray(cv2.convertScaleAbs(small, alpha=1.05, beta=2), np.uint8)])
    assert (series.members, series.kind) == ((7, 30), SeriesKind.NEAR)


def test_equal_pixels_are_copies_and_nothing_else(parts: tuple[Image, ...]) -> None:
    series = _found([*parts[:9], parts[3], parts[5], parts[3]])
    assert [(one.members, one.kind) for one in series] == [
        ((3, 9, 11), SeriesKind.COPY),
        ((5, 10), SeriesKind.COPY),
    ]


def test_a_copy_of_a_member_belongs_to_its_series(parts: tuple[Image, ...]) -> None:
    again = exposure(parts[4], np.random.default_rng(3))
    (series,) = _found([*parts, again, parts[4].copy()])
    assert series.members == (4, 30, 31)
    assert series.kind is not SeriesKind.COPY


def test_a_picture_that_cannot_be_read_is_left_out(parts: tuple[Image, ...]) -> None:
    looks = [_look(index, image) for index, image in enumerate((*parts[:9], parts[0]))]
    looks[9] = Look(Path("9"), "9", fault="is cut short; copy it again")

    def read(index: int) -> Image:
        assert index != 9
        return parts[index]

    assert find_series(looks, read, Progress(io.StringIO())) == ()


@pytest.mark.parametrize("count", [0, 1, 7, 8])
def test_very_few_pictures_are_no_trouble(parts: tuple[Image, ...], count: int) -> None:
    assert _found(parts[:count]) == ()


def test_pictures_without_any_texture_are_no_series() -> None:
    assert _found([np.full((64, 64), level, np.uint8) for level in range(0, 200, 10)]) == ()

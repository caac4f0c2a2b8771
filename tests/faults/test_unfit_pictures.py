"""A lamp that fails, a shutter left open, a knocked lens or camera: ERROR or NG, an alarm, and never an OK."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.cameras.flange import draw
from appliance.cameras.flange_defects import KINDS
from models.decision import Unfit
from models.detector import Detector
from tests.fakes.line import DEMO_PACKAGE, okng, write_config

Image = NDArray[np.uint8]
SEED = 977


@pytest.fixture(scope="module")
def detector() -> Iterator[Detector]:
    detector = Detector.load(DEMO_PACKAGE)
    yield detector
    detector.close()


def part(number: int, kind: str | None = None) -> Image:
    return draw(SEED, number, kind=kind).image


def lamp_off(image: Image) -> Image:
    return np.asarray(image * 0.05, np.uint8)


def lamp_dim(image: Image) -> Image:
    return np.asarray(image * 0.4, np.uint8)


def shutter_open(image: Image) -> Image:
    return np.asarray(np.clip(image * 5.0, 0, 255), np.uint8)


def lens_cap(image: Image) -> Image:
    return np.zeros_like(image)


def lens_knocked(image: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 4.0), np.uint8)


def motion(image: Image) -> Image:
    return np.asarray(cv2.blur(image, (25, 1)), np.uint8)


SPOILED = [
    (lamp_off, Unfit.DARK),
    (lamp_dim, Unfit.DARK),
    (lens_cap, Unfit.DARK),
    (shutter_open, Unfit.BRIGHT),
    (lens_knocked, Unfit.BLURRED),
    (motion, Unfit.BLURRED),
]


@pytest.mark.parametrize(("spoil", "why"), SPOILED)
@pytest.mark.parametrize("kind", [None, *KINDS])
def test_a_spoiled_picture_is_found(
    detector: Detector, spoil: Callable[[Image], Image], why: Unfit, kind: str | None
) -> None:
    assert detector.inspect(spoil(part(1, kind))).prepared.unfit is why


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_a_sound_picture_is_fit_whatever_it_shows(detector: Detector, kind: str | None) -> None:
    assert [detector.inspect(part(number, kind)).prepared.unfit for number in range(1, 6)] == [None] * 5


@pytest.mark.parametrize("shift_px", [(96, 0), (-96, 0), (0, 96), (0, -96), (160, 0), (0, 160), (-300, 0)])
@pytest.mark.parametrize("kind", [None, *KINDS])
def test_a_moved_camera_is_found(detector: Detector, shift_px: tuple[int, int], kind: str | None) -> None:
    moved = np.asarray(np.roll(part(1, kind), shift_px, axis=(1, 0)), np.uint8)
    assert detector.inspect(moved).prepared.unfit is Unfit.MOVED


def test_a_station_calls_them_error_and_the_parts_around_them_as_they_are(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    moved = np.asarray(np.roll(part(2), 160, axis=1), np.uint8)
    spoiled = [lens_cap(part(2)), shutter_open(part(3)), lens_knocked(part(4)), moved]
    shown = [part(1), *spoiled, part(5, "chip"), part(6)]
    for number, image in enumerate(shown):
        assert cv2.imwrite(str(pictures / f"{number}.png"), image)
    config = write_config(
        tmp_path / "station.toml",
        station={"state_dir": tmp_path / "state", "armed": True},
        camera={"type": "folder", "path": pictures},
        trigger={"source": "interval", "interval_ms": 100},
        model={"package": DEMO_PACKAGE},
    )
    done = okng("run", "--config", config, "--until-done")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(tmp_path / "state" / "station.db")) as journal:
        rows = journal.execute("SELECT outcome, reason FROM parts ORDER BY seq").fetchall()
    assert rows == [
        ("OK", "score_below_limit"),
        ("ERROR", "picture_dark"),
        ("ERROR", "picture_bright"),
        ("ERROR", "picture_blurred"),
        ("ERROR", "picture_moved"),
        ("NG", "score_above_limit"),
        ("OK", "score_below_limit"),
    ]

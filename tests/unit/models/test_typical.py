import math
from dataclasses import replace

import numpy as np
import pytest

from models.package import open_package
from models.quality import Quality, measure
from models.typical import quality_of, scalars_of, told_of, traits_of, typical_in, typical_of
from tests.fakes.line import DEMO_PACKAGE


def picture(seed: int, *, colour: bool = True) -> Quality:
    pixels = np.random.default_rng(seed).integers(60 + seed, 200, (32, 32, 3) if colour else (32, 32), np.uint8)
    return measure(pixels)


def test_traits_of_a_picture() -> None:
    quality = replace(picture(1), light=120.0, focus=math.e, tint=(-0.1, 0.2), shift_px=3.0)
    assert traits_of(quality) == {
        "light": 120.0,
        "focus": pytest.approx(1.0),
        "colour": pytest.approx(0.3),
        "pose": 3.0,
    }


def test_what_was_not_measured_is_left_out() -> None:
    assert set(traits_of(replace(picture(1, colour=False), focus=0.0))) == {"light"}


def test_typical_needs_eight_pictures_that_differ() -> None:
    rows = [{"light": 100.0 + n, "pose": 2.0} for n in range(9)]
    found = typical_of(rows)
    assert set(found) == {"light"}
    assert (found["light"].mean, found["light"].count) == (104.0, 9)
    assert found["light"].spread == pytest.approx(2.7386, abs=1e-4)
    assert typical_of(rows[:7]) == {}


def test_a_package_tells_of_its_good_pictures() -> None:
    told = told_of([picture(seed) for seed in range(10)])
    assert told is not None
    assert set(told) == {"light", "focus", "colour"}
    assert told["light"][2] == 10
    assert told_of([picture(1)]) is None


def test_the_scores_come_through_the_score_map_of_the_runtime() -> None:
    manifest = open_package(DEMO_PACKAGE).manifest
    found = typical_in(manifest, "onnxruntime")["score"]
    assert found.count == len(manifest.calibration.scores)
    assert 0.0 < found.mean < manifest.limits.ok_below


def test_a_record_gives_back_the_measurement() -> None:
    quality = replace(picture(1), shift_px=1.5, angle_deg=-0.5)
    back = quality_of(scalars_of(quality))
    assert replace(back, thumbnail=quality.thumbnail) == quality
    assert quality_of(scalars_of(picture(2))).shift_px is None

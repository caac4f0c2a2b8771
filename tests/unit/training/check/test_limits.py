"""Limits come from chance, hold where chance says nothing, and let no lone sign pass."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from training.check.likeness import NOTHING_ALIKE, Likeness
from training.check.limits import Limits, limits_from

_CLEAREST = 120.0


def _chance(seed: int, count: int = 600, peak: float = 9.0, spread: float = 0.15) -> list[Likeness]:
    rng = np.random.default_rng(seed)
    return [
        Likeness(0.05, float(rng.normal(-0.15, 0.05)), math.exp(rng.normal(math.log(peak), spread)), 1.0)
        for _ in range(count)
    ]


def _one_part(count: int) -> list[Likeness]:
    return [Likeness(0.9, 0.8, 90.0, 1.0)] * count


@pytest.mark.parametrize("seed", range(5))
def test_chance_alone_passes_nothing(seed: int) -> None:
    limits = limits_from(_chance(seed), _CLEAREST, 20_000)
    assert not any(limits.passed_by(replace(like, agreement=1.0)) for like in _chance(seed + 100, 20_000))


def test_more_candidates_ask_for_more() -> None:
    few, many = (limits_from(_chance(1), _CLEAREST, tests) for tests in (100, 1_000_000))
    assert few.peak < many.peak and few.worn_peak < many.worn_peak


def test_pairs_of_one_part_drawn_by_chance_hide_nothing() -> None:
    limits = limits_from([*_chance(1, 500), *_one_part(100)], _CLEAREST, 10_000)
    assert limits.passed_by(_one_part(1)[0])


def test_half_of_the_clearest_peak_is_always_enough() -> None:
    limits = limits_from(_chance(1, peak=50, spread=0.4), _CLEAREST, 10_000)
    assert limits.peak == _CLEAREST / 2
    assert limits.worn_peak > _CLEAREST / 2


def test_each_sign_is_needed() -> None:
    limits = limits_from(_chance(1), _CLEAREST, 10_000)
    good = Likeness(0.8, 0.6, 80.0, 0.9)
    assert limits.passed_by(good)
    assert not limits.passed_by(replace(good, peak=limits.peak - 1))
    assert not limits.passed_by(replace(good, weakest=limits.weakest - 0.01))
    assert not limits.passed_by(replace(good, agreement=0.29))


def test_a_surface_that_wears_must_be_the_same_view() -> None:
    limits = Limits(peak=30, weakest=0.2, worn_peak=40, worn_weakest=-0.05)
    worn = Likeness(0.5, 0.0, 50.0, 0.96)
    assert limits.passed_by(worn)
    assert not limits.passed_by(replace(worn, shared=0.94))
    assert not limits.passed_by(replace(worn, peak=39.0))
    assert not limits.passed_by(replace(worn, weakest=-0.06))


def test_nothing_known_of_chance_still_gives_limits() -> None:
    limits = limits_from([NOTHING_ALIKE], _CLEAREST, 0)
    assert limits.passed_by(_one_part(1)[0])
    assert not limits.passed_by(NOTHING_ALIKE)

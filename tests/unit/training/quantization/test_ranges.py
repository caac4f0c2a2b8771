"""Ranges of activations: zero lies on the grid, extremes keep everything, the other rules cut rare values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.quantization.observe import Values
from training.quantization.plan import RangeRule
from training.quantization.ranges import on_grid, range_of


def seen(outlier: float) -> Values:
    values = Values()
    rng = np.random.default_rng(0)
    for _ in range(20):
        values.add(rng.normal(0, 1, (4, 8, 8)).astype(np.float32), rng)
    values.add(np.full((1, 1, 1), outlier, np.float32), np.random.default_rng(0))
    values.some[-1] = values.some[-1][:1]
    return values


def test_extremes_keep_what_was_seen_once() -> None:
    assert range_of(seen(40.0), "extremes")[1] == 40.0


@pytest.mark.parametrize(("rule", "outlier"), [("percentile", 40.0), ("squares", 8.0)])
def test_the_other_rules_cut_what_is_rare(rule: RangeRule, outlier: float) -> None:
    low, high = range_of(seen(outlier), rule)
    assert low < -1.5 and 2.0 < high < outlier


def test_least_squares_never_does_worse_than_extremes() -> None:
    values = seen(15.0)
    some = np.concatenate(values.some)
    costs = [float(np.square(some - on_grid(some, *range_of(values, rule))).sum()) for rule in ("squares", "extremes")]
    assert costs[0] <= costs[1]


@given(st.floats(-50, 0), st.floats(0.01, 50))
def test_zero_is_expressed_exactly_and_saturation_ends_at_the_range(low: float, high: float) -> None:
    step = (high - low) / 255 or 1.0
    assert on_grid(np.zeros(1, np.float32), low, high)[0] == 0
    ends = on_grid(np.array([-1e6, 1e6], np.float32), low, high)
    assert ends == pytest.approx([low, high], abs=max(1e-4, step))  # the grid is moved by up to half a step


def test_a_map_of_zeros_has_a_range_that_can_be_used() -> None:
    values = Values()
    values.add(np.zeros((2, 3, 3), np.float32), np.random.default_rng(0))
    assert range_of(values, "squares") == (0.0, 0.0)
    assert on_grid(np.zeros(3, np.float32), 0.0, 0.0).tolist() == [0, 0, 0]

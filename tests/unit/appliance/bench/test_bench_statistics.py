"""The figures told of raw values, against values known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.bench.line_time import line_time
from appliance.bench.statistics import percentiles, slope


def test_percentiles_are_values_that_were_measured() -> None:
    found = percentiles([float(n) for n in range(1000, 0, -1)])
    assert found is not None
    assert (found.count, found.p50, found.p95, found.p99, found.p99_9, found.max) == (1000, 500, 950, 990, 999, 1000)


def test_of_few_values_the_high_percentiles_are_the_highest() -> None:
    found = percentiles([3.0, 1.0])
    assert found is not None
    assert (found.p50, found.p95, found.p99_9, found.max) == (1.0, 3.0, 3.0, 3.0)


def test_nothing_measured_is_no_figure() -> None:
    assert percentiles([]) is None
    assert slope([], []) is None
    assert slope([1.0] * 20, list(range(20))) is None


def test_a_straight_line_is_its_own_bound() -> None:
    found = slope([float(n) for n in range(50)], [7.0 + 2.5 * n for n in range(50)])
    assert found is not None
    assert found.value == pytest.approx(2.5)
    assert found.upper95 == pytest.approx(2.5)


def test_the_bound_covers_the_true_slope_of_noisy_points() -> None:
    chance, x = np.random.default_rng(3), np.arange(200.0)
    below = 0
    for _ in range(400):
        found = slope(list(x), list(0.5 * x + chance.normal(0, 20, 200)))
        assert found is not None
        below += found.upper95 < 0.5
    assert below / 400 <= 0.08, "more than 5 % (and some chance) of the bounds are too low"


def test_steps_widen_the_bound() -> None:
    """Memory grows by pages: points that hang together prove less than as many that do not."""
    x = [float(n) for n in range(100)]
    steps = [float(n // 25) for n in range(100)]
    shuffled = slope(x, [value + (0.5 if n % 2 else -0.5) for n, value in enumerate(x)])
    together = slope(x, steps)
    assert together is not None and shuffled is not None
    assert together.upper95 - together.value > 2 * 1.645 * 0.01 * together.value
    assert shuffled.upper95 > shuffled.value


def test_the_wire_time_follows_from_bytes_and_silences() -> None:
    wire = line_time(115_200)
    assert wire.exchange_ms == pytest.approx((58 * 10 / 115_200 + 2 * 0.00175) * 1000)
    assert wire.part_ms == pytest.approx(2 * wire.exchange_ms + 3 * (16 * 10 / 115_200 + 0.0035) * 1000)
    assert line_time(9_600).exchange_ms > 60

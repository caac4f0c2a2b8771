"""Bounds for every limit at once: by published tables, rational arithmetic, another algorithm, and simulation."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bands import LINES, any_limit_bound, crossing, intercept, scores_needed
from models.intervals import upper_bound
from tests.fakes.coverage import DRAWS, most_failures


def rational_crossing(n: int, start: Fraction, slope: Fraction) -> Fraction:
    """The same probability from the chain of counts below each point of the line, without any rounding."""
    counts, before = {0: Fraction(1)}, Fraction(0)
    for k in range(n):
        line = min(start + slope * k / n, Fraction(1))
        after: dict[int, Fraction] = {}
        for below, weight in counts.items():
            share = (line - before) / (1 - before) if before < 1 else Fraction(0)
            left = n - below
            for more in range(left + 1):
                chance = math.comb(left, more) * share**more * (1 - share) ** (left - more)
                if below + more > k:
                    after[below + more] = after.get(below + more, Fraction(0)) + weight * chance
        counts, before = after, line
    return 1 - sum(counts.values(), Fraction(0))


@pytest.mark.parametrize("n", [1, 2, 5, 12])
@pytest.mark.parametrize(("start", "slope"), [("1/10", "2"), ("3/10", "5/4"), ("1/4", "1"), ("1/2", "2")])
def test_the_closed_form_is_that_of_rational_arithmetic(n: int, start: str, slope: str) -> None:
    exact = rational_crossing(n, Fraction(start), Fraction(slope))
    assert crossing(n, float(Fraction(start)), float(Fraction(slope))) == pytest.approx(float(exact), rel=1e-12)


def poisson_crossing(n: int, start: float, slope: float) -> float:
    """By a Poisson process that is held to n points (Moscovich & Nadler 2017), without their transform."""
    weights, before = np.zeros(n + 1), 0.0
    weights[0] = 1.0
    for k in range(n):
        line = min(start + slope * k / n, 1.0)
        if line > before:
            jumps = np.arange(n + 1)
            mean = n * (line - before)
            factorials = np.array([math.lgamma(jump + 1) for jump in range(n + 1)])
            weights = np.convolve(weights, np.exp(-mean + jumps * math.log(mean) - factorials))[: n + 1]
        weights[: k + 1] = 0.0
        before = line
    left = n * (1.0 - before)
    rest = np.array(
        [math.exp(-left + j * math.log(left) - math.lgamma(j + 1)) if left else 0.0**j for j in range(n + 1)]
    )
    total = float(weights @ rest[::-1])
    return 1.0 - total / math.exp(-n + n * math.log(n) - math.lgamma(n + 1))


@pytest.mark.parametrize(("n", "slope"), [(60, 2.0), (300, 2.0), (300, 1.25)])
def test_the_closed_form_is_that_of_another_algorithm(n: int, slope: float) -> None:
    start = intercept(n, slope, 0.04)
    assert crossing(n, start, slope) == pytest.approx(poisson_crossing(n, start, slope), rel=1e-8)


@pytest.mark.parametrize(
    ("n", "published"), [(5, 0.5094), (8, 0.4096), (10, 0.3687), (20, 0.2647), (40, 0.1891), (50, 0.1696)]
)
def test_birnbaum_and_tingeys_table(n: int, published: float) -> None:
    """The one-sided Kolmogorov-Smirnov limits at 5 % are the line of slope 1."""
    assert intercept(n, 1.0, 0.05) == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize("n", [1, 20, 500, 20_000])
@pytest.mark.parametrize("delta", [0.05, 0.04, 0.01, 0.0005])
def test_a_line_is_crossed_no_more_often_than_was_asked(n: int, delta: float) -> None:
    for slope, _ in LINES:
        start = intercept(n, slope, delta)
        assert delta * (1 - 1e-9) <= crossing(n, start, slope) <= delta or start == 1.0
    assert math.fsum(share for _, share in LINES) == pytest.approx(1.0, abs=1e-15)


def test_the_sum_that_stops_early_is_the_whole_sum() -> None:
    n, start, slope = 3000, 4.04 / 3000, 2.0
    whole = 0.0
    for k in range(n):
        line = start + slope * k / n
        if line < 1.0:
            ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
            whole += math.exp(ways + math.log(start) + (k - 1) * math.log(line) + (n - k) * math.log1p(-line))
    assert crossing(n, start, slope) == pytest.approx(whole, rel=1e-9)


@given(st.integers(1, 120).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_bound_for_any_limit_is_never_below_the_one_for_a_fixed_limit(case: tuple[int, int]) -> None:
    k, n = case
    assert upper_bound(k, n) <= any_limit_bound(k, n) <= 1.0
    assert any_limit_bound(k, n) <= any_limit_bound(k, n, 0.99)


@pytest.mark.parametrize(("events", "rate"), [(0, 0.005), (0, 0.05), (3, 0.01), (20, 0.05)])
def test_the_fewest_scores_are_the_fewest(events: int, rate: float) -> None:
    needed = scores_needed(rate, events)
    assert any_limit_bound(events, needed) <= rate < any_limit_bound(events, needed - 1)


def test_what_it_costs_to_choose_afterwards() -> None:
    """0.5 % takes 803 pictures where the limit was chosen on them, 598 where it stood before."""
    assert scores_needed(0.005, 0) == 803


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        any_limit_bound(6, 5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        scores_needed(1.0, 0)


def _lowest_first(n: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """`(DRAWS, n)`: each row the exceedance probabilities of the highest, second highest, … score."""
    return np.sort(np.random.default_rng(seed).random((DRAWS, n)), axis=1)


@pytest.mark.parametrize("n", [1, 5, 31, 180, 600])
@pytest.mark.parametrize("confidence", [0.95, 0.95 + 0.05 * 7 / 8])
def test_no_chooser_of_a_limit_breaks_the_bound(n: int, confidence: float) -> None:
    """The worst adversary knows the truth: he takes the limit at which the bound fails, wherever there is one."""
    bounds = np.array([any_limit_bound(k, n, confidence) for k in range(n)])
    failures = int((_lowest_first(n, n) > bounds).any(axis=1).sum())
    assert failures <= most_failures(1.0 - confidence)


def test_the_plain_bound_is_broken_by_a_chooser() -> None:
    """The same simulation with the bound for a fixed limit goes red: the test can fail."""
    n = 180
    bounds = np.array([upper_bound(k, n) for k in range(n)])
    failures = int((_lowest_first(n, 1) > bounds).any(axis=1).sum())
    assert failures > 2 * most_failures()


@pytest.mark.parametrize("rank", [0, 1, 5])
def test_the_plain_bound_holds_for_a_rank_fixed_before(rank: int) -> None:
    failures = int((_lowest_first(180, 2)[:, rank] > upper_bound(rank, 180)).sum())
    assert failures <= most_failures()
    assert failures > 0.03 * DRAWS, "an exact bound fails in 5 % of all samples, not in none"


def test_scores_that_take_few_values_do_not_break_the_bound() -> None:
    """A law with steps: the score is a whole number from 0 to 9, each with a tenth of the parts."""
    scores = np.random.default_rng(3).integers(0, 10, (DRAWS, 60))
    failed = np.zeros(DRAWS, np.bool_)
    for limit in range(1, 10):
        above = (scores >= limit).sum(axis=1)
        bounds = np.array([any_limit_bound(k, 60) for k in range(61)])
        failed |= 1.0 - limit / 10 > bounds[above]
    assert int(failed.sum()) <= most_failures()

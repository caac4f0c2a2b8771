"""Exact bounds against published values, against rational arithmetic, and against their own definition."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.intervals import binomial_cdf, lower_bound, trials_needed, two_sided, upper_bound


def exact_cdf(k: int, n: int, p: float) -> Fraction:
    """The binomial distribution of the very number `p`, without any rounding."""
    share = Fraction(p)
    return sum((comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(k + 1)), Fraction(0))


@pytest.mark.parametrize(("rate", "needed"), [(0.005, 598), (0.01, 299), (0.02, 149), (0.05, 59), (0.1, 29)])
def test_known_numbers_of_good_parts(rate: float, needed: int) -> None:
    assert trials_needed(rate) == needed
    assert upper_bound(0, needed) <= rate < upper_bound(0, needed - 1)


def test_wilks_sample_sizes_for_95_of_100_at_95_of_100() -> None:
    """Wilks' formula of the first to the fifth order, as nuclear safety analysis uses it: 59, 93, 124, 153, 181."""
    assert [trials_needed(0.05, events) for events in range(5)] == [59, 93, 124, 153, 181]


def test_published_ranks_of_tolerance_limits() -> None:
    """Somerville (1958), for a content of 90 % at 95 %: the m-th largest of n; here r = m - 1 lie above."""
    published = {50: 2, 100: 5, 200: 13, 300: 22, 400: 30, 500: 39, 600: 48, 700: 57, 800: 66, 900: 75, 1000: 85}
    for n, m in published.items():
        assert upper_bound(m - 1, n) <= 0.1 < upper_bound(m, n)


@given(st.integers(0, 8), st.sampled_from([0.005, 0.01, 0.05]))
def test_the_fewest_trials_are_the_fewest(events: int, rate: float) -> None:
    needed = trials_needed(rate, events)
    assert upper_bound(events, needed) <= rate < upper_bound(events, needed - 1)


def test_none_missed_of_twenty_proves_little() -> None:
    assert upper_bound(0, 20) == pytest.approx(0.1391, abs=1e-4)


@pytest.mark.parametrize(
    ("k", "n", "confidence", "low", "high"),
    [
        (0, 10, 0.95, 0.0, 0.3085),
        (1, 10, 0.95, 0.0025, 0.4450),
        (3, 10, 0.95, 0.0667, 0.6525),
        (5, 10, 0.95, 0.1871, 0.8129),
        (10, 10, 0.95, 0.6915, 1.0),
        (0, 31, 0.95, 0.0, 0.1122),
        (4, 20, 0.90, 0.0714, 0.4010),  # NIST/SEMATECH e-Handbook, 7.2.4.1
    ],
)
def test_published_clopper_pearson_intervals(k: int, n: int, confidence: float, low: float, high: float) -> None:
    assert two_sided(k, n, confidence) == pytest.approx((low, high), abs=5e-5)


def test_nothing_tried_proves_nothing() -> None:
    assert two_sided(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        upper_bound(k, n)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1])
def test_a_rate_that_cannot_be_certified_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        trials_needed(rate)


@given(
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.floats(1e-12, 1.0, exclude_max=True),
)
def test_the_distribution_is_that_of_rational_arithmetic(case: tuple[int, int], p: float) -> None:
    k, n = case
    assert binomial_cdf(k, n, p) == pytest.approx(float(exact_cdf(k, n, p)), rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999, 1 - 0.05 / 64])
@pytest.mark.parametrize(("k", "n"), [(0, 1), (0, 2), (1, 2), (6, 7), (25, 50), (0, 400), (3, 400), (60, 120)])
def test_a_bound_is_exact_in_rational_arithmetic(k: int, n: int, confidence: float) -> None:
    bound = upper_bound(k, n, confidence)
    assert float(exact_cdf(k, n, bound * (1 - 1e-9))) > 1 - confidence
    assert float(exact_cdf(k, n, min(bound * (1 + 1e-9), 1.0))) < 1 - confidence


def test_the_ends_of_the_range() -> None:
    assert upper_bound(100_000, 100_000) == 1.0 and lower_bound(0, 100_000) == 0.0
    assert upper_bound(0, 100_000) == pytest.approx(2.99569e-5, rel=1e-5)  # -ln(0.05)/n, and n is large
    assert upper_bound(1, 100_000) == pytest.approx(4.743865e-5, rel=1e-4)  # Poisson: 4.743865 / n
    assert lower_bound(1, 100_000) == pytest.approx(5.129329e-7, rel=1e-5)  # 0.0512933 / n
    assert upper_bound(50_000, 100_000) == pytest.approx(0.5 + 1.644854 * 0.5 / 100_000**0.5, abs=1e-5)
    assert (binomial_cdf(0, 5, 0.0), binomial_cdf(4, 5, 1.0), binomial_cdf(5, 5, 1.0)) == (1.0, 0.0, 1.0)
    assert binomial_cdf(-1, 5, 0.5) == 0.0


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_a_bound_is_where_the_data_become_unlikely(case: tuple[int, int]) -> None:
    k, n = case
    bound = upper_bound(k, n)
    assert k / n <= bound <= 1.0
    assert binomial_cdf(k, n, bound) == pytest.approx(0.05, abs=1e-9)
    assert lower_bound(n - k, n) == pytest.approx(1 - bound)

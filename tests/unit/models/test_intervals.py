"""Exact bounds against values from the literature and against their own definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.intervals import binomial_cdf, lower_bound, trials_needed, two_sided, upper_bound


@pytest.mark.parametrize(("rate", "needed"), [(0.005, 598), (0.01, 299), (0.02, 149), (0.05, 59)])
def test_known_numbers_of_good_parts(rate: float, needed: int) -> None:
    assert trials_needed(rate) == needed
    assert upper_bound(0, needed) <= rate < upper_bound(0, needed - 1)


@given(st.integers(0, 8), st.sampled_from([0.005, 0.01, 0.05]))
def test_the_fewest_trials_are_the_fewest(events: int, rate: float) -> None:
    needed = trials_needed(rate, events)
    assert upper_bound(events, needed) <= rate < upper_bound(events, needed - 1)


def test_none_missed_of_twenty_proves_little() -> None:
    assert upper_bound(0, 20) == pytest.approx(0.1391, abs=1e-4)


def test_published_clopper_pearson_intervals() -> None:
    assert two_sided(3, 10) == pytest.approx((0.0667, 0.6525), abs=1e-4)
    assert two_sided(0, 31) == pytest.approx((0.0, 0.1122), abs=1e-4)


def test_nothing_tried_proves_nothing() -> None:
    assert two_sided(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        upper_bound(k, n)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_a_bound_is_where_the_data_become_unlikely(case: tuple[int, int]) -> None:
    k, n = case
    bound = upper_bound(k, n)
    assert k / n <= bound <= 1.0
    assert binomial_cdf(k, n, bound) == pytest.approx(0.05, abs=1e-6)
    assert lower_bound(n - k, n) == pytest.approx(1 - bound)

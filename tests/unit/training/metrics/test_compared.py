"""What two packages' difference is worth: exact McNemar, and intervals from drawn groups."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.metrics.bootstrap import bootstrap, bootstrap_all
from training.metrics.mcnemar import mcnemar


def test_three_of_three_can_be_chance() -> None:
    assert mcnemar(3, 0) == pytest.approx(0.25) == mcnemar(0, 3)
    assert mcnemar(0, 0) == 1.0 and mcnemar(5, 5) == 1.0
    assert mcnemar(6, 0) == pytest.approx(0.03125)


@given(st.integers(0, 6), st.integers(0, 6))
def test_p_is_the_share_of_tosses_that_are_no_more_even(only_a: int, only_b: int) -> None:
    total = only_a + only_b
    least = min(only_a, only_b)
    tosses = [sum(toss) for toss in product((0, 1), repeat=total)]
    extreme = sum(min(heads, total - heads) <= least for heads in tosses) / len(tosses)
    assert mcnemar(only_a, only_b) == pytest.approx(extreme)


def test_the_interval_of_a_mean_is_about_two_standard_errors_on_each_side() -> None:
    values = np.random.default_rng(1).normal(5.0, 2.0, 400)
    (found,) = bootstrap_all([str(at) for at in range(400)], [lambda weights: float(weights @ values / weights.sum())])
    error = values.std() / 20
    assert found is not None
    assert found[0] == pytest.approx(values.mean() - 1.96 * error, abs=0.3 * error)
    assert found[1] == pytest.approx(values.mean() + 1.96 * error, abs=0.3 * error)


def test_pictures_of_one_group_are_drawn_together_or_not_at_all() -> None:
    groups = ["a", "a", "a", "b", "b", "c"]
    seen: list[np.ndarray] = []

    def keep(weights: np.ndarray) -> float:
        seen.append(weights)
        return 1.0

    assert bootstrap_all(groups, [keep], draws=50) == ((1.0, 1.0),)
    for weights in seen:
        assert len(set(weights[:3])) == 1 and weights[3] == weights[4]
        assert weights[0] + weights[3] + weights[5] == 3
    assert len({tuple(weights) for weights in seen}) > 5


def test_groups_that_err_together_widen_the_interval() -> None:
    right = np.repeat([1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0], 25)

    def share(weights: np.ndarray) -> float:
        return float(weights @ right / weights.sum())

    (alone,) = bootstrap_all([str(at) for at in range(200)], [share])
    (together,) = bootstrap_all([str(at // 25) for at in range(200)], [share])
    assert alone is not None and together is not None
    assert together[1] - together[0] > 3 * (alone[1] - alone[0])


@given(st.permutations(list(range(12))))
def test_the_order_of_pictures_changes_nothing(order: list[int]) -> None:
    values, groups = np.arange(12.0) ** 2, np.array([str(at // 2) for at in range(12)])

    def found(at: list[int]) -> tuple[float, float] | None:
        own = values[at]
        return bootstrap_all(list(groups[at]), [lambda weights: float(weights @ own / weights.sum())], draws=40)[0]

    first, again = found(list(range(12))), found(order)
    assert first is not None and again == pytest.approx(first)


def test_nothing_is_said_of_too_little() -> None:
    assert bootstrap(["a", "a"], lambda weights: 1.0) is None and bootstrap([], lambda weights: 1.0) is None
    # One defective picture of fifty is in 64 % of the draws: the others have no figure, and are left out.
    often, never = bootstrap_all(
        [str(at) for at in range(50)],
        [lambda weights: 2.0 if weights[0] else float("nan"), lambda weights: float("nan")],
    )
    assert often == (2.0, 2.0) and never is None

"""Limits by what errors cost: the cheapest there are, and a promise that holds although they were chosen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.certificate import HeldOut, WorstScores
from models.costs import Costs, propose
from tests.fakes.coverage import most_failures

UNIT = st.lists(st.integers(1, 19).map(lambda twentieths: twentieths / 20), min_size=2, max_size=12)
MONEY = Costs(escape=100.0, reject=2.0, recheck=0.5, defect_rate=0.05)


def found(good: list[float], bad: list[float]) -> HeldOut:
    samples = {"scratch": WorstScores(tuple(sorted(bad)), len(bad))} if bad else {}
    return HeldOut(WorstScores(tuple(sorted(good)), len(good)), samples)


def cost_of(good: list[float], bad: list[float], ok_below: float, ng_from: float, costs: Costs) -> float:
    """Part by part, as the line would pay it."""

    def paid(score: float, defective: bool) -> float:
        if score < ok_below:
            return costs.escape if defective else 0.0
        if score < ng_from:
            return costs.recheck
        return 0.0 if defective else costs.reject

    of_good = sum(paid(score, False) for score in good) / len(good)
    of_bad = sum(paid(score, True) for score in bad) / len(bad)
    return (1 - costs.defect_rate) * of_good + costs.defect_rate * of_bad


@given(UNIT, UNIT)
def test_no_other_limits_are_cheaper(good: list[float], bad: list[float]) -> None:
    best = propose(found(good, bad), MONEY, 0.0, 0.95)
    assert best.expected == pytest.approx(cost_of(good, bad, best.limits.ok_below, best.limits.ng_from, MONEY))
    steps = [step / 40 for step in range(1, 41, 2)] + [1.0]
    for ok_below, ng_from in itertools.combinations_with_replacement(steps, 2):
        assert best.expected <= cost_of(good, bad, ok_below, ng_from, MONEY) + 1e-12


@given(UNIT, UNIT)
def test_the_promise_is_never_below_what_was_seen(good: list[float], bad: list[float]) -> None:
    best = propose(found(good, bad), MONEY, 0.0, 0.95)
    assert best.at_most >= best.expected


def test_limits_stay_within_reach_of_the_score_map() -> None:
    best = propose(found([0.5, 0.6], [0.1, 0.2]), Costs(1000.0, 1.0, 0.5, 0.5), 0.3, 0.95)
    assert best.limits.ok_below > 0.3


def test_the_promise_holds_for_limits_that_were_chosen_on_the_sample() -> None:
    random = np.random.default_rng(3)
    failures, draws = 0, 400
    for _ in range(draws):
        good, bad = random.normal(0.35, 0.1, 60).clip(0.01, 0.99), random.normal(0.6, 0.1, 20).clip(0.01, 0.99)
        best = propose(found(good.tolist(), bad.tolist()), MONEY, 0.0, 0.95)
        later_good, later_bad = random.normal(0.35, 0.1, 2000), random.normal(0.6, 0.1, 2000)
        truth = cost_of(later_good.tolist(), later_bad.tolist(), best.limits.ok_below, best.limits.ng_from, MONEY)
        failures += truth > best.at_most
    assert failures <= most_failures(0.05, draws)


@pytest.mark.parametrize(("good", "bad"), [([0.1], [0.8, 0.9]), ([0.1, 0.2], []), ([0.1, 0.2], [0.9])])
def test_one_kind_alone_weighs_nothing(good: list[float], bad: list[float]) -> None:
    with pytest.raises(ValueError, match="fewer than two"):
        propose(found(good, bad), MONEY, 0.0, 0.95)


@pytest.mark.parametrize(
    "costs", [(1.0, 1.0, 2.0, 0.1), (1.0, 3.0, 2.0, 0.1), (1.0, 1.0, -1.0, 0.1), (1.0, 1.0, 0.5, 0.0)]
)
def test_costs_that_contradict_each_other_are_refused(costs: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match=r"defect rate|recheck"):
        Costs(*costs)

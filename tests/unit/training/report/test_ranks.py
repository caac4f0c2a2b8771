"""Intervals of rankings: none is nothing, perfect is not certain, and noise is called noise."""

from __future__ import annotations

import numpy as np
import pytest

from models.decision import Outcome
from models.intervals import two_sided
from training.report.ranks import RECALLS, Ranged, auroc_difference, auroc_of, precision_curve
from training.report.scored import Scored
from training.report.tried import Contender, verdict
from training.text import same


def scored(good: list[float], bad: list[float], groups: list[str] | None = None) -> Scored:
    labels = ("good",) * len(good) + ("scratch",) * len(bad)
    named = tuple(groups or [str(index) for index in range(len(labels))])
    return Scored(labels, named, np.array([*good, *bad]), (Outcome.OK,) * len(labels))


def test_a_perfect_ranking_has_the_exact_interval_of_its_independent_pairs() -> None:
    found = auroc_of(scored([0.1] * 9, [0.9] * 5))
    assert found is not None and found.value == 1.0
    assert found.interval == (two_sided(5, 5)[0], 1.0) and found.interval[0] == pytest.approx(0.478, abs=0.001)


def test_pictures_of_one_lot_are_one_pair_and_shared_lots_are_none() -> None:
    one = auroc_of(scored([0.1] * 3, [0.9] * 3, ["a", "b", "c", "d", "d", "d"]))
    assert one is not None and one.interval == (two_sided(1, 1)[0], 1.0)
    shared = auroc_of(scored([0.1] * 2, [0.9] * 2, ["a", "a", "a", "a"]))
    assert shared is not None and shared.interval is None


def test_one_kind_alone_ranks_nothing() -> None:
    assert auroc_of(scored([0.1, 0.2], [])) is None and auroc_of(scored([], [0.2])) is None


def test_an_overlap_has_an_interval_around_its_value() -> None:
    rng = np.random.default_rng(0)
    found = auroc_of(scored(list(rng.normal(0, 1, 60)), list(rng.normal(1, 1, 40))))
    assert found is not None and found.interval is not None
    assert 0.5 < found.interval[0] < found.value < found.interval[1] < 1.0


def test_the_curve_falls_to_the_share_of_defects_and_lies_in_its_band() -> None:
    rng = np.random.default_rng(0)
    curve = precision_curve(scored(list(rng.normal(0, 1, 60)), list(rng.normal(1, 1, 40))))
    assert len(curve.precision) == len(RECALLS) and curve.precision[-1] == pytest.approx(0.4, abs=0.1)
    assert (curve.low <= curve.precision + 1e-9).mean() > 0.9 and (curve.precision <= curve.high + 1e-9).mean() > 0.9


def test_a_difference_that_may_be_zero_is_called_noise() -> None:
    rng, bad = np.random.default_rng(0), np.arange(60) >= 40
    groups = tuple(str(index) for index in range(60))
    best, near = bad + rng.normal(0, 0.5, 60), bad + rng.normal(0, 0.5, 60)
    far = rng.normal(0, 0.5, 60)
    noise = Contender(same("near"), 0.9, auroc_difference(best, near, bad, groups))
    worse = Contender(same("far"), 0.5, auroc_difference(best, far, bad, groups))
    chosen = Contender(same("best"), 0.95, None)
    assert "within the noise" in verdict([chosen, noise]).en and "噪声之内" in verdict([chosen, noise]).zh
    assert "more than the noise" in verdict([chosen, worse]).en
    assert "only one" in verdict([chosen]).en


def test_one_that_was_taken_though_another_is_ahead_is_not_said_to_be_ahead() -> None:
    ahead = Contender(same("other"), 0.96, Ranged(-0.0012, (-0.0026, 0.0011)))
    said = verdict([ahead, Contender(same("taken"), 0.95, None)])
    assert "The best of the others, other, is ahead of it by 0.12 (-0.11 – 0.26) points: within the noise" in said.en
    assert "其余最佳者（other）比它领先 0.12" in said.zh and "sees what nobody showed" in said.en
    clear = verdict(
        [Contender(same("other"), 0.97, Ranged(-0.02, (-0.03, -0.01))), Contender(same("taken"), 0.95, None)]
    )
    assert "is ahead of it by 2.00 (1.00 – 3.00) points: more than the noise" in clear.en


def test_nothing_differs_from_itself() -> None:
    bad, groups = np.arange(60) >= 40, tuple(str(index) for index in range(60))
    best = bad + np.random.default_rng(0).normal(0, 0.5, 60)
    assert auroc_difference(best, best, bad, groups) == Ranged(0.0, (0.0, 0.0))

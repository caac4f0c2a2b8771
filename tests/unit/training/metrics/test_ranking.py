"""AUROC and average precision against what they are defined as."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.metrics.ranking import Ranking, auroc, average_precision

# Few values, so that many are equal.
SCORES = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=25).map(np.array)


def brute_precision(good: np.ndarray, bad: np.ndarray) -> float:
    """Every limit that is a score, from the highest: precision there, weighted by what recall gains."""
    total, before = 0.0, 0.0
    for limit in sorted({*good, *bad}, reverse=True):
        right, wrong = (bad >= limit).sum(), (good >= limit).sum()
        total += (right / len(bad) - before) * right / (right + wrong)
        before = right / len(bad)
    return total


@given(SCORES, SCORES)
def test_auroc_is_the_share_of_pairs_in_order_with_ties_half(good: np.ndarray, bad: np.ndarray) -> None:
    pairs = [1.0 if b > g else 0.5 if b == g else 0.0 for g in good for b in bad]
    ranking = Ranking.of(np.append(good, bad), np.arange(len(good) + len(bad)) >= len(good))
    assert auroc(good, bad) == pytest.approx(np.mean(pairs), abs=1e-12)
    assert ranking.auroc() == pytest.approx(np.mean(pairs), abs=1e-12)


@given(SCORES, SCORES)
def test_average_precision_is_the_sum_over_the_limits(good: np.ndarray, bad: np.ndarray) -> None:
    assert average_precision(good, bad) == pytest.approx(brute_precision(good, bad), abs=1e-12)


def test_average_precision_of_a_case_counted_by_hand() -> None:
    # Falling: bad, good, bad, good. Precision 1 at recall 1/2, 2/3 at recall 1.
    assert average_precision(np.array([0.8, 0.2]), np.array([0.9, 0.5])) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


@given(SCORES, SCORES, st.data())
def test_a_weight_is_how_often_a_picture_counts(good: np.ndarray, bad: np.ndarray, data: st.DataObject) -> None:
    counts = [data.draw(st.lists(st.integers(1, 3), min_size=len(of), max_size=len(of))) for of in (good, bad)]
    scores, is_bad = np.append(good, bad), np.arange(len(good) + len(bad)) >= len(good)
    weights = np.array(counts[0] + counts[1], np.float64)
    again = [np.repeat(of, count) for of, count in zip((good, bad), counts, strict=True)]
    ranking = Ranking.of(scores, is_bad)
    assert ranking.auroc(weights) == pytest.approx(auroc(*again), abs=1e-12)
    assert ranking.average_precision(weights) == pytest.approx(brute_precision(*again), abs=1e-12)


def test_one_side_alone_has_no_figure() -> None:
    ranking = Ranking.of(np.array([0.1, 0.9]), np.array([False, True]))
    assert math.isnan(ranking.auroc(np.array([1.0, 0.0]))) and math.isnan(ranking.auroc(np.array([0.0, 1.0])))
    assert math.isnan(ranking.average_precision(np.array([2.0, 0.0])))
    assert math.isnan(average_precision(np.zeros(0), np.zeros(0)))

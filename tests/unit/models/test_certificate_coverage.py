"""Every claim of a certificate by simulation: 10,000 samples, and the claim is false in no more of them than it says.

A bound depends on the counts alone, so the samples are counted by numpy and the bounds read from a table that the
certificate's own functions made. "The worst chooser" knows the truth and takes any limit at which a claim is false.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.certificate import CONFIDENCE, Certificate, WorstScores, certificate, held_out, state
from models.decision import Limits
from models.intervals import upper_bound
from tests.fakes.coverage import DRAWS, most_failures
from tests.fakes.held_out import package_with, setting

Floats = NDArray[np.float64]


def issued(scorers: int = 1) -> Certificate:
    manifest = package_with([1.0, 2.0], scorers=scorers)
    return certificate(manifest, Limits(0.25, 0.6), setting(manifest))


def bounds(groups: int, scorers: int = 1, rank: int | None = None) -> Floats:
    """`(groups + 1,)`: what the certificate says where so many of the groups are beyond the limit."""
    sample = WorstScores((0.0,) * groups, groups)
    stated = [state(issued(scorers), "overkill", events, sample, rank) for events in range(groups + 1)]
    return np.array([1.0 if one.bound is None else one.bound for one in stated])


def falsified(beyond: Floats, claimed: Floats) -> NDArray[np.bool_]:
    """Whether some limit makes the claim false. `beyond` `(draws, n)`: how much of the truth lies beyond each score.

    Just above the k-th highest score, k are beyond the limit and the truth is anything up to that of the next one.
    """
    return np.asarray((np.sort(beyond, axis=1) > claimed[:-1]).any(axis=1))


@pytest.mark.parametrize("groups", [2, 12, 60, 180])
def test_no_choice_of_limits_makes_a_claim_false_too_often(groups: int) -> None:
    beyond = np.random.default_rng(groups).random((DRAWS, groups))
    assert int(falsified(beyond, bounds(groups)).sum()) <= most_failures()


def test_the_bound_for_a_fixed_limit_would_be_false_too_often() -> None:
    beyond = np.random.default_rng(1).random((DRAWS, 60))
    plain = np.array([upper_bound(k, 60) for k in range(61)])
    assert int(falsified(beyond, plain).sum()) > most_failures()


@pytest.mark.parametrize(("groups", "rank"), [(60, 0), (200, 1)])
def test_a_limit_that_a_rule_fixed_keeps_its_word(groups: int, rank: int) -> None:
    """As training sets it: a little above the score of a rank that looks at nothing but their number."""
    scores = np.sort(np.random.default_rng(rank).logistic(5.0, 0.5, (DRAWS, groups)), axis=1)
    top = scores[:, -1 - rank]
    limit = top + 0.15 * (top - scores[:, groups // 2])
    truth = 1.0 / (1.0 + np.exp((limit - 5.0) / 0.5))
    events = (scores >= limit[:, None]).sum(axis=1)
    assert events.max() <= rank
    assert int((truth > bounds(groups, rank=rank)[events]).sum()) <= most_failures()


def test_a_limit_just_above_a_rank_uses_up_the_risk() -> None:
    """The claim is exact, not merely safe: right at the order statistic it is false in 5 % of all samples."""
    beyond = np.sort(np.random.default_rng(5).random((DRAWS, 200)), axis=1)[:, 2]
    failures = int((beyond > bounds(200, rank=2)[0]).sum())
    assert 0.04 * DRAWS < failures <= most_failures()


def test_choosing_the_best_looking_scorer_and_limit_keeps_the_word() -> None:
    """Eight scorers on the same parts; the one whose highest good score lies lowest is shipped, with any limit."""
    scores = np.random.default_rng(8).random((DRAWS, 8, 60))
    best = scores.max(axis=2).argmin(axis=1)
    beyond = 1.0 - scores[np.arange(DRAWS), best]
    assert int(falsified(beyond, bounds(60, scorers=8)).sum()) <= most_failures()
    assert int(falsified(beyond, bounds(60, scorers=1)).sum()) > most_failures(), "too tame to show what sharing is for"


def lots(random: np.random.Generator, draws: int, count: int) -> tuple[Floats, Floats]:
    """The worst picture and one picture at random of `(draws, count)` lots of 1 to 15 pictures that are much alike."""
    size = random.integers(1, 16, (draws, count, 1))
    pictures = random.normal(0.0, 1.0, (draws, count, 1)) + random.normal(0.0, 0.3, (draws, count, 15))
    taken = np.where(np.arange(15) < size, pictures, -np.inf)
    return taken.max(axis=2), pictures[:, :, 0]


def truth_of(reference: Floats, scores: Floats) -> Floats:
    """How much of a large sorted reference lies at or beyond each score."""
    return np.asarray(1.0 - np.searchsorted(reference, scores) / len(reference))


def test_pictures_of_a_lot_are_not_independent() -> None:
    """The claim holds for the worst and for any one picture of a later lot, however alike a lot's pictures are."""
    random = np.random.default_rng(12)
    worst, one = (np.sort(part.ravel()) for part in lots(random, 500, 1000))
    sample = np.concatenate([lots(random, 1000, 24)[0] for _ in range(DRAWS // 1000)])
    for reference in (worst, one):
        assert int(falsified(truth_of(reference, sample), bounds(24)).sum()) <= most_failures()


def test_counting_a_lots_pictures_apart_would_be_false_too_often() -> None:
    random = np.random.default_rng(13)
    one = np.sort(lots(random, 500, 1000)[1].ravel())
    centres = random.normal(0.0, 1.0, (DRAWS, 24, 1))
    pictures = (centres + random.normal(0.0, 0.3, (DRAWS, 24, 5))).reshape(DRAWS, 24 * 5)
    assert int(falsified(truth_of(one, pictures), bounds(24 * 5)).sum()) > 2 * most_failures()


def test_the_worst_of_a_group_is_what_the_simulation_takes() -> None:
    random = np.random.default_rng(14)
    scores, groups = random.random(200) * 9, random.integers(0, 24, 200)
    found = held_out(package_with(scores.tolist(), [f"lot {lot}" for lot in groups]), "onnxruntime")
    assert found is not None
    expected = sorted(scores[groups == lot].max() / 10 for lot in set(groups.tolist()))
    assert list(found.good.worst) == pytest.approx(expected)


@pytest.mark.parametrize("shown", [5, 20])
def test_each_defects_escapes_keep_their_word_for_any_limit(shown: int) -> None:
    """Training itself puts `ok_below` right below the lowest defect: the limit is chosen on the very sample."""
    scores = np.random.default_rng(shown).normal(0.0, 1.0, (DRAWS, 3, shown))
    reference = np.sort(np.random.default_rng(0).normal(0.0, 1.0, 1_000_000))
    missed = np.searchsorted(reference, scores) / len(reference)
    for defect in range(3):
        assert int(falsified(missed[:, defect], bounds(shown)).sum()) <= most_failures(1.0 - CONFIDENCE)

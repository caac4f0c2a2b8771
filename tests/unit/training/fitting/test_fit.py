"""Scorers fitted on made-up feature maps: what they must tell apart, and what may never leak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.scorers import MAX_BANK, Floats
from training.features import Seen
from training.fitting.candidates import DEFAULT, Candidate
from training.fitting.choose import choose, merit
from training.fitting.crossfit import CrossFit, cross_fit
from training.fitting.fit import fit
from training.fitting.sample import FitData
from training.logistic import fit_logistic
from training.metrics.ranking import auroc

CHANNELS = {4: 3, 8: 5, 16: 6}


def features(seed: int, defect: float = 0.0) -> Seen:
    """Noise maps of a 64 x 64 input; a defect shifts the channels of one place at every stride."""
    rng = np.random.default_rng(seed)
    maps = []
    for stride, channels in CHANNELS.items():
        side = 64 // stride
        feature = rng.normal(size=(channels, side, side)).astype(np.float32)
        feature[:, side // 2 : side // 2 + 1, side // 2 : side // 2 + 1] += np.float32(defect)
        maps.append(feature)
    return Seen((tuple(maps),))


def data(defect: float = 6.0) -> FitData:
    mask = np.zeros((64, 64), np.bool_)
    mask[32:40, 32:40] = True
    good = [features(seed) for seed in range(16)]
    return FitData(
        good=good,
        views={"none": [[] for _ in good]},
        defective=[features(100 + seed, defect) for seed in range(8)],
        masks=[(mask,)] * 4 + [(None,)] * 4,
        fold_of=(0, 1, 2, 3) * 6,
    )


PLAIN = replace(DEFAULT, views="none")


@pytest.mark.parametrize(
    "candidate", [PLAIN, Candidate("gaussian", replace(PLAIN.shape, grid_stride=16), "whitened", "none", 0.0)]
)
def test_every_kind_of_scorer_tells_an_obvious_defect(candidate: Candidate) -> None:
    result = cross_fit(candidate, data(), seed=0)
    assert auroc(result.good, result.defective) > 0.9 and len(result.good) == 16 and len(result.defective) == 8


def test_no_scorer_sees_the_fold_it_judges() -> None:
    whole = data()
    for fold in range(4):
        sample = whole.sample("none", fold)
        seen = {id(maps) for maps in sample.good} | {id(maps) for maps, _ in sample.defective}
        own = [
            maps for maps, other in zip([*whole.good, *whole.defective], whole.fold_of, strict=True) if other == fold
        ]
        assert own and not seen & {id(maps) for maps in own}
    assert len(whole.sample("none").good) == 16 and len(whole.sample("none").defective) == 8


def test_the_same_seed_gives_the_same_arrays_and_a_station_can_afford_them() -> None:
    sample = data().sample("none")
    first, second = (fit(PLAIN, sample, seed=3) for _ in range(2))
    assert first.arrays.keys() == {"mean", "projection", "bank", "radius"}
    for role, array in first.arrays.items():
        assert array.dtype == np.float32 and np.array_equal(array, second.arrays[role])
    assert len(first.arrays["bank"]) <= MAX_BANK and (first.arrays["radius"] > 0).all()


def test_the_best_by_held_out_merit_comes_first() -> None:
    tried = []

    def try_one(candidate: Candidate) -> CrossFit:
        gap = 5.0 if candidate.kind == "gaussian" and candidate.taught else 0.5
        result = CrossFit(candidate, (), (), np.linspace(0, 1, 20), np.linspace(gap, gap + 1, 20))
        tried.append(candidate)
        return result

    best = choose(try_one, ("none", "turned"), can_know=True)
    assert len(best) == len(tried) and merit(best[0]) == max(merit(one) for one in best)
    assert any(candidate.taught for candidate in tried) and {candidate.views for candidate in tried} == {
        "none",
        "turned",
    }
    assert not any(one.candidate.taught for one in choose(try_one, ("none",), can_know=False))


def test_logistic_weights_separate_and_stay_finite() -> None:
    rng = np.random.default_rng(0)
    good: Floats = rng.normal(3, 2, (500, 4)).astype(np.float32)
    defective: Floats = (rng.normal(3, 2, (30, 4)) + np.array([30, 0, 0, 0])).astype(np.float32)
    weights = fit_logistic(good, defective)
    logit_good, logit_bad = (rows @ weights[:-1] + weights[-1] for rows in (good, defective))
    assert np.isfinite(weights).all() and logit_good.max() < 0 < logit_bad.min()
    assert abs(weights[0]) > 5 * np.abs(weights[1:-1]).max()


def test_auroc_counts_ties_half() -> None:
    assert auroc(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == 0.875

"""Which places teach the discriminators of a run, and from where on and how much each raises a score.

For a scorer that leaves a fold out, one network is learned for every other fold, without either: what ships is the mean
of them. So each other fold has good pictures that one of the networks never saw, and these tell what logits good parts
reach; below what nine of ten of their worst places reach, nothing is raised. Nothing that is left out has a share in
any of it, nor has a synthetic picture that was made from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.discriminator import HIDDEN, OUT
from models.scorers import Floats, Gaussian, Scorer, embed
from training.features import Seen
from training.fitting.candidates import Candidate
from training.fitting.network import LESSON_PLACES, PLACES, Layers, Lessons, learn
from training.fitting.places import defect_places, scoring
from training.fitting.projection import projection_of
from training.fitting.sample import FitData, Sample, select

_RARE = 0.9
# By how much of a usual score one spread of the logits raises: about what usual scores themselves spread.
_REACH = 0.2
_FEWEST_SPREAD = 0.1


def discriminator_of(
    candidate: Candidate, data: FitData, usual: float, seed: int, without: int | None
) -> dict[str, Floats]:
    """The arrays of a discriminator that saw all folds but one; `usual`: the score that good pictures have by distance.

    There is none where a network would have nothing to learn from, or nobody could tell what it says of good parts that
    it never saw.
    """
    count = len(data.good)
    folds = [fold for fold in sorted(set(data.fold_of[:count])) if fold != without]
    samples = {fold: data.sample(candidate.views, fold, without) for fold in folds}
    if len(folds) < 2 or not all(sample.made or sample.defective for sample in samples.values()):
        return {}
    learned, peaks = [], []
    for fold, sample in samples.items():
        layers = _learned(candidate, data, sample, frozenset({fold, without}), seed)
        learned.append(layers)
        peaks += [_peak(candidate, layers, data.good[at]) for at in range(count) if data.fold_of[at] == fold]
    spread = max(float(np.std(peaks)), _FEWEST_SPREAD)
    # Of few pictures the quantile itself is uncertain.
    floor = float(np.quantile(peaks, _RARE)) + 2.0 * spread / len(peaks) ** 0.5
    return _folded(learned, floor, candidate.taught * _REACH * usual / spread)


def _folded(learned: Sequence[Layers], floor: float, weight: float) -> dict[str, Floats]:
    """The mean of networks as one, its logit from `floor` on and times `weight`."""
    share = weight / len(learned)
    outer = np.concatenate([layers.out[:-1] for layers in learned]).astype(np.float64) * share
    bias = sum(float(layers.out[-1]) for layers in learned) * share - floor * weight
    hidden = np.concatenate([layers.hidden for layers in learned], axis=1)
    return {HIDDEN: np.ascontiguousarray(hidden), OUT: np.append(outer, bias).astype(np.float32)}


def _learned(candidate: Candidate, data: FitData, sample: Sample, unseen: frozenset[int | None], seed: int) -> Layers:
    """A network of a sample that has nothing of some folds, learned once a run."""
    shape = candidate.shape
    key = (shape.strides, shape.grid_stride, shape.pool, candidate.views, unseen, seed)
    if key not in data.learned:
        data.learned[key] = learn(lessons_of(candidate, sample, seed), seed)
    return data.learned[key]


def _peak(candidate: Candidate, layers: Layers, seen: Seen) -> float:
    vectors = np.concatenate(_places(candidate, seen))
    return float(layers.logits(vectors).max()) if len(vectors) else -np.inf


def lessons_of(candidate: Candidate, sample: Sample, seed: int) -> Lessons:
    """Some places of each good picture, equally many, and those that show each defect."""
    rng = np.random.default_rng(seed)
    found = [np.concatenate(_places(candidate, seen)) for seen in sample.good]
    found = [places for places in found if len(places)]
    most = min(PLACES, max(len(places) for places in found))
    good = np.stack([_some(places, most, rng) for places in found])
    flat = good.reshape(-1, good.shape[2])
    mean = flat.mean(axis=0, dtype=np.float64).astype(np.float32)
    whitening = projection_of(replace(candidate, kind="gaussian", scaling="whitened"), flat - mean)
    plain = Scorer(candidate.shape, mean, whitening, Gaussian(), None)
    synthetic, real = (
        [places for places in (defect_places(plain, candidate, *one) for one in shown) if len(places)]
        for shown in (sample.made, sample.defective)
    )
    return Lessons(good, [_few(places, rng) for places in synthetic], [_few(places, rng) for places in real])


def _places(candidate: Candidate, seen: Seen) -> list[Floats]:
    """The place vectors of each view that score."""
    chosen = select(seen, candidate.shape.strides)
    embedded = (embed(view, candidate.shape) for view in chosen.views)
    return [scoring(own, grid, painted) for (own, grid), painted in zip(embedded, chosen.painted, strict=True)]


def _some(places: Floats, count: int, rng: np.random.Generator) -> Floats:
    """So many of them, some twice where there are fewer."""
    order = rng.permutation(len(places))
    return places[np.resize(order, count)]


def _few(places: Floats, rng: np.random.Generator) -> Floats:
    return places[rng.permutation(len(places))[: 4 * LESSON_PLACES]]

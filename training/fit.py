"""Features of good pictures → a scorer; and which of several scorers to ship, by held-out pictures only.

Cross-fitting: all pictures are split into folds by group; each fold is scored by a scorer fitted on the others, so
every picture gets a score from a model that never saw it. The shipped scorer is fitted on all of them. Defective
pictures teach only `known`, which can only raise a score; the rest is fitted on good pictures alone.

Longer than 300 lines, so that the whole way from features to the choice can be read from top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.manifest import ScorerEntry
from models.masking import places_left
from models.scorers import (
    MAX_GAUSSIAN_DIMENSIONS,
    Distance,
    Floats,
    Gaussian,
    Mosaics,
    NearestNeighbour,
    Scorer,
    ScorerShape,
    embed,
    project,
    score_views,
)
from models.tiling import one_view
from training.config import BANK_SIZE
from training.features import ALL_STRIDES, Seen
from training.logistic import fit_logistic

Mask = NDArray[np.bool_]
Raws = NDArray[np.float64]
_POOL_VECTORS = 20_000
_KNOWN_VECTORS = 6_000
_UNMASKED_SHARE = 0.03
_RADIUS_PRIOR = 5.0
_SEARCH_DIMENSIONS = 24
_DAMPING = {"gaussian": 0.01, "nearest_neighbour": 0.1}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scorer to try.

    `scaling` is "deviation" (each channel by its own) or "whitened" (64 principal directions); `views` the augmented
    views of good pictures that are fitted on; `known` whether shown defects raise scores.
    """

    kind: str
    shape: ScorerShape
    scaling: str
    views: str
    known: bool

    def __str__(self) -> str:
        shape = self.shape
        strides = "+".join(str(stride) for stride in shape.strides)
        top = "peak" if shape.top_fraction < 0.001 else f"top {shape.top_fraction:.0%}"
        kind = f"{self.kind} of stride {strides} on grid {shape.grid_stride}, {self.scaling}"
        top = f"{top} smoothed {shape.smoothing_cells:g}"
        return f"{kind}, {top}, views {self.views}" + (", known defects" if self.known else "")


@dataclass(frozen=True, slots=True)
class Sample:
    """What a scorer is fitted on: feature maps (all strides) of good pictures and views, and of defects."""

    good: Sequence[Seen]
    defective: Sequence[tuple[Seen, Sequence[Mask | None]]]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A scorer and the arrays it is made of, by their role in a package."""

    candidate: Candidate
    arrays: dict[str, Floats]
    scorer: Scorer

    def entry(self, files: dict[str, str]) -> ScorerEntry:
        shape = self.candidate.shape
        return ScorerEntry.model_validate(
            {
                "kind": self.candidate.kind,
                "strides": shape.strides,
                "grid_stride": shape.grid_stride,
                "pool": shape.pool,
                "smoothing_cells": shape.smoothing_cells,
                "top_fraction": shape.top_fraction,
                "arrays": files,
            }
        )


def select(seen: Seen, strides: Sequence[int]) -> Seen:
    """The maps of `strides` out of those of all strides."""
    views = tuple(tuple(view[ALL_STRIDES.index(stride)] for stride in strides) for view in seen.views)
    return replace(seen, views=views)


def fit(candidate: Candidate, sample: Sample, seed: int) -> Fitted:
    """Fit one scorer."""
    rng = np.random.default_rng(seed)
    pool = _pool(candidate, sample.good, rng)
    arrays = {"mean": pool.mean(axis=0, dtype=np.float64).astype(np.float32)}
    arrays["projection"] = _projection(candidate, pool - arrays["mean"])
    distance: Distance = Gaussian()
    if candidate.kind == "nearest_neighbour":
        projected = project(pool, arrays["mean"], arrays["projection"])
        # Halves, because a vector that stands in the bank is no evidence of how far others are from it.
        arrays["bank"] = _coreset(projected[::2], BANK_SIZE, rng)
        arrays["radius"] = _radii(arrays["bank"], projected[1::2])
        distance = NearestNeighbour(arrays["bank"], arrays["radius"])
    known = None
    if candidate.known:
        plain = Scorer(candidate.shape, arrays["mean"], arrays["projection"], distance, None)
        places = [_defect_places(plain, candidate, seen, masks) for seen, masks in sample.defective]
        known = arrays["known"] = fit_logistic(pool[:: max(1, len(pool) // _KNOWN_VECTORS)], np.concatenate(places))
    scorer = Scorer(candidate.shape, arrays["mean"], arrays["projection"], distance, known)
    return Fitted(candidate, arrays, scorer)


def _pool(candidate: Candidate, good: Sequence[Seen], rng: np.random.Generator) -> Floats:
    """Place vectors of good pictures, equally many from each; of places that score alone."""
    share = max(1, -(-_POOL_VECTORS // len(good)))
    parts = []
    for seen in good:
        chosen = select(seen, candidate.shape.strides)
        embedded = (embed(view, candidate.shape) for view in chosen.views)
        vectors = np.concatenate(
            [_scoring(one, grid, painted) for (one, grid), painted in zip(embedded, chosen.painted, strict=True)]
        )
        parts.append(vectors[rng.choice(len(vectors), min(share, len(vectors)), replace=False)])
    return np.concatenate(parts)


def _scoring(vectors: Floats, grid: tuple[int, int], painted: Mask | None) -> Floats:
    return vectors if painted is None else vectors[places_left(painted, grid).ravel()]


def _defect_places(plain: Scorer, candidate: Candidate, seen: Seen, masks: Sequence[Mask | None]) -> Floats:
    """Place vectors that a mask covers well: at least half as much as the place it covers most.

    Without a mask: the places that the scorer of good parts alone finds most unusual. `masks`: one a view.
    """
    vectors, weights = [], []
    for view, painted, mask in zip(select(seen, candidate.shape.strides).views, seen.painted, masks, strict=True):
        own, (height, width) = embed(view, candidate.shape)
        if mask is None:
            left = None if painted is None else places_left(painted, (height, width))
            weight = plain.of_vectors(own, (height, width), left).map
        else:
            weight = np.asarray(cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA))
        vectors.append(_scoring(own, (height, width), painted))
        weights.append(_scoring(weight.reshape(-1, 1), (height, width), painted).ravel())
    places, weighed = np.concatenate(vectors), np.concatenate(weights)
    if masks[0] is None:
        return places[weighed >= np.quantile(weighed, 1.0 - _UNMASKED_SHARE)]
    return places[weighed >= max(0.5 * float(weighed.max(initial=0)), 1e-6)]


def _radii(bank: Floats, vectors: Floats) -> Floats:
    """The usual distance of good places to each bank vector, drawn towards the overall one where few are near."""
    partial = vectors @ (bank.T * np.float32(-2)) + np.einsum("md,md->m", bank, bank)
    nearest = partial.argmin(axis=1)
    distances = np.linalg.norm((vectors - bank[nearest]).astype(np.float64), axis=1)
    counts = np.bincount(nearest, minlength=len(bank))
    sums = np.bincount(nearest, distances, minlength=len(bank))
    overall = max(float(distances.mean()), 1e-6)
    return np.asarray((sums + _RADIUS_PRIOR * overall) / (counts + _RADIUS_PRIOR), np.float32)


def _projection(candidate: Candidate, centred: Floats) -> Floats:
    """`(D,)` scales, or a `(D, d)` whitening matrix.

    A Gaussian keeps the directions in which good parts vary least (Rippel et al., ICPR 2020: those tell anomalies
    best), a neighbour search those in which they vary most.
    """
    if candidate.scaling == "deviation":
        return np.asarray(1.0 / (centred.std(axis=0, dtype=np.float64) + 1e-3), np.float32)
    covariance = np.cov(centred.T.astype(np.float64))
    values, directions = np.linalg.eigh(covariance)
    keep = min(MAX_GAUSSIAN_DIMENSIONS, len(values))
    chosen = slice(0, keep) if candidate.kind == "gaussian" else slice(len(values) - keep, None)
    values, directions = values[chosen], directions[:, chosen]
    damped = np.sqrt(values + _DAMPING[candidate.kind] * values.mean())
    return np.asarray(np.ascontiguousarray(directions / damped), np.float32)


def _coreset(vectors: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Greedy k-centre (Sener & Savarese, ICLR 2018) in a random projection: each pick is farthest from all before."""
    if len(vectors) <= size:
        return np.ascontiguousarray(vectors)
    directions = rng.standard_normal((vectors.shape[1], _SEARCH_DIMENSIONS)).astype(np.float32)
    small = vectors @ directions
    picks = [int(rng.integers(len(small)))]
    nearest = np.full(len(small), np.inf, np.float32)
    for _ in range(size - 1):
        offset = small - small[picks[-1]]
        nearest = np.minimum(nearest, np.einsum("nd,nd->n", offset, offset))
        picks.append(int(nearest.argmax()))
    return np.ascontiguousarray(vectors[sorted(picks)])


@dataclass(frozen=True, slots=True)
class CrossFit:
    """Held-out raw scores of good, then of defective pictures; `fold_of` tells which of the scorers made which.

    `mosaics`: how a picture's views lie together.
    """

    candidate: Candidate
    scorers: tuple[Scorer, ...]
    fold_of: tuple[int, ...]
    good: Raws
    defective: Raws
    mosaics: Mosaics = one_view

    def held_out(self, index: int, seen: Seen) -> float:
        """The raw score of a picture's features (perhaps from another runtime) by its own fold's scorer."""
        return self.score(index, select(seen, self.candidate.shape.strides))

    def score(self, index: int, seen: Seen) -> float:
        """The same from the features of the scorer's own strides alone."""
        return score_views(self.scorers[self.fold_of[index]], seen.views, self.mosaics).raw

    def scores(self, seen: Iterable[Seen]) -> Raws:
        """The same of all pictures in order."""
        return np.array([self.score(index, own) for index, own in enumerate(seen)])


@dataclass(frozen=True, slots=True)
class FitData:
    """All features of a run: `views[i]` are those of `good[i]`; `fold_of` goes over good, then defective.

    `masks`: of each defective picture, one a view. `mosaics`: how a picture's views lie together.
    """

    good: Sequence[Seen]
    views: Mapping[str, Sequence[Sequence[Seen]]]
    defective: Sequence[Seen]
    masks: Sequence[Sequence[Mask | None]]
    fold_of: tuple[int, ...]
    mosaics: Mosaics = one_view

    def sample(self, views: str, without_fold: int | None = None) -> Sample:
        """What to fit on, all of it or all but one fold."""
        first = len(self.good)
        kept = [index for index in range(first) if self.fold_of[index] != without_fold]
        good = [self.good[index] for index in kept] + [view for index in kept for view in self.views[views][index]]
        shown = zip(self.defective, self.masks, self.fold_of[first:], strict=True)
        defective = [(maps, mask) for maps, mask, fold in shown if fold != without_fold]
        return Sample(good, defective)

    @property
    def can_know(self) -> bool:
        """Whether every fold's scorer would see defects."""
        folds = range(max(self.fold_of) + 1)
        return all(self.sample("none", fold).defective for fold in folds)


def cross_fit(candidate: Candidate, data: FitData, seed: int) -> CrossFit:
    """Scorers on all folds but one each, and what they say of what they never saw."""
    folds = range(max(data.fold_of) + 1)
    scorers = tuple(fit(candidate, data.sample(candidate.views, fold), seed).scorer for fold in folds)
    result = CrossFit(candidate, scorers, data.fold_of, np.zeros(0), np.zeros(0), data.mosaics)
    raws = np.array([result.held_out(index, seen) for index, seen in enumerate([*data.good, *data.defective])])
    return replace(result, good=raws[: len(data.good)], defective=raws[len(data.good) :])


def auroc(good: Raws, defective: Raws) -> float:
    """Probability that a defective picture scores above a good one, ties half; 0 to 1."""
    above = (defective[:, None] > good[None]).mean()
    ties = (defective[:, None] == good[None]).mean()
    return float(above + 0.5 * ties)


def merit(result: CrossFit) -> float:
    """What a choice goes by: AUROC in points, then the gap between defective and good where AUROC is full.

    The gap is the 5 % quantile of defective scores over the 95 % quantile of good ones, in units of the good scores'
    own spread, worth at most 2 points.
    """
    high, middle = np.quantile(result.good, (0.95, 0.5))
    gap = (np.quantile(result.defective, 0.05) - high) / max(high - middle, 1e-9)
    return 100.0 * auroc(result.good, result.defective) + float(np.clip(gap, -1.0, 4.0)) / 2.0


def _shape(grid: int, strides: tuple[int, ...], top: float = 0.01, smoothing: float = 0.7) -> ScorerShape:
    return ScorerShape(grid, strides, 3, smoothing, top)


_NEIGHBOUR, _GAUSSIAN = "nearest_neighbour", "gaussian"
# Without defective pictures nothing can be compared; this one did best over all data sets that were looked at.
DEFAULT = Candidate(_NEIGHBOUR, _shape(8, (8, 16)), "deviation", "shifted", False)
KINDS: tuple[tuple[str, ScorerShape, str], ...] = (
    (_NEIGHBOUR, _shape(8, (4, 8)), "deviation"),
    (_NEIGHBOUR, _shape(16, (16,)), "deviation"),
    (_NEIGHBOUR, _shape(16, (8, 16)), "deviation"),
    (_NEIGHBOUR, _shape(8, (8, 16)), "deviation"),
    (_NEIGHBOUR, _shape(8, (4, 8, 16)), "whitened"),
    (_GAUSSIAN, _shape(16, (16,)), "whitened"),
    (_GAUSSIAN, _shape(16, (8, 16)), "whitened"),
)
_PEAK = 1e-6
_FINALISTS = 3


def choose(try_one: Callable[[Candidate], CrossFit], views: Sequence[str], can_know: bool) -> list[CrossFit]:
    """Try scorers, the best by `merit` first: the kind, known defects, the views, then how places become one score."""
    tried = [try_one(Candidate(kind, shape, scaling, views[0], False)) for kind, shape, scaling in KINDS]
    if can_know:
        finalists = sorted(tried, key=merit, reverse=True)[:_FINALISTS]
        tried += [try_one(replace(one.candidate, known=True)) for one in finalists]
    for other in views[1:]:
        tried.append(try_one(replace(max(tried, key=merit).candidate, views=other)))
    best = max(tried, key=merit).candidate
    tried.append(try_one(replace(best, shape=replace(best.shape, top_fraction=_PEAK))))
    tried.append(try_one(replace(best, shape=replace(best.shape, smoothing_cells=0.0))))
    return sorted(tried, key=merit, reverse=True)

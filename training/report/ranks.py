"""How well scores tell defective pictures from good ones, with intervals: AUROC, differences of it, precision curves.

Intervals draw whole groups again (`training.metrics.bootstrap`). Where no good picture scores above a defective one,
every draw says 100, which is no interval: then pairs decide. Each of k pairs of a good and a defective group that share
no group is in the right order with probability AUROC, so that k of k give an exact lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.intervals import two_sided
from training.metrics.bootstrap import bootstrap
from training.metrics.ranking import Ranking
from training.report.scored import Scored

Floats = NDArray[np.float64]
_DRAWS = 1000
_CURVE_DRAWS = 300
RECALLS = np.linspace(0.0, 1.0, 51)[1:]


@dataclass(frozen=True, slots=True)
class Ranged:
    """A figure from 0 to 1 (or a difference of two) with its two-sided 95 % interval, where one can be given."""

    value: float
    interval: tuple[float, float] | None

    def __str__(self) -> str:
        """In points."""
        if self.interval is None:
            return f"{100 * self.value:.2f}"
        low, high = self.interval
        return f"{100 * self.value:.2f} ({100 * low:.2f} – {100 * high:.2f})"

    def negated(self) -> Ranged:
        """The difference the other way round."""
        return Ranged(-self.value, None if self.interval is None else (-self.interval[1], -self.interval[0]))

    def figures(self) -> dict[str, object]:
        """For programs."""
        ends = None if self.interval is None else [round(end, 5) for end in self.interval]
        return {"value": self.value, "interval_95": ends}


def auroc_of(scored: Scored) -> Ranged | None:
    """AUROC of pictures of both kinds; None where there is but one kind."""
    if not scored.both:
        return None
    ranking = Ranking.of(scored.scores, scored.bad)
    value, found = ranking.auroc(), bootstrap(scored.groups, ranking.auroc, draws=_DRAWS)
    if value < 1.0:
        return Ranged(value, found)
    kinds = [{group for group, bad in zip(scored.groups, scored.bad, strict=True) if bad is kind} for kind in _KINDS]
    pairs = min(len(kinds[0] - kinds[1]), len(kinds[1] - kinds[0]))
    return Ranged(value, (two_sided(pairs, pairs)[0], 1.0) if pairs else None)


_KINDS = (np.bool_(False), np.bool_(True))


def auroc_difference(first: Floats, second: Floats, bad: NDArray[np.bool_], groups: tuple[str, ...]) -> Ranged:
    """How much better the first scores rank the same pictures; both on the same draws."""
    ours, theirs = Ranking.of(first, bad), Ranking.of(second, bad)

    def difference(weights: Floats | None = None) -> float:
        return ours.auroc(weights) - theirs.auroc(weights)

    return Ranged(difference(), bootstrap(groups, difference, draws=_DRAWS))


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision at each of `RECALLS`, and between which two values 95 of 100 draws lie there."""

    precision: Floats
    low: Floats
    high: Floats


def precision_curve(scored: Scored, seed: int = 0) -> Curve:
    """Of pictures of both kinds; precision depends on how many of them are defective."""
    order = np.argsort(-scored.scores, kind="stable")
    bad, scores = scored.bad[order], scored.scores[order]
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    names, group_of = np.unique(np.asarray(scored.groups), return_inverse=True)
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(_CURVE_DRAWS):
        drawn = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        weights = drawn[group_of][order].astype(np.float64)
        if weights[bad].any():
            draws.append(_precision(weights, bad, last))
    low, high = np.quantile(draws, (0.025, 0.975), axis=0)
    return Curve(_precision(np.ones(len(bad)), bad, last), low, high)


def _precision(weights: Floats, bad: NDArray[np.bool_], last: NDArray[np.intp]) -> Floats:
    """At the highest limit that reaches each recall."""
    found, all_ = np.cumsum(weights * bad)[last], np.cumsum(weights)[last]
    recall = found / found[-1]
    at = np.searchsorted(recall, RECALLS - 1e-12)
    return np.asarray(found[at] / all_[at])

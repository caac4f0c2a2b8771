"""How well scores rank defective pictures (or pixels) above good ones, whatever the limits.

AUROC is the Mann-Whitney statistic (Hanley & McNeil, Radiology 143, 1982); average precision is the area under the
precision-recall curve as a sum of steps (Manning et al., Introduction to Information Retrieval, 2008, chapter 8), with
equal scores taken together. Both take weights: how often each score counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Weights = NDArray[np.float64]


def auroc(good: Scores, defective: Scores) -> float:
    """Probability that a defective picture scores above a good one, ties half; 0 to 1."""
    above = (defective[:, None] > good[None]).mean()
    ties = (defective[:, None] == good[None]).mean()
    return float(above + 0.5 * ties)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Scores sorted once, so that figures of many weightings of the same pictures are cheap.

    `order`: falling by score; `last`: where, in that order, each run of equal scores ends; `bad`: in that order.
    """

    order: NDArray[np.intp]
    last: NDArray[np.intp]
    bad: NDArray[np.bool_]

    @classmethod
    def of(cls, scores: Scores, bad: NDArray[np.bool_]) -> Ranking:
        """`scores` `(n,)` and whether each is of a defective picture."""
        order = np.argsort(-scores, kind="stable")
        ordered = scores[order]
        last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], [True] * min(len(scores), 1)))
        return cls(order, last, bad[order])

    def auroc(self, weights: Weights | None = None) -> float:
        """0 to 1; NaN where all weight is on one side."""
        good, bad = self._above(weights)
        if not (len(good) and good[-1] and bad[-1]):
            return float("nan")
        # A run of equal scores is a slope of the curve: a trapezium counts its ties half.
        half = bad - np.diff(bad, prepend=0.0) / 2
        return float((np.diff(good, prepend=0.0) * half).sum() / (good[-1] * bad[-1]))

    def average_precision(self, weights: Weights | None = None) -> float:
        """0 to 1, mean precision over the steps of recall; NaN without weight on a defective picture."""
        good, bad = self._above(weights)
        if not (len(bad) and bad[-1]):
            return float("nan")
        found = bad + good
        precision = np.divide(bad, found, out=np.zeros_like(bad), where=found > 0)
        return float((np.diff(bad, prepend=0.0) * precision).sum() / bad[-1])

    def _above(self, weights: Weights | None) -> tuple[Weights, Weights]:
        """Weight of good and of defective pictures at or above each score."""
        own = np.ones(len(self.order)) if weights is None else weights[self.order]
        return np.cumsum(own * ~self.bad)[self.last], np.cumsum(own * self.bad)[self.last]


def average_precision(good: Scores, defective: Scores) -> float:
    """Mean precision over the recalls that a falling limit passes; 0 to 1, NaN without a defective picture."""
    bad = np.append(np.zeros(len(good), np.bool_), np.ones(len(defective), np.bool_))
    return Ranking.of(np.append(good, defective), bad).average_precision()

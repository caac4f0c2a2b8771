"""Which of several scorers to ship, by held-out pictures only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from training.fitting import candidates
from training.fitting.candidates import Candidate
from training.fitting.crossfit import CrossFit
from training.metrics.ranking import auroc

_PEAK = 1e-6
_FINALISTS = 3


def choose(try_one: Callable[[Candidate], CrossFit], views: Sequence[str], can_know: bool) -> list[CrossFit]:
    """Try scorers, the best by `merit` first: the kind, known defects, the views, then how places become one score."""
    tried = [try_one(Candidate(kind, shape, scaling, views[0], False)) for kind, shape, scaling in candidates.KINDS]
    if can_know:
        finalists = sorted(tried, key=merit, reverse=True)[:_FINALISTS]
        tried += [try_one(replace(one.candidate, known=True)) for one in finalists]
    for other in views[1:]:
        tried.append(try_one(replace(max(tried, key=merit).candidate, views=other)))
    best = max(tried, key=merit).candidate
    tried.append(try_one(replace(best, shape=replace(best.shape, top_fraction=_PEAK))))
    tried.append(try_one(replace(best, shape=replace(best.shape, smoothing_cells=0.0))))
    return sorted(tried, key=merit, reverse=True)


def merit(result: CrossFit) -> float:
    """What a choice goes by: AUROC in points, then the gap between defective and good where AUROC is full.

    The gap is the 5 % quantile of defective scores over the 95 % quantile of good ones, in units of the good scores'
    own spread, worth at most 2 points.
    """
    high, middle = np.quantile(result.good, (0.95, 0.5))
    gap = (np.quantile(result.defective, 0.05) - high) / max(high - middle, 1e-9)
    return 100.0 * auroc(result.good, result.defective) + float(np.clip(gap, -1.0, 4.0)) / 2.0

"""Which of several scorers to ship, by held-out pictures only.

Where defective pictures were shown, by them. Where none were, by synthetic defects that were drawn on held-out good
pictures: no scorer learned from them, each only says how far such a place is from what its own good pictures showed.
They choose and do nothing else: limits and certificates are of real pictures.

Of scorers that do equally well, within what chance explains, the one that is the least work for a station. One that is
more work than judging may be is taken only where it is clearly better than all that are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from training.fitting import candidates
from training.fitting.candidates import PEAK, POSITION, Candidate, Kind
from training.fitting.cost import affordable, cost
from training.fitting.crossfit import CrossFit
from training.fitting.sample import Raws
from training.metrics.ranking import auroc

_FINALISTS = 2
# What is saved below that is not worth a worse figure.
_ABOUT_AS_CHEAP = 1.1
# By how much more the worst good pictures may stand out when synthetic defects alone taught.
_HARMLESS = 1.25
# What makes a scorer better clearly enough to exceed what judging may cost: standard errors of the difference, because
# the best of a dozen is ahead by one of them through luck alone, and points of AUROC: twice what INT8 may lose, which
# is already paid for less.
_ERRORS, _POINTS = 2.0, 1.0

TryOne = Callable[[Candidate], CrossFit]


def choose(try_one: TryOne, views: Sequence[str], can_know: bool, positions: bool = True) -> list[CrossFit]:
    """Try scorers, the one to ship first: the kind, a discriminator, the views, then how places become one score.

    `positions`: whether a place of the network's input is always the same place of the part, as far as is known.
    """
    tried = [try_one(one) for one in _plain(candidates.KINDS, views[0], positions)]
    if can_know:
        finalists = ranked(tried)[:_FINALISTS]
        tried += [try_one(replace(one.candidate, taught=1.0)) for one in finalists]
    for other in views[1:]:
        tried.append(try_one(replace(ranked(tried)[0].candidate, views=other)))
    best = ranked(tried)[0].candidate
    for shape in (replace(best.shape, top_fraction=PEAK), replace(best.shape, smoothing_cells=0.0)):
        if shape != best.shape:
            tried.append(try_one(replace(best, shape=shape)))
    return ranked(tried)


def choose_without_defects(try_one: TryOne, views: str, positions: bool, can_know: bool = False) -> list[CrossFit]:
    """Try the few scorers that compete where no defect was ever shown, the one to ship first.

    `can_know`: whether a discriminator can learn from synthetic defects. It knows their kinds, so that it has to be
    better beyond chance at finding such as it never saw, and to leave the scores of good pictures as close together.
    Of those that drawn defects do not tell apart, the first of `WITHOUT_DEFECTS`.
    """
    tried = ranked([try_one(one) for one in _plain(candidates.WITHOUT_DEFECTS, views, positions)], in_order=True)
    if not can_know:
        return tried
    taught = try_one(replace(tried[0].candidate, taught=1.0))
    gained = merit(taught) - merit(tried[0]) > noise(taught, tried[0])
    if affordable(tried[0].candidate) and not affordable(taught.candidate):
        gained = clearly_better(taught, tried[0])
    harmless = tail(taught) <= _HARMLESS * tail(tried[0])
    return [taught, *tried] if gained and harmless else [*tried, taught]


def _plain(kinds: Iterable[Kind], views: str, positions: bool) -> list[Candidate]:
    return [
        Candidate(kind, shape, scaling, views, 0.0) for kind, shape, scaling in kinds if positions or kind != POSITION
    ]


def ranked(tried: Sequence[CrossFit], in_order: bool = False) -> list[CrossFit]:
    """The best by `merit` first, unless a cheaper one is as good within the noise of the pictures; then that one.

    Those that are more work than judging may be stand behind all others, unless the best of them is clearly better.

    `in_order`: of several that are as good and as cheap, the one that stands first in `tried`, not that of most merit.
    """
    falling = sorted(tried, key=merit, reverse=True)
    within = [one for one in falling if affordable(one.candidate)]
    beyond = [one for one in falling if not affordable(one.candidate)]
    if within and beyond and not clearly_better(max(beyond, key=points), max(within, key=points)):
        competing, rest = within, beyond
    else:
        competing, rest = falling, []
    best = competing[0]
    equal = [one for one in competing if merit(best) - merit(one) <= noise(best, one)]
    if in_order:
        places = {id(one): place for place, one in enumerate(tried)}
        equal.sort(key=lambda one: places[id(one)])
    cheapest = min(cost(one.candidate) for one in equal)
    chosen = next(one for one in equal if cost(one.candidate) <= _ABOUT_AS_CHEAP * cheapest)
    return [chosen, *(one for one in (*competing, *rest) if one is not chosen)]


def clearly_better(one: CrossFit, other: CrossFit) -> bool:
    """Whether a scorer finds so much more that it may be more work than judging is to be.

    By AUROC alone: where defects are told from good parts anyway, a wider gap is not worth it.
    """
    return points(one) - points(other) > max(_POINTS, _ERRORS * noise(one, other))


def points(result: CrossFit) -> float:
    """AUROC of what a choice goes by, 100 at most."""
    return 100.0 * auroc(result.good, result.to_tell)


def merit(result: CrossFit) -> float:
    """What a choice goes by: AUROC in points, then the gap between defective and good where AUROC is full.

    The gap is the 5 % quantile of defective scores over the 95 % quantile of good ones, in units of the good scores'
    own spread, worth at most 2 points.
    """
    high, middle = np.quantile(result.good, (0.95, 0.5))
    gap = (np.quantile(result.to_tell, 0.05) - high) / max(high - middle, 1e-9)
    return points(result) + float(np.clip(gap, -1.0, 4.0)) / 2.0


def tail(result: CrossFit) -> float:
    """How far the worst of twenty good pictures is above the middle one, in units of what the middle one scores."""
    high, middle = np.quantile(result.good, (0.95, 0.5))
    return float((high - middle) / max(middle, 1e-9))


def noise(one: CrossFit, other: CrossFit) -> float:
    """Standard error, in points, of the difference of two AUROCs of the same pictures (DeLong, Biometrics 1988)."""
    good_one, bad_one = _placements(one.good, one.to_tell)
    good_other, bad_other = _placements(other.good, other.to_tell)
    variance = sum(
        float((a - b).var(ddof=1)) / len(a) if len(a) > 1 else 0.0
        for a, b in ((good_one, good_other), (bad_one, bad_other))
    )
    return 100.0 * float(np.sqrt(variance))


def _placements(good: Raws, defective: Raws) -> tuple[Raws, Raws]:
    """For each good picture the share of defective ones above it, for each defective one that of good ones below it."""
    above = np.sign(defective[:, None] - good[None]) / 2 + 0.5
    return above.mean(axis=0), above.mean(axis=1)

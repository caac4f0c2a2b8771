"""Held-out scores → the raw → [0, 1] map of each runtime, and the default limits.

The unit is anchored on good parts: 0.25 is the median held-out good part, 0.5 the highest one that counts, and each
further step takes more of the good parts' own spread, so that scores stay ordered far beyond. The reference runtime's
map is fitted; another runtime's is the same map read through the straight line between the two runtimes' raw scores of
the same pictures (both err alike, so the slope is the ratio of their deviations, not a regression's, which noise
flattens).

Limits: `ok_below` stands a little above the highest good score (the order statistic that a certificate can use), unless
known defects score lower: then it comes down to them, as far as the 90 % quantile of good parts, and what lies between
is RECHECK. Known defects never move a limit up beyond the middle of the gap. `ng_from` stands above every good score;
where fewer than half of the known defects would reach it, up to one good picture in a hundred is left above: one that
looks like a defect, or was called good by mistake, must not hand all defects to a person. Where no defect is known, it
stands no higher than half-way to the score of what no part looks like: where good parts differ much, nothing would
reach it else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.decision import Limits
from models.manifest import ScoreMap
from training.errors import RefusedForSafety
from training.text import Text

Raws = NDArray[np.float64]
# Distance above the highest good score, in spreads (highest minus median) → score.
_TAIL = ((0.0, 0.5), (1.0, 0.65), (2.0, 0.75), (4.0, 0.85), (10.0, 0.93), (30.0, 0.98), (200.0, 1.0))
_OUTLIER_SHARE = 0.005
_LOWEST_OK_QUANTILE = 0.90
_LEFT_ABOVE_SHARE = 0.01
_MIN_CORRELATION = 0.5
_MAX_SCATTER_SPREADS = 0.5


@dataclass(frozen=True, slots=True)
class RawLimits:
    """Limits in the reference runtime's raw unit.

    `spare_rank`: at most so many of the good scores lie at or above `ok_below`, by a rule that looked at nothing but
    their number; None where defects moved the limit.
    """

    ok_below: float
    ng_from: float
    spare_rank: int | None


def top_good(good: Raws) -> float:
    """The highest good score that counts: with many pictures, one in 200 may be an outlier."""
    return float(np.sort(good)[-1 - _spare_rank(good)])


def _spare_rank(good: Raws) -> int:
    return int(len(good) * _OUTLIER_SHARE)


def _spread(good: Raws) -> float:
    return max(top_good(good) - float(np.median(good)), 1e-6)


def refuse_constant(raws: Raws, what: Text) -> None:
    """Scores that are all equal or no numbers say nothing: the known way for a broken quantization to look fine.

    Raises:
        RefusedForSafety: naming what was scored.
    """
    if not np.isfinite(raws).all():
        no_numbers = Text(f"{what.en} gives scores that are no numbers", f"{what.zh}给出的分数不是数值")
        raise RefusedForSafety(no_numbers, "the package was not written: report this")
    if len(raws) > 1 and float(np.ptp(raws)) <= 1e-6 * max(1.0, abs(float(raws.mean()))):
        all_alike = Text(f"{what.en} gives every picture the same score", f"{what.zh}给所有图像相同的分数")
        raise RefusedForSafety(all_alike, "check that the pictures differ")


def reference_map(good: Raws) -> ScoreMap:
    """The reference runtime's map."""
    top, spread, median = top_good(good), _spread(good), float(np.median(good))
    raw = [min(0.0, median - 20 * spread), median] + [top + step * spread for step, _ in _TAIL]
    return ScoreMap(raw=tuple(raw), score=(0.0, 0.25, *(score for _, score in _TAIL)))


def map_through_line(reference: ScoreMap, own: Raws, reference_raws: Raws) -> ScoreMap:
    """The map of another runtime from paired raw scores of the same pictures.

    Raises:
        RefusedForSafety: the two runtimes do not agree well enough for a line.
    """
    slope = float(own.std() / reference_raws.std())
    offset = float(own.mean() - slope * reference_raws.mean())
    scatter = float(np.sqrt(np.mean((own - slope * reference_raws - offset) ** 2))) / max(slope, 1e-9)
    top, median = reference.raw[2], reference.raw[1]
    agree = slope > 0 and float(np.corrcoef(own, reference_raws)[0, 1]) >= _MIN_CORRELATION
    if not agree or scatter > _MAX_SCATTER_SPREADS * (top - median):
        raise RefusedForSafety(
            Text("the runtimes score the same pictures differently", "各推理引擎对相同图像的评分不同"),
            "the package was not written: train again with more pictures",
        )
    return ScoreMap(raw=tuple(slope * raw + offset for raw in reference.raw), score=reference.score)


def raw_limits(good: Raws, defective: Raws, reach: float | None = None) -> RawLimits:
    """Default limits in raw units; see the module's docstring. `reach`: the score of what no part looks like."""
    top, spread = top_good(good), _spread(good)
    ok_below, ng_from = _a_little_above(good, _spare_rank(good)), top + 0.6 * spread
    if reach is not None and reach > ok_below:
        ng_from = min(ng_from, (ok_below + reach) / 2)
    if len(defective):
        lowest = float(defective.min())
        if lowest > top:
            gap = lowest - top
            ok_below = top + min(0.3 * gap, 0.3 * spread)
            ng_from = top + min(0.6 * gap, 1.0 * spread)
        else:
            ok_below = max(min(ok_below, lowest * (1 - 1e-6)), float(np.quantile(good, _LOWEST_OK_QUANTILE)))
            ng_from = max(_above_good(good, defective), ok_below)
    return RawLimits(ok_below, ng_from, None if len(defective) else _spare_rank(good))


def _above_good(good: Raws, defective: Raws) -> float:
    """A limit that half of the defects reach, with as few good scores above as that takes; above all if none does."""
    first = _spare_rank(good)
    last = max(first, round(len(good) * _LEFT_ABOVE_SHARE))
    found = [_a_little_above(good, spared) for spared in range(first, last + 1)]
    return next((limit for limit in found if float(np.median(defective)) >= limit), found[0])


def _a_little_above(good: Raws, spared: int) -> float:
    top = float(np.sort(good)[-1 - spared])
    return top + 0.15 * max(top - float(np.median(good)), 1e-6)


def limits_in_unit(limits: RawLimits, score_map: ScoreMap) -> Limits:
    ok_below, ng_from = np.interp([limits.ok_below, limits.ng_from], score_map.raw, score_map.score)
    return Limits(round(float(ok_below), 4), round(float(ng_from), 4))


def scores_in_unit(raws: Mapping[str, Raws], maps: Mapping[str, ScoreMap]) -> dict[str, Raws]:
    """Calibrated scores of each runtime."""
    return {name: np.interp(values, maps[name].raw, maps[name].score) for name, values in raws.items()}

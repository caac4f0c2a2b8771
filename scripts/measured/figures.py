"""Kept records → figures with their spread over seeds, and what INT8 costs, with an interval.

The cost is paired: both packages are judged on the same draw of the same pictures, whole groups drawn together, the
mean over the seeds taken on each draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.decision import Outcome
from scripts.measured.records import Record, Seen
from scripts.measured.rows import ACCURACY, AUROC, MACRO_F1, MIOU, Goal
from training.data.dataset import GOOD
from training.metrics.bootstrap import Statistic, bootstrap
from training.metrics.classification import accuracy, macro_f1
from training.metrics.ranking import Ranking
from training.metrics.segmentation import mean_iou


@dataclass(frozen=True, slots=True)
class Figure:
    """In points. `int8`, `fp32`: one a seed, empty where it cannot be told; `why_not` says why.

    `cost`: INT8 less fp32, mean of the seeds; `interval`: 95 % of it, None where nothing can be said.
    """

    goal: Goal
    int8: tuple[float, ...] = ()
    fp32: tuple[float, ...] = ()
    cost: float | None = None
    interval: tuple[float, float] | None = None
    why_not: str = ""

    @property
    def mean(self) -> float:
        return float(np.mean(self.int8))

    @property
    def reached(self) -> str:
        """By the mean of the seeds."""
        if not self.int8:
            return self.why_not
        return "aim" if self.mean >= self.goal.aim else "must" if self.mean >= self.goal.must else "MISSED"


def figure_of(goal: Goal, records: Sequence[Record]) -> Figure:
    """One figure of all seeds of a row: `records`, at least one, all of the same pictures."""
    pairs = [tuple(_statistic(goal.figure, seen) for seen in (one.int8, one.fp32)) for one in records]
    found = [(ours, plain) for ours, plain in pairs if ours is not None and plain is not None]
    if len(found) < len(pairs):
        return Figure(goal, why_not="not built")
    once = np.ones(len(records[0].int8))

    def cost(weights: NDArray[np.float64]) -> float:
        return float(np.mean([ours(weights) - plain(weights) for ours, plain in found]))

    interval = bootstrap([one.group for one in records[0].int8], cost)
    int8, fp32 = (tuple(pair[side](once) for pair in found) for side in (0, 1))
    return Figure(goal, int8, fp32, cost(once), interval)


def by_class(records: Sequence[Record]) -> dict[str, float]:
    """Defect → AUROC of its pictures against all good ones, in points, mean of the seeds; empty without good ones."""
    labels = sorted({one.label for one in records[0].int8} - {GOOD})
    found: dict[str, float] = {}
    for label in labels:
        of = [[seen for seen in one.int8 if seen.label in (GOOD, label)] for one in records]
        found[label] = float(np.mean([_auroc(seen)(np.ones(len(seen))) for seen in of]))
    return {label: value for label, value in found.items() if np.isfinite(value)}


@dataclass(frozen=True, slots=True)
class Unforced:
    """Of a classifier, in points: what its names would be worth if it had to give one to every part.

    `unsure`: the share that it hands to a person instead.
    """

    accuracy: float
    macro_f1: float
    unsure: float


def unforced(records: Sequence[Record]) -> Unforced | None:
    """Mean of the seeds; None where no classifier judged."""
    if not all(one.likeliest for record in records for one in record.int8):
        return None
    forced = [[one.model_copy(update={"named": one.likeliest}) for one in record.int8] for record in records]
    once = np.ones(len(records[0].int8))
    right, f1 = (float(np.mean([_named(of, figure)(once) for of in forced])) for figure in (accuracy, macro_f1))
    unsure = np.mean([[one.outcome != Outcome.NG for one in record.int8] for record in records])
    return Unforced(right, f1, 100 * float(unsure))


def _statistic(figure: str, seen: Sequence[Seen]) -> Statistic | None:
    """Weights of pictures → points; None where nothing of the kind was recorded."""
    if figure == AUROC:
        return _auroc(seen)
    if figure == MIOU:
        return _miou(seen)
    return {ACCURACY: _named(seen, accuracy), MACRO_F1: _named(seen, macro_f1)}[figure]


def _auroc(seen: Sequence[Seen]) -> Statistic:
    bad = np.array([one.label != GOOD for one in seen], np.bool_)
    ranking = Ranking.of(np.array([one.score for one in seen], np.float64), bad)
    return lambda weights: 100 * ranking.auroc(weights)


def _miou(seen: Sequence[Seen]) -> Statistic | None:
    """Pictures of which nobody knows the defective pixels count nothing."""
    sides = {len(one.pixels) for one in seen if one.pixels is not None}
    if len(sides) != 1:
        return None
    side = sides.pop()
    tables = np.array([np.zeros((side, side)) if one.pixels is None else one.pixels for one in seen], np.float64)
    return lambda weights: 100 * mean_iou(np.tensordot(weights, tables, axes=1))


def _named(seen: Sequence[Seen], figure: Callable[[NDArray[np.float64]], float]) -> Statistic:
    labels = sorted({one.label for one in seen})
    shown = np.array([labels.index(one.label) for one in seen], np.intp)
    # The last column is whatever is none of the classes.
    named = np.array([labels.index(one.named) if one.named in labels else len(labels) for one in seen], np.intp)

    def points(weights: NDArray[np.float64]) -> float:
        table = np.zeros((len(labels), len(labels) + 1))
        np.add.at(table, (shown, named), weights)
        return 100 * figure(table)

    return points

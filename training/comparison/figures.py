"""What two packages' answers on the same pictures say of the difference between them.

Every figure of both, with the interval of its difference from drawn groups; every kind of mistake, with those that one
of the two makes alone and the exact chance that equally good packages would differ so (McNemar).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.decision import Outcome
from training.comparison.pairs import Answer, Pair
from training.metrics.bootstrap import DRAWS, Statistic, bootstrap_all
from training.metrics.classification import accuracy, macro_f1, table_of
from training.metrics.mcnemar import mcnemar
from training.metrics.ranking import Ranking
from training.metrics.segmentation import mean_iou

LIKELY_CHANCE = 0.05
Weights = NDArray[np.float64]
Mask = NDArray[np.bool_]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both, 0 to 1; `interval`: of `b` minus `a`, None where too few groups can be drawn."""

    key: str
    a: float
    b: float
    interval: Interval | None

    @property
    def difference(self) -> float:
        return self.b - self.a

    @property
    def told_apart(self) -> bool:
        """Whether the difference is more than chance."""
        return self.interval is not None and not self.interval[0] <= 0.0 <= self.interval[1]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One kind of mistake, made by `a` and `b` in so many of `total` pictures; by one of them `only` in some.

    `p`: how often equally good packages would differ at least so; `interval`: of the rates' difference, `b` minus `a`.
    """

    key: str
    total: int
    a: int
    b: int
    only_a: int
    only_b: int
    p: float
    interval: Interval | None

    @property
    def told_apart(self) -> bool:
        """Whether the difference is more than chance; pictures of one lot err together, so both have to say so."""
        apart = self.interval is not None and not self.interval[0] <= 0.0 <= self.interval[1]
        return apart and self.p < LIKELY_CHANCE


@dataclass(frozen=True, slots=True)
class Compared:
    """All of it, and (50 %, 99 %) of both latencies in ms; `groups`: how many parts or lots the pictures are of."""

    pictures: int
    groups: int
    figures: tuple[Figure, ...]
    verdicts: tuple[Verdicts, ...]
    latencies_ms: tuple[Interval, Interval]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One figure of both packages as functions of how often each picture counts."""

    key: str
    a: Statistic
    b: Statistic

    def difference(self, weights: Weights) -> float:
        return self.b(weights) - self.a(weights)


def compare(pairs: Sequence[Pair], seed: int = 0, draws: int = DRAWS) -> Compared:
    """Both packages on one or more pictures; the same for the same seed."""
    groups = [one.picture.group for one in pairs]
    answers = [one.a for one in pairs], [one.b for one in pairs]
    asked = [*_rankings(pairs, answers), *_masks(answers), *_names(pairs, answers)]
    mistakes = _mistakes(pairs, answers)
    statistics = [*(one.difference for one in asked), *(_mean_over(of, a, b) for of, a, b in mistakes.values())]
    intervals = bootstrap_all(groups, statistics, seed, draws)
    once = np.ones(len(pairs))
    return Compared(
        pictures=len(pairs),
        groups=len(set(groups)),
        figures=tuple(
            Figure(one.key, one.a(once), one.b(once), interval) for one, interval in zip(asked, intervals, strict=False)
        ),
        verdicts=tuple(
            _verdicts(key, found, interval)
            for (key, found), interval in zip(mistakes.items(), intervals[len(asked) :], strict=True)
        ),
        latencies_ms=(_latencies(answers[0]), _latencies(answers[1])),
    )


def _rankings(pairs: Sequence[Pair], answers: tuple[list[Answer], list[Answer]]) -> list[_Asked]:
    bad = np.array([not one.good for one in pairs], np.bool_)
    if bad.all() or not bad.any():
        return []
    a, b = (Ranking.of(np.array([one.score for one in own]), bad) for own in answers)
    return [_Asked("auroc", a.auroc, b.auroc), _Asked("average_precision", a.average_precision, b.average_precision)]


def _masks(answers: tuple[list[Answer], list[Answer]]) -> list[_Asked]:
    """Where both draw masks, of the pictures whose truth is known."""
    known = [at for at, one in enumerate(answers[0]) if one.pixels is not None]
    if not known:
        return []

    def iou(own: Sequence[Answer]) -> Statistic:
        tables = np.stack([counts.ravel() for one in own if (counts := one.pixels) is not None]).astype(np.float64)
        side = round(tables.shape[1] ** 0.5)
        return lambda weights: mean_iou((weights[known] @ tables).reshape(side, side))

    return [_Asked("mean_iou", iou(answers[0]), iou(answers[1]))]


def _names(pairs: Sequence[Pair], answers: tuple[list[Answer], list[Answer]]) -> list[_Asked]:
    """Of pictures that all show a defect: whether its class is named."""
    if any(one.good for one in pairs):
        return []
    labels = sorted({one.picture.label for one in pairs})
    at = {label: index for index, label in enumerate(labels)}
    shown = np.array([at[one.picture.label] for one in pairs])

    def table(own: Sequence[Answer]) -> Callable[[Weights], NDArray[np.float64]]:
        named = np.array([at.get(one.named, -1) for one in own])
        return lambda weights: table_of(shown, named, len(labels), weights)

    a, b = (table(own) for own in answers)
    return [
        _Asked("accuracy", lambda weights: accuracy(a(weights)), lambda weights: accuracy(b(weights))),
        _Asked("macro_f1", lambda weights: macro_f1(a(weights)), lambda weights: macro_f1(b(weights))),
    ]


# Which pictures can have a mistake, and which answer is one.
_MISTAKES: dict[str, tuple[Callable[[Pair], bool], Callable[[Answer], bool]]] = {
    "wrong": (lambda pair: True, lambda answer: answer.wrong),
    "escapes": (lambda pair: not pair.good, lambda answer: answer.outcome in (Outcome.OK, Outcome.NO_PART)),
    "overkill": (lambda pair: pair.good, lambda answer: answer.outcome is Outcome.NG),
    "recheck": (lambda pair: True, lambda answer: answer.outcome is Outcome.RECHECK),
}


def _mistakes(pairs: Sequence[Pair], answers: tuple[list[Answer], list[Answer]]) -> dict[str, tuple[Mask, Mask, Mask]]:
    """Kind → (pictures that can have it, those that `a` and those that `b` has)."""
    found = {}
    for key, (concerned, mistaken) in _MISTAKES.items():
        of = np.array([concerned(one) for one in pairs], np.bool_)
        a, b = (np.array([mistaken(one) for one in own], np.bool_) & of for own in answers)
        if of.any():
            found[key] = (of, a, b)
    return found


def _verdicts(key: str, found: tuple[Mask, Mask, Mask], interval: Interval | None) -> Verdicts:
    of, a, b = found
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    return Verdicts(key, int(of.sum()), int(a.sum()), int(b.sum()), only_a, only_b, mcnemar(only_a, only_b), interval)


def _mean_over(of: Mask, a: Mask, b: Mask) -> Statistic:
    concerned, more = of.astype(np.float64), b.astype(np.float64) - a

    def mean(weights: Weights) -> float:
        total = float(weights @ concerned)
        return float(weights @ more) / total if total else float("nan")

    return mean


def _latencies(answers: Sequence[Answer]) -> Interval:
    middle, high = np.quantile([one.latency_ms for one in answers], (0.5, 0.99))
    return float(middle), float(high)

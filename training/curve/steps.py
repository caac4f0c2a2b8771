"""What a learning curve says, and what it does not: figures with intervals, and whether more defects may help.

Intervals draw groups of test pictures again and, with them, repeats: both are chance. All counts are taken on the same
draws, so that the difference of two is paired. Of three repeats the second part is rough. Where every test picture is
on its right side a draw says nothing; then the exact bound for so many groups stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.intervals import two_sided
from training.curve.measure import Measured
from training.curve.points import Point
from training.metrics.ranking import Ranking
from training.report.ranks import Ranged
from training.text import Text

_DRAWS = 1000
_MORE = 10
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Step:
    """Figures of one count, over all repeats; `brought`: points of AUROC more than at the count before.

    `taught`: the share of the repeats in which a network was taught.
    """

    defects: int
    auroc: Ranged
    escapes: Ranged
    overkill: Ranged
    brought: Ranged | None
    taught: float


@dataclass(frozen=True, slots=True)
class _Judged:
    """One point's answers: how it ranks, and which pictures it lets pass or rejects."""

    ranking: Ranking
    passed: NDArray[np.bool_]
    rejected: NDArray[np.bool_]


def steps(measured: Measured, seed: int = 0) -> list[Step]:
    """One of each count, rising."""
    names = next(iter(measured.points.values()))[0].names
    pictures = [measured.test[name] for name in names]
    bad = np.array([not picture.good for picture in pictures], np.bool_)
    rows = {count: [_judged(point, bad) for point in own] for count, own in measured.points.items()}
    drawn = _draws(rows, bad, [picture.group for picture in pictures], seed)
    whole = {count: np.mean([_figures(one, bad, None) for one in own], axis=0) for count, own in rows.items()}
    found: list[Step] = []
    groups = [len({one.group for one in pictures if one.good is kind}) for kind in (False, True)]
    for count, (auroc, escapes, overkill) in whole.items():
        before = found[-1].defects if found else None
        brought = None if before is None else _ranged(auroc - whole[before][0], (drawn[count] - drawn[before])[:, 0])
        found.append(
            Step(
                count,
                _perfect(_ranged(auroc, drawn[count][:, 0]), min(groups)),
                _rare(_ranged(escapes, drawn[count][:, 1]), groups[0]),
                _rare(_ranged(overkill, drawn[count][:, 2]), groups[1]),
                brought,
                float(np.mean([point.taught for point in measured.points[count]])),
            )
        )
    return found


def _judged(point: Point, bad: NDArray[np.bool_]) -> _Judged:
    scores = np.array(point.scores)
    return _Judged(Ranking.of(scores, bad), bad & (scores < point.ok_below), ~bad & (scores >= point.ng_from))


def _figures(one: _Judged, bad: NDArray[np.bool_], weights: Floats | None) -> tuple[float, float, float]:
    """AUROC, share of defective pictures that pass, share of good ones that are rejected."""
    own = np.ones(len(bad)) if weights is None else weights
    return (
        one.ranking.auroc(weights),
        float(own[one.passed].sum() / own[bad].sum()),
        float(own[one.rejected].sum() / own[~bad].sum()),
    )


def _draws(
    rows: dict[int, list[_Judged]], bad: NDArray[np.bool_], groups: Sequence[str], seed: int
) -> dict[int, Floats]:
    """`(draws, 3)` figures of each count, all on the same draws of groups and of repeats."""
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    rng, repeats = np.random.default_rng(seed), len(next(iter(rows.values())))
    found: dict[int, list[Floats]] = {count: [] for count in rows}
    for _ in range(_DRAWS):
        drawn = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        weights, chosen = drawn[group_of].astype(np.float64), rng.integers(repeats, size=repeats)
        if weights[bad].any() and weights[~bad].any():
            for count, own in rows.items():
                known = {index: _figures(own[index], bad, weights) for index in set(chosen.tolist())}
                found[count].append(np.mean([known[index] for index in chosen.tolist()], axis=0))
    return {count: np.array(own) for count, own in found.items()}


def _ranged(value: float, drawn: Floats) -> Ranged:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Ranged(float(value), (float(low), float(high)))


def _rare(found: Ranged, groups: int) -> Ranged:
    """No narrower than what so many groups can prove at all."""
    low, high = found.interval or (0.0, 1.0)
    exact = two_sided(round(found.value * groups), groups)
    return Ranged(found.value, (min(low, exact[0]), max(high, exact[1])))


def _perfect(found: Ranged, pairs: int) -> Ranged:
    if found.value < 1.0 or found.interval is None:
        return found
    return Ranged(1.0, (min(found.interval[0], two_sided(pairs, pairs)[0]), 1.0))


def outlook(found: Sequence[Step]) -> Text:
    """Whether ten more defects are likely to help; said only where the last difference is no noise."""
    last = found[-1]
    if last.brought is None or last.brought.interval is None:
        return Text(
            "With one count alone nothing can be said of more defects.", "只有一个数量，无法判断更多缺陷图像的作用。"
        )
    if last.taught != found[-2].taught:
        return Text(
            f"At {last.defects} defective pictures a network is taught and before it was not, or the other way round: "
            f"what {_MORE} more would bring cannot be told from these two.",
            f"缺陷图像为 {last.defects} 张时与之前的方式不同（是否训练网络），无法据此判断再增加 {_MORE} 张的作用。",
        )
    before, (low, high) = found[-2].defects, last.brought.interval
    gap = f"{100 * last.brought.value:+.2f} ({100 * low:+.2f} – {100 * high:+.2f})"
    if low <= 0.0:
        return Text(
            f"From {before} to {last.defects} defective pictures AUROC changed by {gap} points, which may be nothing: "
            f"it cannot be said whether {_MORE} more would help.",
            f"缺陷图像从 {before} 张增至 {last.defects} 张，AUROC 变化 {gap} 个百分点，可能只是偶然："
            f"无法判断再增加 {_MORE} 张是否有用。",
        )
    scale = 100 * _MORE / (last.defects - before)
    more = f"{scale * last.brought.value:.2f} ({scale * low:.2f} – {scale * high:.2f})"
    return Text(
        f"From {before} to {last.defects} defective pictures AUROC rose by {gap} points. If it went on so, {_MORE} "
        f"more would bring {more} points; curves flatten, so take that as the most.",
        f"缺陷图像从 {before} 张增至 {last.defects} 张，AUROC 提高 {gap} 个百分点。若照此继续，再增加 {_MORE} 张可提高 "
        f"{more} 个百分点；曲线会趋平，请视为上限。",
    )

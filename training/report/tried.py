"""What competed, what won, and whether the difference is more than the noise of the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.fitting import budget
from training.fitting.cost import cost
from training.fitting.crossfit import CrossFit
from training.fitting.sample import Raws
from training.metrics.ranking import auroc
from training.page import heading, paragraph, table
from training.report.ranks import Ranged, auroc_difference
from training.run import TrainingRun
from training.text import Text

_HEAD = (
    Text("candidate, the chosen one first", "候选方案，入选者在前"),
    Text("AUROC, held out", "留出 AUROC"),
    Text("the chosen one is better by (95 %)", "入选者高出（95 % 区间）"),
    Text("work for a station, of the bare fp32 trunk", "检测站计算量，相对裸 fp32 主干网络"),
)
_ALONE = Text(
    "Without defective pictures nothing can be compared; the default scorer was taken.",
    "没有缺陷图像，无从比较；采用默认评分器。",
)
_NOTE = Text(
    "In points of AUROC, on the same draws of groups. All were compared on these very pictures, so that the figure of "
    "the best is a little too good; the certificate allows for that, and test pictures (--split) are free of it.",
    "单位为 AUROC 百分点，按相同的分组抽样比较。各方案在同一批图像上比较，最佳者的数值略偏高；证明已计入这一点，"
    "测试图像（--split）则不受影响。",
)


_RULE = Text(
    "Of those that do equally well one that also sees what nobody showed, by its distance from good, goes first, then "
    "the one that is least work for a station.",
    "效果相当时，优先选用还能凭与良品的距离发现未见过缺陷的方案，其次选用检测站计算量最小的方案。",
)


@dataclass(frozen=True, slots=True)
class Contender:
    """One candidate; `behind`: how much better the chosen one ranks the same pictures, None of the chosen one.

    `cost`: an estimate of what judging with it takes, as a share of the bare fp32 trunk's time; None where a network
    with heads of its own is judged with.
    """

    name: Text
    auroc: float
    behind: Ranged | None
    cost: float | None = None


def contenders(run: TrainingRun) -> list[Contender]:
    """All candidates, the best first; none where nothing could be compared."""
    if not len(run.crossfit.to_tell):
        return []
    shown = [picture.group for picture in run.held_out.defective]
    drawn = [f"drawn {index}" for index in range(len(run.crossfit.to_tell))]
    groups = (*(picture.group for picture in run.held_out.good), *(shown if len(run.crossfit.defective) else drawn))
    bad = np.arange(len(groups)) >= len(run.held_out.good)
    best = _scores(run.crossfit)
    return [
        Contender(
            one.candidate.said,
            auroc(one.good, one.to_tell),
            None if one is run.crossfit else auroc_difference(best, _scores(one), bad, groups),
            None if one.candidate.terms else cost(one.candidate),
        )
        for one in run.tried
    ]


def told_of_budget(run: TrainingRun) -> str:
    """A paragraph where what judging costs mattered to the choice."""
    compared = [run.crossfit, *(one for one in run.tried if one is not run.crossfit)]
    said = None if run.crossfit.candidate.terms else budget.said(compared)
    return "" if said is None else paragraph(said)


def section(found: Sequence[Contender]) -> str:
    """All candidates with the difference to the chosen one."""
    title = heading(Text("Candidates tried", "比较过的候选方案"))
    if not found:
        return title + paragraph(_ALONE)
    rows = [
        (
            one.name,
            f"{100 * one.auroc:.2f}",
            Text("chosen", "入选") if one.behind is None else one.behind,
            "–" if one.cost is None else f"{one.cost:.2f}",
        )
        for one in found
    ]
    return title + paragraph(verdict(found)) + table(_HEAD, rows) + paragraph(_NOTE, note=True)


def verdict(found: Sequence[Contender]) -> Text:
    """One sentence on the best of the others; what its interval does not exclude is called noise."""
    chosen = next(one for one in found if one.behind is None)
    others = [one for one in found if one.behind is not None]
    if not others:
        return Text(f"{chosen.name.en} was the only one.", f"只有一个方案：{chosen.name.zh}。")
    second = max(others, key=lambda one: one.auroc)
    gap = second.behind or Ranged(0.0, None)
    behind = gap.value < 0
    if behind:
        gap = gap.negated()
    sure = gap.interval is not None and gap.interval[0] > 0
    en = "more than the noise of this comparison" if sure else "within the noise of this comparison"
    zh = "超出比较的噪声" if sure else "在比较的噪声之内"
    if behind:
        en = f"The best of the others, {second.name.en}, is ahead of it by {gap} points: {en}."
        zh = f"其余最佳者（{second.name.zh}）比它领先 {gap} 个百分点：{zh}。"
    else:
        en = f"It is ahead of the best of the others, {second.name.en}, by {gap} points: {en}."
        zh = f"它比其余最佳者（{second.name.zh}）领先 {gap} 个百分点：{zh}。"
    return Text(
        f"{chosen.name.en} was chosen among {len(found)}. {en} {_RULE.en}",
        f"在 {len(found)} 个方案中选择了 {chosen.name.zh}。{zh}{_RULE.zh}",
    )


def figures(found: Sequence[Contender]) -> list[list[object]]:
    """The same for programs: [name, AUROC, how much better the chosen one is]."""
    return [[one.name.en, one.auroc, None if one.behind is None else one.behind.figures()] for one in found]


def _scores(one: CrossFit) -> Raws:
    return np.concatenate([one.good, one.to_tell])

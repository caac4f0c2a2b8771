"""What is said of scorers that are more work for a station than judging may be."""

from __future__ import annotations

from collections.abc import Sequence

from training.fitting.cost import BUDGET, affordable, cost
from training.fitting.crossfit import CrossFit
from training.metrics.ranking import auroc
from training.text import Text


def said(tried: Sequence[CrossFit]) -> Text | None:
    """One sentence where the budget mattered; `tried`: all that were compared, the chosen one first."""
    chosen, others = tried[0], tried[1:]
    if not affordable(chosen.candidate):
        return _exceeded(chosen, [one for one in others if affordable(one.candidate)])
    dear = [one for one in others if not affordable(one.candidate) and _ahead(one, chosen) > 0]
    if not dear:
        return None
    best = max(dear, key=lambda one: _ahead(one, chosen))
    name = best.candidate.said
    ahead, share, wanted = _ahead(best, chosen), cost(chosen.candidate), cost(best.candidate)
    return Text(
        f"{name.en} was ahead by {ahead:.2f} points of AUROC, but judging with it would take about {wanted:.2f} "
        f"of the bare fp32 trunk's time instead of {share:.2f}; beyond {BUDGET:g} only one that is clearly better is "
        "taken.",
        f"{name.zh} 的 AUROC 高出 {ahead:.2f} 个百分点，但用它判定约需裸 fp32 主干网络时间的 {wanted:.2f} 倍"
        f"（入选者为 {share:.2f}）；超过 {BUDGET:g} 时只采用明显更优的方案。",
    )


def _exceeded(chosen: CrossFit, cheaper: Sequence[CrossFit]) -> Text:
    name, share = chosen.candidate.said, cost(chosen.candidate)
    en = f"Judging with {name.en} takes about {share:.2f} of the bare fp32 trunk's time, more than {BUDGET:g}; "
    zh = f"使用 {name.zh} 判定约需裸 fp32 主干网络时间的 {share:.2f} 倍，超过 {BUDGET:g}；"
    if not cheaper:
        return Text(en + "none that takes less was compared.", zh + "没有比较过更省时的方案。")
    behind = -max(_ahead(one, chosen) for one in cheaper)
    return Text(
        f"{en}the best that takes less is behind by {behind:.2f} points of AUROC.",
        f"{zh}更省时的方案中最好的落后 {behind:.2f} 个 AUROC 百分点。",
    )


def _ahead(one: CrossFit, other: CrossFit) -> float:
    return 100.0 * (auroc(one.good, one.to_tell) - auroc(other.good, other.to_tell))

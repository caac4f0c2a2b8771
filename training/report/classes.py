"""How each defect fares: caught or not, told apart or not, named right or not, each with its interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from models.decision import Limits, Outcome
from training.data.dataset import GOOD
from training.evaluate import CAUGHT, Judged
from training.metrics.rate import Rate
from training.page import charts, heading, paragraph, table
from training.report.charts import histogram, precision_recall
from training.report.ranks import auroc_of, precision_curve
from training.report.scored import Scored, caught
from training.report.wording import OUTCOMES, rate
from training.text import Said, Text, same

_HEAD = (
    Text("class", "类别"),
    Text("pictures", "图像数"),
    Text("groups", "分组数"),
    *(same(outcome.value) for outcome in OUTCOMES),
    Text("other", "其他"),
    Text("caught (NG or RECHECK)", "检出（NG 或复检）"),
    Text("AUROC against good", "对合格件的 AUROC"),
)
_INTERVALS = Text(
    "Intervals are 95 %, two-sided: of counts exact (Clopper–Pearson), each picture counted; of AUROC by drawing "
    "whole groups again, and exact from independent pairs where no good picture scores above a defective one. Pictures "
    "of one lot or part are alike: the certificate, not these intervals, counts them once.",
    "区间均为 95 % 双侧：计数为精确区间（Clopper–Pearson），逐张计数；AUROC 按分组重抽样，"
    "若没有合格图像的分数高于缺陷图像，则由独立配对给出精确下限。同一批次或工件的图像彼此相似：证明按分组只计一次，这些区间则不然。",
)


def class_table(scored: Scored) -> str:
    """One row a class, good first; recall and AUROC with intervals."""
    labels = (*((GOOD,) if GOOD in scored.labels else ()), *scored.defects)
    return table(_HEAD, [_row(scored, label) for label in labels]) + paragraph(_INTERVALS, note=True)


def _row(scored: Scored, label: str) -> tuple[Said, ...]:
    counts = scored.counts(label)
    groups = {group for own, group in zip(scored.labels, scored.groups, strict=True) if own == label}
    known = [counts[outcome] for outcome in OUTCOMES]
    total = sum(counts.values())
    if label == GOOD:
        wrong = rate(Rate(counts[Outcome.NG], total))
        found = Text(f"overkill (NG): {wrong.en}", f"过杀（NG）：{wrong.zh}")
        return (label, total, len(groups), *known, total - sum(known), found, "")
    told = auroc_of(scored.against_good(label))
    return (label, total, len(groups), *known, total - sum(known), rate(caught(counts)), str(told or ""))


def figures(scored: Scored) -> dict[str, object]:
    """The same for programs."""
    found: dict[str, object] = {}
    for label in scored.defects:
        told = auroc_of(scored.against_good(label))
        recall = caught(scored.counts(label)).figures()
        found[label] = {"caught": recall, "auroc": None if told is None else told.figures()}
    return found


def drawn(scored: Scored, limits: Limits) -> str:
    """The histogram, and the precision-recall curve where there are good and defective pictures."""
    title = Text("Scores: good upwards, defective downwards", "分数分布：合格向上，缺陷向下")
    found = [histogram(scored, limits, title)]
    if not scored.both:
        return charts(found)
    points = [
        _point(scored, CAUGHT, Text("OK limit", "OK 界限")),
        _point(scored, (Outcome.NG,), Text("NG limit", "NG 界限")),
    ]
    share = f"{scored.bad.mean():.0%}"
    text = Text(
        f"Precision and recall with 95 % band, where {share} of the pictures are defective; crosses: limits in the "
        "package, exact intervals",
        f"精确率与召回率及 95 % 区间带（缺陷图像占 {share}）；十字：模型包中的界限及精确区间",
    )
    return charts([*found, precision_recall(precision_curve(scored), points, text)])


def _point(scored: Scored, outcomes: Iterable[Outcome], name: Text) -> tuple[Text, Rate, Rate]:
    recall, false = scored.rate(outcomes, bad=True), scored.rate(outcomes, bad=False)
    return name, recall, Rate(recall.count, recall.count + false.count)


def confusion(judged: Sequence[Judged], known: frozenset[str]) -> str:
    """What each class was named; empty where nothing was named."""
    rows: dict[str, Counter[str]] = {}
    for one in judged:
        rows.setdefault(one.picture.label, Counter())[one.named or one.outcome.value] += 1
    names = sorted({name for counts in rows.values() for name in counts})
    if not any(one.named for one in judged):
        return ""
    ordered = sorted(rows, key=lambda label: (label != GOOD, label))
    head = (Text("shows ↓, judged →", "实际 ↓，判为 →"), *names, Text("named right", "命名正确"))
    body: list[tuple[Said, ...]] = []
    for label in ordered:
        body.append((label, *(rows[label][name] or "" for name in names), _named(label, rows[label], known)))
    return heading(Text("What was taken for what", "混淆矩阵"), 3) + table(head, body)


def _named(label: str, counts: Counter[str], known: frozenset[str]) -> Text | str:
    if label == GOOD:
        return ""
    right = label if label in known else "unknown_defect"
    named = sum(count for name, count in counts.items() if name not in {outcome.value for outcome in Outcome})
    return rate(Rate(counts[right], named))

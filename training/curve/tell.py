"""A learning curve as text, as figures, and as a page in both languages."""

from __future__ import annotations

from collections.abc import Sequence

from training.curve.measure import Measured
from training.curve.steps import Step, outlook
from training.page import charts, heading, page, paragraph, table
from training.report.charts import steps as chart
from training.report.ranks import Ranged
from training.text import Said, Text

_HOW = Text(
    "So many defective pictures of all classes together; each larger set holds the smaller one, and pictures of one "
    "part or lot come together. Every point is judged on the same test pictures, by INT8 and at its own limits.",
    "缺陷图像数为所有类别合计；较大的集合包含较小的集合，同一工件或批次的图像一起加入。每个点都在同一批测试图像上、"
    "用 INT8 网络、按各自的界限判定。",
)
_NOISE = Text(
    "Intervals are 95 %: groups of test pictures and repeats are drawn again, and none is narrower than so many test "
    "pictures can prove. With few repeats they are rough.",
    "区间为 95 %：对测试图像的分组和重复次数重抽样，且不窄于测试图像数量所能证明的范围；重复次数少时较粗略。",
)
_FROZEN = Text(
    "Where the network is frozen, the scorer is that of good parts alone or the same with shown defects, whichever "
    "cross-fitting prefers; a full training compares more of them and may do better.",
    "网络固定时，评分器为仅用合格件或加入已知缺陷两者之一，由交叉拟合选择；完整训练会比较更多方案，结果可能更好。",
)
_TAUGHT = Text(
    "Where a network is taught, each repeat is a whole training with a seed of its own.",
    "训练网络时，每次重复都是一次使用各自随机种子的完整训练。",
)
_AUROC = Text("AUROC", "AUROC")
_HEAD = (
    Text("defective pictures", "缺陷图像数"),
    Text("network", "网络"),
    _AUROC,
    Text("escapes (OK)", "漏检（OK）"),
    Text("overkill (NG)", "过杀（NG）"),
    Text("AUROC more than before", "AUROC 较前增加"),
)


def as_text(measured: Measured, found: Sequence[Step]) -> str:
    """A few lines for people."""
    lines = [_counted(measured).en]
    for step in found:
        more = "" if step.brought is None else f"; AUROC {_signed(step.brought)} points more"
        lines.append(
            f"{step.defects:6} defective, network {_way(step).en}: AUROC {step.auroc}, "
            f"escapes {_percent(step.escapes)}, overkill {_percent(step.overkill)}{more}"
        )
    return "\n".join([*lines, outlook(found).en, *measured.notes])


def as_dict(measured: Measured, found: Sequence[Step]) -> dict[str, object]:
    """The same for programs."""
    rows = [
        {
            "defective": step.defects,
            "auroc": step.auroc.figures(),
            "escapes": step.escapes.figures(),
            "overkill": step.overkill.figures(),
            "auroc_more_than_before": None if step.brought is None else step.brought.figures(),
            "repeats": [
                {"repeat": point.repeat, "candidate": point.candidate, "taught": point.taught}
                for point in measured.points[step.defects]
            ],
        }
        for step in found
    ]
    return {
        "good": measured.good,
        "test": len(measured.test),
        "per": "all classes together, nested, by group",
        "points": rows,
        "outlook": outlook(found).en,
        "notes": list(measured.notes),
        "taken_from_before": measured.taken,
    }


def as_page(measured: Measured, found: Sequence[Step]) -> str:
    """Both curves, their figures, and what may be expected of more defects."""
    names: list[Said] = [step.defects for step in found]
    title = heading(Text("What more defective pictures bring", "增加缺陷图像的作用"), 1)
    aurocs = [step.auroc for step in found]
    caught = [_turned(_ends(step.escapes)) for step in found]
    share = Text("share of defects not OK", "未判 OK 的缺陷比例")
    drawn = [
        chart(names, [_ends(one) for one in aurocs], _HEAD[0], _AUROC, _lowest(aurocs)),
        chart(names, caught, _HEAD[0], share, 0.0),
    ]
    rows: list[tuple[Said, ...]] = []
    for step in found:
        more = "" if step.brought is None else _signed(step.brought)
        rows.append((step.defects, _way(step), str(step.auroc), _percent(step.escapes), _percent(step.overkill), more))
    text = [title, paragraph(_counted(measured)), paragraph(outlook(found)), charts(drawn), table(_HEAD, rows)]
    ways = [(_FROZEN, min(step.taught for step in found) < 1), (_TAUGHT, max(step.taught for step in found) > 0)]
    said: list[Said] = [_HOW, _NOISE, *(text for text, told in ways if told), *measured.notes]
    notes = [paragraph(note, note=True) for note in said]
    return page("okng curve", [*text, *notes])


def _counted(measured: Measured) -> Text:
    good = sum(picture.good for picture in measured.test.values())
    bad, repeats = len(measured.test) - good, len(next(iter(measured.points.values())))
    return Text(
        f"{measured.good} good pictures to train on; {good} good and {bad} defective ones to test; {repeats} repeats.",
        f"训练用合格图像 {measured.good} 张；测试用合格 {good} 张、缺陷 {bad} 张；重复 {repeats} 次。",
    )


def _way(step: Step) -> Text:
    """Whether a network was taught, or in what share of the repeats."""
    if step.taught in (0.0, 1.0):
        return Text("taught", "训练") if step.taught else Text("frozen", "固定")
    return Text(f"taught in {step.taught:.0%} of the repeats", f"{step.taught:.0%} 的重复中训练")


def _turned(ends: tuple[float, float, float]) -> tuple[float, float, float]:
    """Of what is found, from what is missed."""
    value, low, high = ends
    return 1 - value, 1 - high, 1 - low


def _ends(one: Ranged) -> tuple[float, float, float]:
    low, high = one.interval or (one.value, one.value)
    return one.value, low, high


def _lowest(found: Sequence[Ranged]) -> float:
    """Where the axis begins: below all intervals, at a tenth."""
    lowest = min(low for _, low, _ in map(_ends, found))
    return max(0.0, int(10 * lowest) / 10)


def _percent(one: Ranged) -> str:
    _, low, high = _ends(one)
    return f"{one.value:.1%} ({low:.1%} – {high:.1%})"


def _signed(one: Ranged) -> str:
    _, low, high = _ends(one)
    return f"{100 * one.value:+.2f} ({100 * low:+.2f} – {100 * high:+.2f})"

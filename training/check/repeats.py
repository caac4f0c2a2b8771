"""Pictures of one part or place that are not equal: near duplicates and exposure series, in one class and across."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from training.check.copies import contradicts, crosses, labelled
from training.check.findings import Finding, Severity, many
from training.check.groups import group_of
from training.check.look import Look
from training.check.series import Series, SeriesKind
from training.text import Text

Group = tuple[Look, ...]

_KINDS = {
    SeriesKind.COPY: Text("of copies", "相同"),
    SeriesKind.NEAR: Text("of near duplicates", "近似重复"),
    SeriesKind.EXPOSURE: Text("in several exposures", "多次曝光"),
}


# code → severity, title, why it matters, what to do
_SAID: Mapping[str, tuple[Severity, Text, Text, Text]] = {
    "series-across-splits": (
        Severity.ERROR,
        Text("One part in training and test", "同一工件既在训练集又在测试集"),
        Text(
            "the test asks what the training showed, and its figures are too good", "测试内容在训练中已出现，结果会虚高"
        ),
        Text(
            "Split again with okng split --by series; or put the groups.csv of --propose into the data set first.",
            "请用 okng split --by series 重新划分；或先将 --propose 生成的 groups.csv 放入数据集。",
        ),
    ),
    "series-across-labels": (
        Severity.WARNING,
        Text("Pictures of one part with different labels", "同一工件的图像标签不同"),
        Text(
            "a defect that shows in some pictures of a part alone, or a wrong label",
            "缺陷只在部分图像中可见，或标签有误",
        ),
        Text("Look at each beside the others.", "请并排查看。"),
    ),
    "series": (
        Severity.WARNING,
        Text("Pictures of one part that no group holds together", "同一工件的图像未归入同一组"),
        Text(
            "a random split puts them into training and test, and proofs count each as a part of its own",
            "随机划分会把它们分到训练和测试中，证明时也会各算一个工件",
        ),
        Text(
            "Let --propose write groups.csv and put it into the data set; proofs count by it too.",
            "请用 --propose 生成 groups.csv 并放入数据集；证明时也按它计数。",
        ),
    ),
    "series-grouped": (
        Severity.NOTE,
        Text("Pictures of one part, in one group", "同一工件的图像，已在同一组"),
        Text("they stay together in every split", "每次划分时都会保持在一起"),
        Text("Nothing has to be done.", "无需处理。"),
    ),
}


def check_series(looks: Sequence[Look], series: Sequence[Series]) -> Iterator[Finding]:
    """What is wrong with series, each kind of trouble in one finding; series of equal pictures are told as copies."""
    told: dict[str, list[tuple[SeriesKind, Group]]] = {code: [] for code in _SAID}
    for one in series:
        group = tuple(looks[index] for index in one.members)
        if len({look.pixels for look in group}) > 1:
            for code in _troubles(group):
                told[code].append((one.kind, group))
    yield from (_finding(code, found) for code, found in told.items() if found)


def _troubles(group: Group) -> Iterator[str]:
    if contradicts(group):
        yield "series-across-labels"
    if crosses(group):
        yield "series-across-splits"
    else:
        yield "series-grouped" if _in_one_group(group) else "series"


def _in_one_group(group: Group) -> bool:
    return len({group_of(look) or look.name for look in group}) == 1


def _finding(code: str, series: Sequence[tuple[SeriesKind, Group]]) -> Finding:
    severity, title, why, remedy = _SAID[code]
    groups = [group for _, group in series]
    count = sum(len(group) for group in groups)
    counts = [(what, sum(kind is one for one, _ in series)) for kind, what in _KINDS.items()]
    en = ", ".join(f"{number:,} {what.en}" for what, number in counts if number)
    zh = "，".join(f"{what.zh} {number} 组" for what, number in counts if number)
    return Finding(
        code,
        severity,
        title,
        Text(
            f"{many(count)} in {many(len(groups), 'series', 'series')} ({en}): {why.en}.",
            f"{count} 张图像，{len(groups)} 个系列（{zh}）：{why.zh}。",
        ),
        remedy,
        tuple(look.name for group in groups for look in group),
        tuple(tuple(look.name for look in group) for group in groups),
        tuple((look.name, labelled(look)) for group in groups for look in group),
    )

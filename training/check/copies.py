"""The same picture twice: within a class, under two labels, in two subsets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from training.check.findings import Finding, Severity, many
from training.check.look import Look
from training.text import Text

Group = tuple[Look, ...]


def copies_of(looks: Sequence[Look]) -> tuple[Group, ...]:
    """Pictures that are equal to the last pixel, whatever their files; groups of two or more."""
    alike: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        # Where nothing was decoded, equal files are equal pictures too.
        if not look.fault and (look.pixels or look.sha256):
            alike[look.pixels or look.sha256].append(look)
    return tuple(tuple(group) for group in alike.values() if len(group) > 1)


def check_copies(looks: Sequence[Look]) -> Iterator[Finding]:
    """Every group of copies is told once by the worst that is wrong with it, and again where it leaks."""
    groups = copies_of(looks)
    contrary = [group for group in groups if contradicts(group)]
    leaking = [group for group in groups if crosses(group)]
    plain = [group for group in groups if not contradicts(group) and not crosses(group)]
    if contrary:
        yield _finding(
            "label-conflict",
            Severity.ERROR,
            Text("The same picture with different labels", "同一图像却有不同标签"),
            contrary,
            Text("one of the labels is wrong, and a model cannot learn both", "其中必有一个标签错误，模型无法同时学习"),
            Text("Look at each and remove the wrong copy.", "请逐一查看并删除错误的一份。"),
        )
    if leaking:
        yield _finding(
            "copies-across-splits",
            Severity.ERROR,
            Text("The same picture in training and test", "同一图像既在训练集又在测试集"),
            leaking,
            Text("the figures of the test are too good", "测试结果会虚高"),
            Text("Keep one of each, or split again with okng split.", "每组只保留一份，或用 okng split 重新划分。"),
        )
    if plain:
        yield _finding(
            "copies",
            Severity.WARNING,
            Text("Exact copies", "完全相同的图像"),
            plain,
            Text(
                "okng trains on one of each and counts it once; other tools count all",
                "okng 每组只用一张、只计一次；其他工具会全部计入",
            ),
            Text("Remove all but one of each.", "每组只保留一张。"),
        )


def contradicts(group: Sequence[Look]) -> bool:
    """Whether what is labelled in it is labelled in different ways."""
    return len({frozenset(look.labels) for look in group if look.labels}) > 1


def crosses(group: Sequence[Look]) -> bool:
    """Whether it stands in more than one subset."""
    return len({look.split for look in group if look.split}) > 1


def labelled(look: Look) -> str:
    """What a picture is said to be, for a remark."""
    said = ", ".join(look.labels) or "-"
    return f"{said} ({look.split})" if look.split else said


def _finding(code: str, severity: Severity, title: Text, groups: Sequence[Group], why: Text, remedy: Text) -> Finding:
    extra = sum(len(group) - 1 for group in groups)
    found = Text(
        f"{many(extra)} equal to another one to the last pixel, in {many(len(groups), 'group')}: {why.en}.",
        f"{extra} 张图像与另一张逐像素相同，共 {len(groups)} 组：{why.zh}。",
    )
    return Finding(
        code,
        severity,
        title,
        found,
        remedy,
        tuple(look.name for group in groups for look in group),
        tuple(tuple(look.name for look in group) for group in groups),
        tuple((look.name, labelled(look)) for group in groups for look in group),
    )

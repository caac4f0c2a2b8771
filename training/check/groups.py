"""Groups (lots, parts, positions): whether there are any, whether they cross subsets, what the pictures' times tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from training.check.findings import Finding, Severity, many
from training.check.look import Look
from training.data.dataset import GOOD
from training.text import Text

_PAUSE = timedelta(hours=1)


def group_of(look: Look) -> str:
    """The group that it is said to be of, or the lot that a station wrote into it; "" where neither is known."""
    if look.group:
        return look.group
    return f"lot {look.origin.lot}" if look.origin is not None and look.origin.lot else ""


def check_groups(looks: Sequence[Look]) -> Iterator[Finding]:
    usable = [look for look in looks if not look.fault]
    yield from _crossing(usable)
    known = [look for look in usable if group_of(look)]
    if usable and not known:
        yield from _none(usable)
    elif len(known) < len(usable):
        yield from _some(usable)
    good = {group_of(look) or look.name for look in usable if look.label == GOOD}
    if len(good) == 1 and sum(look.label == GOOD for look in usable) > 1:
        yield from _one(next(iter(good)))


def _crossing(looks: Sequence[Look]) -> Iterator[Finding]:
    members: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        if look.split and group_of(look):
            members[group_of(look)].append(look)
    torn = {name: group for name, group in members.items() if len({look.split for look in group}) > 1}
    if torn:
        count = sum(len(group) for group in torn.values())
        yield Finding(
            "groups-across-splits",
            Severity.ERROR,
            Text("Groups that stand in several subsets", "同一分组出现在多个子集"),
            Text(
                f"{many(len(torn), 'group')} with {many(count)}: what a model learns of a lot or part in training, it "
                "is asked again in the test, and its figures are too good.",
                f"{len(torn)} 个分组共 {count} 张图像：测试的批次或工件在训练中已见过，结果会虚高。",
            ),
            Text("Split again by group, with okng split.", "请用 okng split 按分组重新划分。"),
            tuple(look.name for group in torn.values() for look in group),
            tuple(tuple(look.name for look in group) for group in torn.values()),
            tuple((look.name, f"{name} ({look.split})") for name, group in torn.items() for look in group),
        )


def _none(looks: Sequence[Look]) -> Iterator[Finding]:
    sessions = sessions_of(looks)
    times = Text(
        f" Their own times show {many(len(sessions), 'session')} with pauses of more than an hour.",
        f" 按图像自身的时间可分为 {len(sessions)} 次拍摄（间隔超过一小时）。",
    )
    told = times if len(sessions) > 1 else Text("", "")
    yield Finding(
        "groups-missing",
        Severity.WARNING,
        Text("Nothing says which pictures belong together", "没有说明哪些图像属于同一组"),
        Text(
            f"{many(len(looks))} without lot, part or position. Each counts as a part of its own, and pictures of one "
            f"part or lot may come into training and test.{told.en}",
            f"{len(looks)} 张图像没有批次、工件或位置信息。每张按独立工件计算，"
            f"同一工件或批次可能同时进入训练和测试。{told.zh}",
        ),
        Text(
            "Write groups.csv with picture,group; --propose makes one from the series that were found.",
            "请编写 groups.csv（picture,group）；--propose 可按找到的系列生成。",
        ),
        groups=sessions if len(sessions) > 1 else (),
    )


def _some(looks: Sequence[Look]) -> Iterator[Finding]:
    bare = [look for look in looks if not group_of(look)]
    yield Finding(
        "groups-incomplete",
        Severity.WARNING,
        Text("Some pictures have a group and others none", "部分图像有分组，部分没有"),
        Text(
            f"{many(len(bare))} of {len(looks):,} have none; each counts as a group of its own.",
            f"{len(looks)} 张中有 {len(bare)} 张没有分组，每张按独立分组计算。",
        ),
        Text("Add their lots or parts to groups.csv.", "请在 groups.csv 中补充其批次或工件。"),
        tuple(look.name for look in bare),
    )


def _one(name: str) -> Iterator[Finding]:
    yield Finding(
        "one-group",
        Severity.WARNING,
        Text("All good pictures are of one group", "所有合格图像属于同一组"),
        Text(
            f"All are of {name}. Nothing can be held out against another lot or part, so nothing can be certified.",
            f"全部属于 {name}。无法用其他批次或工件验证，因此无法给出任何证明。",
        ),
        Text("Take pictures of further lots, on other days.", "请在其他日期拍摄更多批次。"),
    )


def sessions_of(looks: Sequence[Look]) -> tuple[tuple[str, ...], ...]:
    """Names in the order of the pictures' own times, cut where more than an hour lies between two."""
    timed = sorted((taken, look.name) for look in looks if (taken := _taken(look)) is not None)
    sessions: list[list[str]] = []
    before: datetime | None = None
    for taken, name in timed:
        if before is None or taken - before > _PAUSE:
            sessions.append([])
        sessions[-1].append(name)
        before = taken
    return tuple(tuple(session) for session in sessions)


def _taken(look: Look) -> datetime | None:
    """When it was taken, by a station's word or by EXIF (which knows no zone); None where neither says it."""
    try:
        if look.origin is not None:
            known = datetime.fromisoformat(look.origin.taken)
        else:
            known = datetime.strptime(look.exif.taken, "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    return known if known.tzinfo is not None else known.replace(tzinfo=UTC)

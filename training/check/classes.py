"""How many pictures of what there are, what a training can do with so many, and what they can prove at best."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from models.certificate_text import percent
from models.intervals import trials_needed, upper_bound
from training.check.copies import copies_of
from training.check.findings import Finding, Severity, many
from training.check.groups import group_of
from training.check.look import Look
from training.config import MIN_GOOD
from training.data.dataset import EMPTY, GOOD
from training.text import Text

_GOAL = 0.05
_FEW = 5
_UNEVEN = 20
_SHORTEST_ALIKE = 6
_NO_DEFECT = (GOOD, EMPTY)


def check_classes(looks: Sequence[Look]) -> Iterator[Finding]:
    members = different(looks)
    if not looks:
        yield Finding(
            "no-pictures",
            Severity.ERROR,
            Text("There are no pictures", "没有图像"),
            Text("The folder holds no picture file that okng reads.", "文件夹中没有 okng 可读取的图像文件。"),
            Text("Name the folder that holds the pictures, or import them.", "请指定存放图像的文件夹，或先导入。"),
        )
        return
    yield from _good(members)
    yield from _counts(members)
    yield from _few(members)
    yield from _uneven(members)
    yield from _spellings(sorted(members))
    yield from _unlabelled(looks)


def different(looks: Sequence[Look]) -> dict[str, list[Look]]:
    """Class → its usable pictures without copies and synthetic ones, by their first label."""
    copies = {look.name for group in copies_of(looks) for look in group[1:]}
    members: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        if look.labels and not look.fault and not look.synthetic and look.name not in copies:
            members[look.label].append(look)
    return dict(members)


def _good(members: Mapping[str, Sequence[Look]]) -> Iterator[Finding]:
    good = members.get(GOOD, ())
    if not good:
        yield Finding(
            "no-good",
            Severity.WARNING,
            Text("No picture is said to be good", "没有标为合格的图像"),
            Text(
                "okng train learns what is normal from good pictures, and okng never guesses which class that is.",
                "okng train 从合格图像学习正常外观，且从不猜测哪个类别是合格。",
            ),
            Text(
                "If a class holds good parts, say so with --good NAME; else take pictures of good parts.",
                "若某一类别是合格件，请用 --good 名称 指定；否则请拍摄合格件。",
            ),
        )
    elif len(good) < MIN_GOOD:
        yield Finding(
            "too-few-good",
            Severity.ERROR,
            Text("Too few good pictures", "合格图像太少"),
            Text(
                f"{many(len(good), 'different picture')}; okng train needs {MIN_GOOD}, and 80 certify 5 %.",
                f"{len(good)} 张不同图像；okng train 至少需要 {MIN_GOOD} 张，60 张可证明 5 %。",
            ),
            Text("Take more pictures of good parts.", "请拍摄更多合格件。"),
        )


def _counts(members: Mapping[str, Sequence[Look]]) -> Iterator[Finding]:
    if not members:
        return
    rows = tuple((label, _proof(label, members[label])) for label in sorted(members, key=_good_first))
    total = sum(len(group) for group in members.values())
    yield Finding(
        "class-counts",
        Severity.NOTE,
        Text("How many there are, and what so many can prove at best", "数量以及这些数量最多能证明什么"),
        Text(
            f"{many(total, 'different usable picture')} of {many(len(members), 'class', 'classes')}.",
            f"{total} 张不同的可用图像，{len(members)} 个类别。",
        ),
        Text(
            "Bounds hold at 95 % confidence if not one is judged wrong; pictures of one group count as one.",
            "上限在一张都未判错时成立，置信度 95 %；同组图像按一个计算。",
        ),
        remarks=rows,
    )


def _good_first(label: str) -> tuple[int, str]:
    return (_NO_DEFECT.index(label) if label in _NO_DEFECT else len(_NO_DEFECT), label)


def _proof(label: str, looks: Sequence[Look]) -> Text:
    """What a class can prove, its pictures counted by group."""
    groups = len({group_of(look) or look.name for look in looks})
    of, chinese = many(len(looks)), f"{len(looks)} 张图像"
    if groups < len(looks):
        of, chinese = f"{of} of {many(groups, 'group')}", f"{chinese}（{groups} 组）"
    if label == EMPTY:
        return Text(of, chinese)
    rate, zh = ("overkill", "过杀") if label == GOOD else ("escapes", "漏检")
    bound, more = percent(upper_bound(0, groups)), trials_needed(_GOAL, 0) - groups
    told = Text(f"{of}: {rate} of {bound} can be certified", f"{chinese}：可证明{zh}不超过 {bound}")
    if more <= 0:
        return told
    return Text(f"{told.en}; {more} more certify {percent(_GOAL)}", f"{told.zh}；再有 {more} 个可证明 {percent(_GOAL)}")


def _few(members: Mapping[str, Sequence[Look]]) -> Iterator[Finding]:
    few = [label for label in sorted(members) if label not in _NO_DEFECT and len(members[label]) < _FEW]
    if few:
        yield Finding(
            "few-of-class",
            Severity.WARNING,
            Text("Classes with hardly any picture", "图像极少的类别"),
            Text(
                f"{many(len(few), 'class', 'classes')} with fewer than {_FEW} different pictures: {', '.join(few)}. "
                "What is learned of them cannot be tried on others.",
                f"{len(few)} 个类别不足 {_FEW} 张不同图像：{'、'.join(few)}。无法用其他图像检验所学。",
            ),
            Text(
                "Take more pictures of these defects, or put them into a class that they belong to.",
                "请拍摄更多此类缺陷，或并入其所属类别。",
            ),
            tuple(look.name for label in few for look in members[label]),
            remarks=tuple((label, many(len(members[label]))) for label in few),
        )


def _uneven(members: Mapping[str, Sequence[Look]]) -> Iterator[Finding]:
    counts = {label: len(group) for label, group in members.items() if label not in _NO_DEFECT}
    if len(counts) < 2:
        return
    most, least = max(counts, key=lambda label: counts[label]), min(counts, key=lambda label: counts[label])
    if counts[most] > _UNEVEN * counts[least]:
        yield Finding(
            "imbalance",
            Severity.NOTE,
            Text("Classes of very different size", "类别数量相差悬殊"),
            Text(
                f"{most} has {counts[most]:,} pictures, {least} {counts[least]:,}: a mean over all pictures hides the "
                "rare one.",
                f"{most} 有 {counts[most]} 张，{least} 只有 {counts[least]} 张：总体平均会掩盖稀少类别。",
            ),
            Text(
                "Look at the figures of each class, and collect the rare one.", "请查看各类别的结果，并收集稀少类别。"
            ),
        )


def _spellings(labels: Sequence[str]) -> Iterator[Finding]:
    pairs = [(one, other) for one, other in combinations(labels, 2) if alike(one, other)]
    if pairs:
        told = ", ".join(f"{one!r} and {other!r}" for one, other in pairs[:5])
        yield Finding(
            "label-spelling",
            Severity.WARNING,
            Text("Labels that may be one class in two spellings", "可能是同一类别的不同写法"),
            Text(f"{told}.", "、".join(f"“{one}”与“{other}”" for one, other in pairs[:5]) + "。"),
            Text("Give one class one name.", "同一类别请用同一名称。"),
            remarks=tuple(pairs),
        )


def alike(one: str, other: str) -> bool:
    """Whether two labels are one but for case, blanks, width, a plural, or one letter of many."""
    first, second = _plain(one), _plain(other)
    if first == second:
        return True
    short, long = sorted((first, second), key=len)
    if long in (f"{short}s", f"{short}es"):
        return True
    # Numbers tell classes apart: "screw 1" and "screw 2" are two.
    digits = any(letter.isdigit() for letter in first + second)
    return len(short) >= _SHORTEST_ALIKE and not digits and _one_letter_apart(short, long)


def _plain(label: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", label).casefold() if letter.isalnum())


def _one_letter_apart(short: str, long: str) -> bool:
    """One letter changed, left out, or two neighbours swapped."""
    at = next((index for index, letter in enumerate(short) if letter != long[index]), len(short))
    if len(long) - len(short) == 1:
        return short[at:] == long[at + 1 :]
    if len(long) != len(short):
        return False
    swapped = short[at + 1 : at + 2] + short[at : at + 1] + short[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped == long[at:]


def _unlabelled(looks: Sequence[Look]) -> Iterator[Finding]:
    bare = [look for look in looks if not look.labels]
    if bare:
        yield Finding(
            "unlabelled",
            Severity.NOTE,
            Text("Pictures that nobody labelled", "未标注的图像"),
            Text(
                f"{many(len(bare))} of {len(looks):,}. They are never taken for good.",
                f"{len(looks)} 张中有 {len(bare)} 张。它们绝不会被当作合格。",
            ),
            Text("Label them, or keep them in unlabelled/.", "请标注，或保留在 unlabelled/ 中。"),
            tuple(look.name for look in bare),
        )

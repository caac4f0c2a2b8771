"""Whether a class can be told without looking at the part: by light, size, kind of file, camera or lot alone.

A network learns whatever tells classes apart (Geirhos et al., "Shortcut learning in deep neural networks", 2020). If
all defects were taken with another lamp or camera, it learns the lamp, its test is perfect, and on the line it fails.

A figure tells a class if it ranks its pictures above or below the others (area under the ROC curve, its 95 % bound by
Hanley and McNeil, "The meaning and use of the area under a ROC curve", 1982). A name (of a camera, a size) tells it if
who knows the name alone would be right so often, both sides weighted alike.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.check.findings import Finding, Severity
from training.check.groups import group_of
from training.check.look import Look
from training.data.dataset import EMPTY, GOOD
from training.text import Text

_LEAST = 8
_RANKED, _BOUND = 0.95, 0.9
_RIGHT = 0.9
# A value that fewer pictures share is taken with the other rare ones: each picture's own name would tell it.
_SHARED = 5

_FIGURES: Mapping[str, tuple[Text, Callable[[Look], float]]] = {
    "light": (Text("brightness", "亮度"), lambda look: look.quality.light if look.quality else 0.0),
    "contrast": (Text("contrast", "对比度"), lambda look: look.quality.contrast if look.quality else 0.0),
    "sharpness": (Text("sharpness", "清晰度"), lambda look: look.quality.focus if look.quality else 0.0),
    "blue": (
        Text("colour (blue against green)", "颜色（蓝/绿）"),
        lambda look: look.quality.tint[0] if look.quality else 0.0,
    ),
    "red": (
        Text("colour (red against green)", "颜色（红/绿）"),
        lambda look: look.quality.tint[1] if look.quality else 0.0,
    ),
}
_WORDS: Mapping[str, tuple[Text, Callable[[Look], str]]] = {
    "size": (Text("size", "图像尺寸"), lambda look: f"{look.size[0]}x{look.size[1]}"),
    "file": (Text("kind of file", "文件类型"), lambda look: look.header.kind.value),
    "compression": (Text("JPEG quality", "JPEG 质量"), lambda look: str(look.header.quality or "")),
    "colour": (Text("gray or colour", "灰度或彩色"), lambda look: "gray" if look.gray else "colour"),
    "camera": (Text("camera", "相机"), lambda look: camera_of(look)),
    "lot": (Text("lot or group", "批次或分组"), group_of),
}


@dataclass(frozen=True, slots=True)
class Shortcut:
    """`by` tells `label` from `others`, right in `right` of cases if both sides are weighted alike."""

    by: str
    label: str
    others: str
    right: float


def camera_of(look: Look) -> str:
    """What took it, by a station's word or by EXIF's; "" where neither says it."""
    return f"{look.origin.station} {look.origin.camera}" if look.origin is not None else look.exif.camera


def check_shortcuts(looks: Sequence[Look]) -> Iterator[Finding]:
    """Good against all defects first; then every class against all others, where that was not said yet."""
    usable = [look for look in looks if look.quality is not None and look.labels and look.label != EMPTY]
    good = [look for look in usable if look.label == GOOD]
    defective = [look for look in usable if look.label != GOOD]
    said = set()
    for shortcut in _told("good", "defective", good, defective):
        said.add(shortcut.by)
        yield _finding(shortcut, Severity.WARNING)
    for label in sorted({look.label for look in defective}):
        own = [look for look in defective if look.label == label]
        # Against the good ones where there are any: two defects may well differ in light by what they are.
        others = good or [look for look in defective if look.label != label]
        for shortcut in _told(label, "good" if good else "others", own, others):
            if shortcut.by not in said:
                yield _finding(shortcut, Severity.WARNING if shortcut.by in _WORDS else Severity.NOTE)


def _told(label: str, others: str, own: Sequence[Look], rest: Sequence[Look]) -> Iterator[Shortcut]:
    if min(len(own), len(rest)) < _LEAST:
        return
    for by, (_, figure) in _FIGURES.items():
        ranked, bound = ranking([figure(look) for look in own], [figure(look) for look in rest])
        if ranked >= _RANKED and bound >= _BOUND:
            yield Shortcut(by, label, others, ranked)
    for by, (_, word) in _WORDS.items():
        right = guessing([word(look) for look in own], [word(look) for look in rest])
        if right >= _RIGHT:
            yield Shortcut(by, label, others, right)


def ranking(own: Sequence[float], rest: Sequence[float]) -> tuple[float, float]:
    """How often one of `own` lies on its side of one of `rest` (0.5 to 1), and the lower 95 % bound of it."""
    both = np.concatenate([np.asarray(own), np.asarray(rest)])
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    m, n = len(own), len(rest)
    area = (float(ranks[:m].sum()) - m * (m + 1) / 2) / (m * n)
    area = max(area, 1 - area)
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (m - 1) * (first - area**2) + (n - 1) * (second - area**2)
    return area, area - 1.645 * math.sqrt(max(0.0, variance) / (m * n))


def guessing(own: Sequence[str], rest: Sequence[str]) -> float:
    """How often who knows the word alone is right about its side, both sides weighted alike (0.5 to 1)."""
    shared = {word for word, count in Counter([*own, *rest]).items() if count >= _SHARED}
    mine, theirs = (Counter(word if word in shared else "" for word in words) for words in (own, rest))
    # Exact ties cost nothing; every word goes to the side that has more of it.
    return sum(max(mine[word] / len(own), theirs[word] / len(rest)) for word in {*mine, *theirs}) / 2


def _finding(shortcut: Shortcut, severity: Severity) -> Finding:
    what = _FIGURES[shortcut.by][0] if shortcut.by in _FIGURES else _WORDS[shortcut.by][0]
    sides = f"{shortcut.label} / {shortcut.others}"
    return Finding(
        f"shortcut-{shortcut.by}",
        severity,
        Text(f"A class can be told by {what.en} alone", f"仅凭{what.zh}即可区分类别"),
        Text(
            f"{sides}: right in {100 * shortcut.right:.0f} % of cases without looking at the part. A network may learn "
            "this instead of the defect, and its figures will not show it.",
            f"{sides}：不看工件即有 {100 * shortcut.right:.0f} % 的把握。"
            "网络可能学到这一点而不是缺陷，且指标看不出来。",
        ),
        Text(
            "If that is not how the defect itself looks: take good and defective parts with the same camera, light and "
            "settings, in turn.",
            "若这并非缺陷本身的外观：请用相同的相机、光源和设置交替拍摄合格件与缺陷件。",
        ),
    )

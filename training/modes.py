"""How much a data set tells of its defects, and with it which way a training goes.

good            good pictures alone: a distance from what is usual
mixed           some defects, few of them marked: the distance, and what was shown raises it
segmentation    many marked defects: a network is taught where and what they are, above the distance
classification  no good picture: which of the classes each one shows
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

from training.config import MIN_GOOD
from training.data.dataset import DataSet, Picture, refuse_few_good
from training.declared import Asked
from training.errors import BadData

Mode = Literal["good", "mixed", "segmentation", "classification"]

_ENOUGH_DEFECTS = 40
_MARKED_SHARE = 0.8
_FEWEST_CLASSES = 2


@dataclass(frozen=True, slots=True)
class ModeChoice:
    """The way that a training goes; `text_en`, `text_zh`: which and why, a sentence each."""

    mode: Mode
    text_en: str
    text_zh: str

    @property
    def learns(self) -> bool:
        """Whether a network is fine-tuned."""
        return self.mode in ("segmentation", "classification")


def choose_mode(asked: Asked, data: DataSet) -> ModeChoice:
    """The way to go with what may be seen of a data set.

    Raises:
        BadData: what was asked for is nothing that these pictures can teach; what would be.
    """
    good, bad = len(data.good), len(data.defective)
    marked = sum(_is_marked(picture) for picture in data.defective)
    told_en = f"{good} good and {bad} defective pictures, {marked} of them marked"
    told_zh = f"良品 {good} 张，缺陷 {bad} 张，其中 {marked} 张有标注"
    if asked == "auto":
        mode = _usual(data, marked)
        return ModeChoice(mode, f"Mode {mode}: {told_en}. {_WHY[mode][0]}", f"模式 {mode}：{told_zh}。{_WHY[mode][1]}")
    refusal = _refusal(asked, data, marked)
    if refusal:
        raise BadData(f"--mode {asked} does not fit {told_en}: {refusal}")
    left = asked == "good" and bad
    left_en, left_zh = (
        (f" The {bad} defective ones are left out.", f"其余 {bad} 张缺陷图不参与训练。") if left else ("", "")
    )
    return ModeChoice(
        asked, f"Mode {asked}, as asked: {told_en}.{left_en}", f"模式 {asked}（按指定）：{told_zh}。{left_zh}"
    )


def enough_for(choice: ModeChoice, data: DataSet) -> DataSet:
    """What of a data set a mode trains on.

    Raises:
        BadData: it is too little.
    """
    if choice.mode == "classification":
        return data
    refuse_few_good(data, MIN_GOOD)
    return replace(data, pictures=data.good) if choice.mode == "good" else data


_WHY: dict[Mode, tuple[str, str]] = {
    "good": (
        "No defect was shown, so what differs from good is found.",
        "没有缺陷样本，因此检出一切与良品不同之处。",
    ),
    "mixed": (
        f"A network is taught from {_ENOUGH_DEFECTS} defective pictures on, {_MARKED_SHARE:.0%} of them marked; with "
        "fewer, what was shown raises the distance from good.",
        f"至少 {_ENOUGH_DEFECTS} 张缺陷图且 {_MARKED_SHARE:.0%} 有标注时才训练网络；"
        "否则已知缺陷用于提高与良品的距离分数。",
    ),
    "segmentation": (
        "That is enough to teach a network where defects are and which.",
        "足以训练网络判断缺陷的位置与类别。",
    ),
    "classification": (
        "No picture is good, so a network is taught which defect each shows; it never says OK.",
        "没有良品图，因此训练网络判断缺陷类别；结果不会为 OK。",
    ),
}


def _usual(data: DataSet, marked: int) -> Mode:
    bad = len(data.defective)
    if not data.good:
        return "classification"
    if not bad:
        return "good"
    return "segmentation" if bad >= _ENOUGH_DEFECTS and marked >= _MARKED_SHARE * bad else "mixed"


def _refusal(mode: Mode, data: DataSet, marked: int) -> str:
    """Why these pictures cannot teach a mode, and what to do; "" where they can."""
    if mode == "classification":
        if data.good:
            return "it is for data without good parts; take --mode segmentation or mixed, or leave --mode out"
        groups = Counter(picture.label for picture in data.defective)
        return "" if len(groups) >= _FEWEST_CLASSES else "it needs two classes or more; add a folder for each"
    if not data.good:
        return f"it needs {MIN_GOOD} good pictures; add them, or leave --mode out to tell classes apart"
    if mode == "mixed" and not data.defective:
        return "it needs defective pictures; add some, or take --mode good"
    if mode == "segmentation" and not marked:
        return "it needs masks, polygons or boxes of defects; mark some, or take --mode mixed"
    return ""


def _is_marked(picture: Picture) -> bool:
    return picture.marks.outlined or bool(picture.marks.shapes)

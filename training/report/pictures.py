"""The pictures to look at first: the gravest mistakes, each with the map that the station would show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.decision import Limits, Outcome
from models.detector import Detector
from training.data.dataset import Picture
from training.heat import heat_over
from training.page import figure, heading, paragraph, pictures
from training.run import TrainingRun
from training.text import Text

MOST = 24


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture, its score and what it was judged."""

    picture: Picture
    score: float
    outcome: Outcome

    @property
    def gravity(self) -> int:
        """0: a defect called OK; 1: a good part called NG; 2: sent to RECHECK; 3: judged right."""
        if self.outcome is Outcome.RECHECK:
            return 2
        caught = self.outcome is Outcome.NG
        if self.picture.good:
            return 1 if caught else 3
        return 3 if caught else 0


def worst(seen: Sequence[Seen], limits: Limits, most: int = MOST) -> list[Seen]:
    """Mistakes first, the gravest at the top, of each kind those farthest from where they belong; then the nearest."""

    def order(one: Seen) -> tuple[int, float]:
        beyond = one.score - limits.ok_below if one.picture.good else limits.ng_from - one.score
        return one.gravity, -beyond

    return sorted(seen, key=order)[:most]


def section(run: TrainingRun, seen: Sequence[Seen], held_out: bool) -> str:
    """The worst of `seen` with maps by the shipped package."""
    limits = run.calibration.limits
    chosen = worst(seen, limits)
    wrong = sum(one.gravity < 3 for one in seen)
    counts = Text(
        f"{wrong} of {len(seen)} pictures are escapes, overkill or RECHECK; below are the {len(chosen)} gravest, and "
        "where there are fewer mistakes, those nearest to one.",
        f"{len(seen)} 张图像中有 {wrong} 张为漏检、过杀或复检；以下为最严重的 {len(chosen)} 张，"
        "不足时补充最接近出错的图像。",
    )
    parts = [heading(Text("Pictures to look at first", "请先查看这些图像")), paragraph(counts)]
    if held_out:
        text = Text(
            "Maps are the shipped model's; the scores beneath are held out.", "热图来自出厂模型；下方分数为留出分数。"
        )
        parts.append(paragraph(text, note=True))
    maps = overlay(run, [one.picture for one in chosen])
    parts.append(pictures(figure(caption(one), image) for one, image in zip(chosen, maps, strict=True)))
    return "".join(parts)


_GRAVITY = (
    Text("ESCAPE", "漏检"),
    Text("OVERKILL", "过杀"),
    Text("RECHECK", "复检"),
    Text("judged right", "判定正确"),
)


def caption(one: Seen) -> Text:
    said, score = _GRAVITY[one.gravity], f"{one.outcome.value} {one.score:.3f}"
    return Text(f"{said.en}: {one.picture.name}, {score}", f"{said.zh}：{one.picture.name}，{score}")


def overlay(run: TrainingRun, chosen: Sequence[Picture]) -> list[NDArray[np.uint8]]:
    """Each picture's region, small, with its score map over it."""
    detector = Detector.load(run.request.package, runtime="onnxruntime", threads=1)
    try:
        return [heat_over(detector, run.pictures.read(picture)) for picture in chosen]
    finally:
        detector.close()

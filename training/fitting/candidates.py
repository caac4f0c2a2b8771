"""Which scorers a training tries."""

from __future__ import annotations

from dataclasses import dataclass

from models.scorers import ScorerShape
from training.text import Text

_ZH = {
    "nearest_neighbour": "最近邻",
    "gaussian": "高斯分布",
    "position_gaussian": "逐位置高斯分布",
    "deviation": "按标准差缩放",
    "whitened": "白化",
    "none": "无",
    "turned": "旋转",
    "shifted": "平移",
    "image": "图像头",
    "map": "缺陷图",
    "distance": "与良品的距离",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scorer to try.

    `scaling` is "deviation" (each channel by its own) or "whitened" (64 principal directions); `views` the augmented
    views of good pictures that are fitted on; `taught` how much a discriminator weighs, 1 is usual and 0 is none.
    `terms`: what makes up the score where heads inside the network have a share.
    """

    kind: str
    shape: ScorerShape
    scaling: str
    views: str
    taught: float
    terms: str = ""

    def __str__(self) -> str:
        shape = self.shape
        strides = "+".join(str(stride) for stride in shape.strides)
        top = "peak" if shape.top_fraction < 0.001 else f"top {shape.top_fraction:.0%}"
        kind = f"{self.kind} of stride {strides} on grid {shape.grid_stride}, {self.scaling}"
        top = f"{top} smoothed {shape.smoothing_cells:g}"
        taught = f", discriminator {self.taught:g}" if self.taught else ""
        told = f"{kind}, {top}, views {self.views}{taught}"
        return f"{self.terms}: {told}" if self.terms else told

    @property
    def said(self) -> Text:
        """The same for people."""
        shape = self.shape
        strides = "+".join(str(stride) for stride in shape.strides)
        top = "取峰值" if shape.top_fraction < 0.001 else f"取最高 {shape.top_fraction:.0%}"
        told = (
            f"{_ZH[self.kind]}，步幅 {strides}，网格 {shape.grid_stride}，{_ZH[self.scaling]}，"
            f"{top}，平滑 {shape.smoothing_cells:g}，增强视图：{_ZH[self.views]}"
        )
        told += f"，判别器权重 {self.taught:g}" if self.taught else ""
        terms = " + ".join(_ZH[term] for term in self.terms.split(" + ")) + "：" if self.terms else ""
        return Text(str(self), terms + told)


def _shape(grid: int, strides: tuple[int, ...], top: float = 0.01, smoothing: float = 0.7) -> ScorerShape:
    return ScorerShape(grid, strides, 3, smoothing, top)


Kind = tuple[str, ScorerShape, str]
NEIGHBOUR, GAUSSIAN, POSITION = "nearest_neighbour", "gaussian", "position_gaussian"
PEAK = 1e-6
# What is usual differs from place to place there, so that one place may stand for the picture.
_POSITIONS: Kind = (POSITION, ScorerShape(16, (8, 16), 1, 1.0, PEAK), "whitened")
_FINE_POSITIONS: Kind = (POSITION, ScorerShape(8, (4, 8, 16), 1, 1.0, PEAK), "whitened")
KINDS: tuple[Kind, ...] = (
    (NEIGHBOUR, _shape(8, (4, 8)), "deviation"),
    (NEIGHBOUR, _shape(16, (16,)), "deviation"),
    (NEIGHBOUR, _shape(16, (8, 16)), "deviation"),
    (NEIGHBOUR, _shape(8, (8, 16)), "deviation"),
    (NEIGHBOUR, _shape(8, (4, 8, 16)), "whitened"),
    (GAUSSIAN, _shape(16, (16,)), "whitened"),
    (GAUSSIAN, _shape(16, (8, 16)), "whitened"),
    _POSITIONS,
    _FINE_POSITIONS,
)
# What is tried without a defective picture; first what to take where drawn defects do not tell them apart: parts that
# lie alike gain most, and where parts do not, that shows. Few, because each that is compared costs certainty of limits.
WITHOUT_DEFECTS: tuple[Kind, ...] = (
    _POSITIONS,
    _FINE_POSITIONS,
    (GAUSSIAN, _shape(16, (8, 16)), "whitened"),
    (NEIGHBOUR, _shape(8, (8, 16)), "deviation"),
)
# Where nothing can be compared; of those that need no fixed place this one did best over all data that was looked at.
DEFAULT = Candidate(NEIGHBOUR, _shape(8, (8, 16)), "deviation", "shifted", 0.0)

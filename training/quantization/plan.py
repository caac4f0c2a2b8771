"""Which steps quantization takes; what each gives is measured by `scripts/study_quantization`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RangeRule = Literal["extremes", "percentile", "squares"]
Rounding = Literal["nearest", "compensated"]


@dataclass(frozen=True, slots=True)
class QuantPlan:
    """Which steps are taken.

    `ranges`: what an activation can express: all that was seen, all but a small share, or what makes squared errors
    least. `rounding`: weights to the next step of their grid, or so that errors of one weight make up for those of
    another. `biases`: what rounded weights shift on average is taken back. `plain`: names of convolutions that stay
    fp32.
    """

    ranges: RangeRule = "extremes"
    rounding: Rounding = "compensated"
    biases: bool = True
    plain: tuple[str, ...] = ()


NAIVE = QuantPlan(rounding="nearest", biases=False)
DEFAULT = QuantPlan()

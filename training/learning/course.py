"""What a network is taught and how: examples, settings, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

Task = Literal["segmentation", "classification"]
IGNORED, UNNAMED = 255, 254
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Example:
    """A network input and what is known of it.

    `pixels`: `(H, W, 3)` uint8 BGR. `mask`: `(H, W)` uint8, 0 good, 1..K the defect's class, 254 a defect of no class,
    255 not known; None where no pixel is known. `label`: 0 good, 1..K the class, -1 defective of no known class.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8] | None
    label: int


@dataclass(frozen=True, slots=True)
class Course:
    """`classes`: names of 1..K; `extra`: pictures with drawn defects, which teach that something is wrong, not what."""

    train: Sequence[Example]
    classes: tuple[str, ...]
    task: Task
    extra: Sequence[Example] = ()


@dataclass(frozen=True, slots=True)
class LearnConfig:
    """`epochs`: how often as many pictures are shown as there are; `mirror`, `turn_deg`, …: how far views may go.

    `gain`, `gamma`, `contrast` are natural logarithms of the largest factors; `contrast` is about the picture's mean.
    `sharpness`: how much of what a blur takes away may be missing or be there twice.
    What works at strides 2 and 4 keeps its ImageNet weights.
    """

    seed: int = 0
    epochs: int = 40
    batch: int = 12
    trunk_rate: float = 5e-4
    head_rate: float = 4e-3
    mirror_x: bool = False
    mirror_y: bool = False
    quarters: bool = False
    turn_deg: float = 8.0
    scale: float = 0.15
    shift: float = 0.06
    gain: float = 0.25
    gamma: float = 0.3
    contrast: float = 0.4
    sharpness: float = 1.0
    noise_levels: float = 4.0
    drawn_share: float = 0.15
    noise_share: float = 0.1


@dataclass(frozen=True, slots=True)
class Learned:
    """`module`: `(1, H, W, 3)` uint8 → the maps named by `names`; `history`: mean loss of each epoch."""

    module: nn.Module
    strides: tuple[int, ...]
    names: tuple[str, ...]
    history: tuple[float, ...]

"""A camera picture made ready to be judged: what evidence keeps, and all that a replay needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.decision import Unfit
from models.pose import Pose as Pose
from models.quality import Quality


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything the network and the gate saw of one picture.

    `inputs`: `(views, H, W, 3)` uint8 BGR, write-protected and of its own memory: one view, or tiles, or named regions.
    `picture_size`: (width, height) of the camera picture. `pose` is None where no alignment was asked for, and where it
    failed. `empty`: no part is there.
    """

    inputs: NDArray[np.uint8]
    picture_size: tuple[int, int]
    pose: Pose | None
    quality: Quality
    unfit: Unfit | None
    empty: bool

    @property
    def settled(self) -> bool:
        """Whether the verdict is certain whatever a model says: no part, or a picture that proves nothing.

        A part that only looks moved may still be NG, which tells the operator more.
        """
        return self.empty or self.unfit not in (None, Unfit.MOVED)

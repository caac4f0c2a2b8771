"""Pixels become a tensor here and nowhere else; training calls this very class.

The tensor is uint8 NHWC BGR; normalisation is folded into the graph. Interpolation is `INTER_AREA` when the picture
shrinks in both directions (a scratch thinner than the step between samples would otherwise fall between them: at a step
of 3.5 pixels bilinear reads 2 of them) and `INTER_LINEAR` otherwise.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import BadPicture

MIN_SIDE_PX = 16


def check_picture(image: NDArray[np.uint8]) -> None:
    """Refuse what is no `(H, W, 3)` or `(H, W)` uint8 picture of at least 16 pixels a side.

    Raises:
        BadPicture: naming what the array is instead.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise BadPicture(f"a picture must be 8 bit (uint8), not {kind}; set the camera to 8 bit mono or BGR")
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise BadPicture(f"a picture must be (H, W) or (H, W, 3), not {image.shape}; set the camera to mono or BGR")
    if min(image.shape[:2]) < MIN_SIDE_PX:
        raise BadPicture(
            f"a picture of {image.shape[1]}x{image.shape[0]} is too small, {MIN_SIDE_PX} pixels a side are the least; "
            "check the region and the camera's size"
        )


class Preprocessor:
    """Owns the network's input tensor; one picture at a time, so one instance a thread."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.size = (width_px, height_px)
        self.tensor: NDArray[np.uint8] = np.zeros((1, height_px, width_px, 3), np.uint8)
        self._gray: NDArray[np.uint8] = np.zeros((height_px, width_px), np.uint8)

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Fill and return the `(1, H, W, 3)` uint8 BGR tensor; overwritten by the next call.

        Args:
            image: `(H, W, 3)` BGR or `(H, W)` gray, uint8; may be write-protected and a view.

        Raises:
            BadPicture: see `check_picture`.
        """
        check_picture(image)
        height, width = image.shape[:2]
        shrinks = width >= self.size[0] and height >= self.size[1]
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        target = self.tensor[0]
        if image.ndim == 3:
            cv2.resize(image, self.size, dst=target, interpolation=interpolation)
        else:
            cv2.resize(image, self.size, dst=self._gray, interpolation=interpolation)
            cv2.cvtColor(self._gray, cv2.COLOR_GRAY2BGR, dst=target)
        return self.tensor

"""Pixels become a tensor here and nowhere else; training calls this very class.

The tensor is uint8 NHWC BGR; normalisation is folded into the graph. What of it may not score is painted over.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import BadPicture
from models.layout import Layout, View, interpolation
from models.masking import PAINT

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

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Fill and return the `(1, H, W, 3)` uint8 BGR tensor; overwritten by the next call.

        Args:
            image: `(H, W, 3)` BGR or `(H, W)` gray, uint8; may be write-protected and a view.

        Raises:
            BadPicture: see `check_picture`.
        """
        check_picture(image)
        _resize(image, self.tensor[0])
        return self.tensor


def inputs_of(region: NDArray[np.uint8], layout: Layout) -> NDArray[np.uint8]:
    """The network inputs of a region: `(views, H, W, 3)` uint8 BGR, of their own memory.

    `region` is `(h, w, 3)` BGR or `(h, w)` gray, of the size of the layout's ROI.
    """
    width, height = layout.size
    inputs = np.empty((len(layout.views), height, width, 3), np.uint8)
    for target, view in zip(inputs, layout.views, strict=True):
        _fill(target, region, view)
    return inputs


def _fill(target: NDArray[np.uint8], region: NDArray[np.uint8], view: View) -> None:
    box, (width, height) = view.box, view.content
    piece = region[box.y : box.y + box.h, box.x : box.x + box.w]
    if piece.shape[:2] != (box.h, box.w):
        below, right = box.h - piece.shape[0], box.w - piece.shape[1]
        paint = (PAINT,) * 3
        piece = np.asarray(cv2.copyMakeBorder(piece, 0, below, 0, right, cv2.BORDER_CONSTANT, value=paint), np.uint8)
    _resize(piece, target[:height, :width])
    if view.painted is not None:
        cv2.copyTo(np.full_like(target, PAINT), view.painted.view(np.uint8), target)


def _resize(image: NDArray[np.uint8], target: NDArray[np.uint8]) -> None:
    """Fill `(h, w, 3)`, which may be a part of a larger array, with a picture of any size."""
    size = (target.shape[1], target.shape[0])
    how = interpolation((image.shape[1], image.shape[0]), size)
    if image.ndim == 3:
        cv2.resize(image, size, dst=target, interpolation=how)
    else:
        cv2.cvtColor(cv2.resize(image, size, interpolation=how), cv2.COLOR_GRAY2BGR, dst=target)

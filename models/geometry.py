"""Where in the camera picture a model looks, and the way back from its answer to camera pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.decision import Box
from models.errors import BadPicture


@dataclass(frozen=True, slots=True)
class Geometry:
    """A region of interest in camera pixels; `roi=None` is the whole picture, whatever its size."""

    roi: Box | None = None

    def __post_init__(self) -> None:
        if self.roi is not None and (min(self.roi.x, self.roi.y) < 0 or min(self.roi.w, self.roi.h) < 1):
            raise ValueError(f"a region must start at 0 or more and be at least 1 pixel wide and high, not {self.roi}")

    @property
    def hash(self) -> str:
        """Changes whenever a picture would be cut otherwise; certificates are bound to it."""
        roi = "whole" if self.roi is None else f"{self.roi.x},{self.roi.y},{self.roi.w},{self.roi.h}"
        return "sha256:" + hashlib.sha256(f"geometry 1 roi {roi}".encode()).hexdigest()

    def region(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A view of the region of `(H, W[, 3])`; nothing is copied.

        Raises:
            BadPicture: the region does not lie inside the picture.
        """
        if self.roi is None:
            return image
        height, width = image.shape[:2]
        roi = self.roi
        if roi.x + roi.w > width or roi.y + roi.h > height:
            raise BadPicture(
                f"the region {roi.w}x{roi.h} at {roi.x},{roi.y} does not fit the picture of {width}x{height}; "
                "set the camera to the size the model was trained with, or train again"
            )
        return image[roi.y : roi.y + roi.h, roi.x : roi.x + roi.w]

    def box_in_picture(self, box: Box, map_size: tuple[int, int], picture_size: tuple[int, int]) -> Box:
        """The smallest camera-pixel box that covers `box` of a score map.

        `map_size` and `picture_size` are (width, height). The result lies inside the region and is never empty.
        """
        roi = self.roi or Box(0, 0, *picture_size)
        left, right = _span(box.x, box.w, map_size[0], roi.w)
        top, bottom = _span(box.y, box.h, map_size[1], roi.h)
        return Box(roi.x + left, roi.y + top, right - left, bottom - top)

    def pixels_per_cell(self, map_size: tuple[int, int], picture_size: tuple[int, int]) -> float:
        """Camera pixels (an area) that one cell of a score map stands for."""
        width, height = (self.roi.w, self.roi.h) if self.roi else picture_size
        return (width / map_size[0]) * (height / map_size[1])


def _span(start: int, length: int, cells: int, pixels: int) -> tuple[int, int]:
    """First and past-the-end pixel covered by `length` cells from `start`, when `cells` cells span `pixels`."""
    first = min(max(start * pixels // cells, 0), pixels - 1)
    last = min(-(-(start + length) * pixels // cells), pixels)
    return first, max(last, first + 1)

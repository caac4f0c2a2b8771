"""What is marked in a picture: polygons, boxes and painted masks, each of one class.

Coordinates are pixels of the stored picture, x to the right and y down; (0, 0) is the outer corner of the top-left
pixel, so that pixel (column, row) covers column to column + 1. An orientation in EXIF is not applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Point = tuple[float, float]

# cv2 takes corners as fixed-point numbers with so many bits behind the point.
_FRACTION_BITS = 4
_FARTHEST = 1_000_000


class ShapeKind(StrEnum):
    POLYGON = "polygon"
    BOX = "box"


@dataclass(frozen=True, slots=True)
class Shape:
    """One marked place. `points`: a polygon's three or more corners, or a box's (left, top) and (right, bottom)."""

    label: str
    kind: ShapeKind
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        """Raises:
        ValueError: too few corners, a number that is none, or a box turned inside out.
        """
        # NaN fails this too; the bound keeps cv2's fixed-point numbers within 32 bits.
        if not all(abs(value) <= _FARTHEST for point in self.points for value in point):
            raise ValueError(f"a corner lies farther out than {_FARTHEST:,} pixels or is no number")
        if self.kind is ShapeKind.POLYGON and len(self.points) < 3:
            raise ValueError(f"a polygon needs three corners or more, this one has {len(self.points)}")
        if self.kind is ShapeKind.BOX:
            if len(self.points) != 2:
                raise ValueError(f"a box has two corners, this one has {len(self.points)}")
            (left, top), (right, bottom) = self.points
            if left > right or top > bottom:
                raise ValueError("a box needs left before right and top before bottom")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom)."""
        xs, ys = zip(*self.points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True, slots=True)
class Raster:
    """A painted mask of one class; `read()` gives `(H, W)` bool, as large as the picture.

    `read` raises BadData where the mask's file is no readable picture.
    """

    label: str
    read: Callable[[], Mask]


def filled(shapes: Iterable[Shape], size: tuple[int, int]) -> Mask:
    """`(H, W)`: the pixels that polygons cover and their edges touch; boxes are no outline and cover nothing.

    `size` is (width, height). What lies outside the picture is cut off.
    """
    canvas = np.zeros((size[1], size[0]), np.uint8)
    for shape in shapes:
        if shape.kind is ShapeKind.POLYGON:
            # cv2 counts from pixel centres.
            corners = np.round((np.asarray(shape.points) - 0.5) * (1 << _FRACTION_BITS)).astype(np.int32)
            cv2.fillPoly(canvas, [corners], (1,), shift=_FRACTION_BITS)
    return np.asarray(canvas > 0, np.bool_)

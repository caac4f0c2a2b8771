"""From the places of a score map back to pixels of the camera picture, exactly the way they came."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Box
from models.pose import Pose

Points = NDArray[np.float64]
_HALF = 0.5  # poses speak of pixel centres, boxes and maps of pixel edges


@dataclass(frozen=True, slots=True)
class WayBack:
    """Of one picture. `grid`: (width, height) of the map that spans `canvas`, pixels from the corner of `roi`.

    `picture`: (width, height) of the camera picture. `mm_per_px` speaks of the camera picture's pixels.
    """

    roi: Box
    canvas: tuple[Fraction, Fraction]
    grid: tuple[int, int]
    picture: tuple[int, int]
    pose: Pose | None = None
    mm_per_px: float | None = None

    def box(self, places: Box) -> Box:
        """The smallest box of camera pixels that covers a box of places; inside the picture and never empty.

        Without a pose that moves anything, also inside the ROI.
        """
        left, right = self._span(places.x, places.w, 0)
        top, bottom = self._span(places.y, places.h, 1)
        if self.pose is None or not self.pose.moved:
            return Box(left, top, right - left, bottom - top)
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
        seen = self._unposed(corners)
        (x, x_end), (y, y_end) = (_inside(seen[:, axis], self.picture[axis]) for axis in (0, 1))
        return Box(x, y, x_end - x, y_end - y)

    def points(self, places: Points) -> Points:
        """Points `(n, 2)`, (x, y) counted in places from the map's corner, in pixels from the picture's corner."""
        pitch = np.array([float(self.canvas[axis]) / self.grid[axis] for axis in (0, 1)])
        return self._unposed(places * pitch + (self.roi.x, self.roi.y))

    def places(self, points: Points) -> Points:
        """The way that `points` goes back: from the camera picture to the map."""
        if self.pose is not None and self.pose.moved:
            points = self.pose.to_reference(points - _HALF) + _HALF
        pitch = np.array([float(self.canvas[axis]) / self.grid[axis] for axis in (0, 1)])
        return np.asarray((points - (self.roi.x, self.roi.y)) / pitch, np.float64)

    def area_px(self, places: int) -> float:
        """Camera pixels that so many places stand for."""
        area = places * float(self.canvas[0] / self.grid[0]) * float(self.canvas[1] / self.grid[1])
        return area if self.pose is None or not self.pose.moved else area / self.pose.scale**2

    def length_px(self, cells: NDArray[np.intp]) -> float:
        """The longest side of the smallest rectangle, however turned, around places given by their flat index."""
        rows, columns = np.divmod(cells, self.grid[0])
        corners = [(columns + dx, rows + dy) for dx in (0, 1) for dy in (0, 1)]
        outline = np.concatenate([np.column_stack(corner) for corner in corners]).astype(np.float64)
        _, sides, _ = cv2.minAreaRect(self.points(outline).astype(np.float32))
        return float(max(sides))

    def length_mm(self, cells: NDArray[np.intp]) -> float | None:
        """None where the picture's scale is not known."""
        return None if self.mm_per_px is None else round(self.length_px(cells) * self.mm_per_px, 3)

    def area_mm2(self, places: int) -> float | None:
        """None where the picture's scale is not known."""
        return None if self.mm_per_px is None else round(self.area_px(places) * self.mm_per_px**2, 4)

    def _span(self, start: int, length: int, axis: int) -> tuple[int, int]:
        """First and past-the-end pixel of the ROI's picture that so many places cover along one axis."""
        corner, side = ((self.roi.x, self.roi.w), (self.roi.y, self.roi.h))[axis]
        canvas, places = self.canvas[axis], self.grid[axis]
        first = min(max(start * canvas // places, 0), side - 1)
        last = min(-(-(start + length) * canvas // places), side)
        return corner + int(first), corner + int(max(last, first + 1))

    def _unposed(self, points: Points) -> Points:
        if self.pose is None or not self.pose.moved:
            return points
        return self.pose.to_picture(points - _HALF) + _HALF


def _inside(values: Points, side: int) -> tuple[int, int]:
    """First and past-the-end pixel that cover the values, as far as the picture goes."""
    first = min(max(math.floor(float(values.min())), 0), side - 1)
    return first, max(min(math.ceil(float(values.max())), side), first + 1)

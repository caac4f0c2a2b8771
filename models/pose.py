"""Where a part lies against the reference picture, and between the two pictures' pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Row = tuple[float, float, float]
Affine = NDArray[np.float64]
IDENTITY: tuple[Row, Row] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the part lies, against the reference picture.

    `matrix`: affine, camera picture → reference picture, both in pixels, a pixel's centre at whole numbers.
    `similarity_before`, `similarity`: normalized correlation with the reference without and with it. `shift_px`: how
    far the middle of the region moved; `angle_deg`: how far it turned, clockwise as it is seen.
    """

    matrix: tuple[Row, Row]
    similarity_before: float
    similarity: float
    shift_px: float
    angle_deg: float

    @property
    def moved(self) -> bool:
        """Whether anything has to be warped at all."""
        return self.matrix != IDENTITY

    @property
    def scale(self) -> float:
        """Length in the reference picture over length in the camera picture."""
        return float(abs(np.linalg.det(np.asarray(self.matrix)[:, :2])) ** 0.5)

    def to_picture(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points `(n, 2)` of the reference picture, (x, y) with pixel centres at whole numbers, in the camera's."""
        return applied(inverted(np.asarray(self.matrix, np.float64)), points)

    def to_reference(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The way that `to_picture` goes back."""
        return applied(np.asarray(self.matrix, np.float64), points)


def applied(affine: Affine, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points `(n, 2)` through a 2x3 matrix."""
    return np.asarray(points @ affine[:, :2].T + affine[:, 2], np.float64)


def inverted(affine: Affine) -> Affine:
    """The 2x3 matrix of the way back."""
    linear = np.linalg.inv(affine[:, :2])
    return np.column_stack([linear, -linear @ affine[:, 2]])


def joined(first: Affine, then: Affine) -> Affine:
    """`first`, and after it `then`."""
    return np.column_stack([then[:, :2] @ first[:, :2], then[:, :2] @ first[:, 2] + then[:, 2]])


def as_rows(affine: Affine) -> tuple[Row, Row]:
    """For a `Pose`."""
    (a, b, c), (d, e, f) = affine.tolist()
    return (float(a), float(b), float(c)), (float(d), float(e), float(f))

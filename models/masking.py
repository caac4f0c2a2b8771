"""What never scores: pixels of the picture, pixels of a network input, places of a score map.

    polygon ─filled─▶ pixels ─at_input─▶ input pixels, painted over ─places_left─▶ places of the map

An input pixel is painted over as soon as a hidden pixel has any share in it, so that what is hidden cannot change one
bit of a score; and a place is left out only when all its input pixels are painted over, so that nothing that was not
hidden goes unseen.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Box

PAINT = 127
Bits = NDArray[np.bool_]


def filled(points: Sequence[tuple[float, float]], box: Box) -> Bits:
    """`(h, w)` of a rectangle: the pixels whose middle lies inside the polygon, by the even-odd rule."""
    toggles = np.zeros((box.h, box.w + 1), np.uint8)
    middles = box.y + np.arange(box.h) + 0.5
    for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
        rows = np.flatnonzero((ay <= middles) != (by <= middles))
        if len(rows):
            crossings = ax + (middles[rows] - ay) * (bx - ax) / (by - ay)
            toggles[rows, np.clip(np.ceil(crossings - box.x - 0.5), 0, box.w).astype(np.intp)] ^= 1
    return np.bitwise_xor.accumulate(toggles, axis=1)[:, : box.w].astype(np.bool_)


def at_input(hidden: Bits, size: tuple[int, int], interpolation: int) -> Bits:
    """`(H, W)` of a network input: where any hidden pixel has a share when a view is brought to `size` (width, height).

    `interpolation` is the one that the view itself is resized with.
    """
    share = cv2.resize(hidden.astype(np.float32), size, interpolation=interpolation)
    return np.asarray(share > 0)


def places_left(painted: Bits, grid: tuple[int, int]) -> Bits:
    """`(h, w)` of a score map: the places that may score. `grid` (h, w) divides the input's (H, W)."""
    height, width = grid
    blocks = painted.reshape(height, painted.shape[0] // height, width, painted.shape[1] // width)
    return np.asarray(~blocks.all(axis=(1, 3)))

"""Pictures of plates to draw defects on: on a belt with a hole and a straight edge, or filling the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

HOLE = (60, 64, 10)


def plate(side: int = 192, coloured: bool = False, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A light plate on a dark belt and where it is, `(side, side)`; its hole shows the belt."""
    rng = np.random.default_rng(seed)
    scale = side / 192
    image = np.full((side, side), 40, np.float32)
    corner, far = (round(28 * scale),) * 2, (round(164 * scale),) * 2
    cv2.rectangle(image, corner, far, 165.0, -1)
    cv2.circle(image, (round(HOLE[0] * scale), round(HOLE[1] * scale)), round(HOLE[2] * scale), 40.0, -1)
    part = image > 100
    image += rng.normal(0, 2, image.shape).astype(np.float32)
    return tinted(image, coloured), part


def sheet(side: int = 192, coloured: bool = False, level: float = 150.0, seed: int = 0) -> NDArray[np.uint8]:
    """A rolled surface that fills the picture."""
    rng = np.random.default_rng(seed)
    image = level + 10 * np.sin(np.arange(side) / 5)[None, :] + rng.normal(0, 3, (side, side))
    return tinted(image.astype(np.float32), coloured)


def tinted(image: NDArray[np.float32], coloured: bool) -> NDArray[np.uint8]:
    """As gray, or as BGR with a yellowish tone."""
    if not coloured:
        return np.clip(image, 0, 255).astype(np.uint8)
    return np.clip(image[:, :, None] * np.array([0.7, 0.95, 1.0], np.float32), 0, 255).astype(np.uint8)

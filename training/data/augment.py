"""More views of good pictures: what a part that is not held exactly could also have looked like."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_MAX_GAIN = 0.06


def turned_view(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture turned by any angle, perhaps mirrored, a little lighter or darker; borders are repeated."""
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
    turn = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), float(rng.uniform(0, 360)), 1.0)
    turned = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return lit(turned, rng)


def shifted_view(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture moved by up to 3 %, turned by up to 3 degrees, a little lighter or darker."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), float(rng.uniform(-3, 3)), 1.0)
    turn = np.asarray(turn, np.float64)
    turn[:, 2] += rng.uniform(-0.03, 0.03, 2) * np.array([width, height])
    moved = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return lit(moved, rng)


def lit(image: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture a little lighter or darker."""
    gain = 1.0 + float(rng.uniform(-_MAX_GAIN, _MAX_GAIN))
    return np.asarray(cv2.convertScaleAbs(np.asarray(image), alpha=gain), np.uint8)

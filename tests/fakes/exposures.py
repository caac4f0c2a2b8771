"""Parts photographed several times: other light, another crop, a shift, JPEG; what a series is made of."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.cameras.flange import draw

Image = NDArray[np.uint8]
_SPARE_PX = 16


def part(seed: int, number: int, *, kind: str | None = None) -> Image:
    """`(320, 450, 3)` uint8: one part of the simulated line, at half its size."""
    image = draw(seed, number, kind=kind).image
    return np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def exposure(image: Image, rng: np.random.Generator) -> Image:
    """The same part again: gain, gamma, a lamp from another side, noise of its own, cut otherwise, saved as JPEG."""
    height, width = image.shape[:2]
    lit = 255 * (image / 255.0) ** rng.uniform(0.75, 1.3) * rng.uniform(0.6, 1.4)
    lit *= 1 + rng.uniform(-0.2, 0.2) * np.linspace(-1, 1, width)[None, :, None]
    lit += rng.standard_normal(image.shape) * 2
    top, bottom, left, right = rng.integers(0, _SPARE_PX, size=4)
    cut = np.clip(lit, 0, 255).astype(np.uint8)[top : height - bottom, left : width - right]
    _, stored = cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(80, 95))])
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_UNCHANGED), np.uint8)

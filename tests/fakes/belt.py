"""A belt seen from above: bright parts on it that go where the test wants them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 160, 120
_BELT = np.random.default_rng(7).normal(90.0, 8.0, (HEIGHT_PX, WIDTH_PX))


def belt(
    *middles: tuple[float, float],
    size_px: int = 40,
    light: float = 1.0,
    noise: float = 0.0,
    seed: int = 0,
    level: float = 170.0,
) -> NDArray[np.uint8]:
    """`(120, 160)` gray with square parts at `middles` (x, y), which may lie outside."""
    image = _BELT.copy()
    for x, y in middles:
        left, top = round(x - size_px / 2), round(y - size_px / 2)
        image[max(0, top) : max(0, top + size_px), max(0, left) : max(0, left + size_px)] = level
    if noise:
        image += np.random.default_rng(seed).normal(0.0, noise, image.shape)
    return np.clip(image * light, 0, 255).astype(np.uint8)

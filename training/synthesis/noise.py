"""Random fields: Perlin noise (Perlin, SIGGRAPH 1985; fade of 2002), fractal sums of it, and blobs cut out of them."""

from __future__ import annotations

import cv2
import numpy as np

from training.synthesis.surface import Floats

# Noise is smooth: beyond this it is computed small and enlarged.
_MOST_PX = 128


def perlin(shape: tuple[int, int], cells: tuple[int, int], rng: np.random.Generator) -> Floats:
    """`(H, W)` in about -1 to 1, with so many cells down and across; smooth, zero at the cells' corners."""
    small = (min(shape[0], _MOST_PX), min(shape[1], _MOST_PX))
    angles = rng.uniform(0, 2 * np.pi, (cells[0] + 1, cells[1] + 1))
    down, across = np.sin(angles), np.cos(angles)
    y, x = (np.arange(side) / side * count for side, count in zip(small, cells, strict=True))
    row, column = y.astype(int)[:, None], x.astype(int)[None, :]
    dy, dx = (y - y.astype(int))[:, None], (x - x.astype(int))[None, :]

    def corner(below: int, right: int) -> Floats:
        at = (row + below, column + right)
        return np.asarray(down[at] * (dy - below) + across[at] * (dx - right), np.float32)

    fade_y, fade_x = (step**3 * (step * (step * 6 - 15) + 10) for step in (dy, dx))
    upper = corner(0, 0) + fade_x * (corner(0, 1) - corner(0, 0))
    lower = corner(1, 0) + fade_x * (corner(1, 1) - corner(1, 0))
    field = np.asarray((upper + fade_y * (lower - upper)) * np.sqrt(2.0), np.float32)
    return field if small == shape else enlarged(field, shape)


def enlarged(field: Floats, shape: tuple[int, int]) -> Floats:
    """A field in another size `(H, W)`."""
    return np.asarray(cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def fractal(shape: tuple[int, int], cells: int, octaves: int, rng: np.random.Generator) -> Floats:
    """`(H, W)`: Perlin noise of so many cells along the longer side, then twice as many at 0.6 of the strength, …"""
    longest = max(shape)
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        count = cells * 2**octave
        own = tuple(max(1, round(count * side / longest)) for side in shape)
        total += 0.6**octave * perlin(shape, (own[0], own[1]), rng)
    return total


def radius(shape: tuple[int, int]) -> Floats:
    """`(H, W)`: 0 in the middle, 1 on the ellipse that touches the sides."""
    y, x = ((np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1 for side in shape)
    return np.asarray(np.hypot(y[:, None], x[None, :]), np.float32)


def blob(shape: tuple[int, int], rough: float, rng: np.random.Generator, edge: float = 0.12) -> Floats:
    """`(H, W)`: 1 inside an irregular ellipse, 0 outside and at the sides, falling over `edge` of the radius."""
    outline = 0.72 - radius(shape) + rough * fractal(shape, 3, 3, rng)
    # Nothing reaches the sides, or the cut would be a straight edge.
    outline = np.minimum(outline, 0.97 - radius(shape))
    return np.asarray(np.clip(outline / edge, 0, 1), np.float32)

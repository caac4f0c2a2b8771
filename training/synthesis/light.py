"""What a lamp does to a good part: a lighter or darker place, a slope of brightness, a glare that hides the surface."""

from __future__ import annotations

import math

import numpy as np

from training.synthesis.noise import enlarged, radius
from training.synthesis.surface import Draft, Floats, Surface

# Light is smooth: it is drawn small and enlarged.
_MOST_PX = 96


def illumination(surface: Surface, size: float, strength: float, rng: np.random.Generator) -> Draft | None:
    """One of the three, at random, over a large place of the part."""
    kind = rng.choice(("place", "slope", "glare"))
    if kind == "slope":
        box, field = surface.bounds, _slope(surface.bounds.shape, rng)
    else:
        half = (0.28 if kind == "place" else 0.13) * min(size, 1.6) * surface.span_px
        high, wide = (max(12, math.ceil(2 * half * float(rng.uniform(0.7, 1.4)))) for _ in range(2))
        at = surface.place(high, wide, rng, covered=0.7)
        if at is None:
            return None
        box, field = at, _hill(at.shape)
    before = surface.pixels(box)
    if kind == "glare":
        delta = field[:, :, None] ** 0.7 * (0.5 + 0.5 * strength) * (255.0 - before)
    else:
        lighter = float(surface.tone(box).mean()) < 150 and rng.random() < 0.5
        change = (0.5 if lighter else -0.5) * (0.3 + 0.7 * strength)
        delta = field[:, :, None] * change * (before + 8.0)
    return Draft(box.top, box.left, np.asarray(delta, np.float32), field > 0)


def _hill(shape: tuple[int, int]) -> Floats:
    """1 in the middle, smoothly 0 on the ellipse and outside."""
    small = (min(shape[0], _MOST_PX), min(shape[1], _MOST_PX))
    inside = np.clip(1 - radius(small) ** 2, 0, 1)
    return enlarged(np.asarray(inside**2, np.float32), shape)


def _slope(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """0 up to a line across the rectangle, then rising to 1 at the far corner."""
    angle = float(rng.uniform(0, 2 * math.pi))
    y, x = (np.linspace(-1, 1, min(side, _MOST_PX), dtype=np.float32) for side in shape)
    along = y[:, None] * math.sin(angle) + x[None, :] * math.cos(angle)
    start = float(rng.uniform(-0.4, 0.3))
    rising = np.clip((along - start) / (abs(math.sin(angle)) + abs(math.cos(angle)) - start), 0, 1)
    return enlarged(np.asarray(rising, np.float32), shape)

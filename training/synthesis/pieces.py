"""Pieces of another texture: cut out by Perlin noise (DRAEM: Zavrtanik et al., ICCV 2021) or as rectangles (CutPaste:
Li et al., CVPR 2021). The texture is the part's own, shuffled, or one made of its colours."""

from __future__ import annotations

import math

import cv2
import numpy as np

from training.synthesis.lines import jittered
from training.synthesis.noise import fractal, radius
from training.synthesis.surface import Box, Draft, Floats, Surface

_SHUFFLED = 4


def texture(surface: Surface, size: float, strength: float, rng: np.random.Generator) -> Draft | None:
    """An irregular region with another texture, partly transparent."""
    side = max(16, math.ceil(0.24 * size * surface.span_px))
    to = surface.place(side, side, rng, covered=0.8)
    if to is None:
        return None
    # Noise cut at a quantile, so that the area is drawn and not left to chance; weaker towards the rectangle's sides.
    field = fractal(to.shape, int(rng.integers(2, 6)), 3, rng) - 1.1 * radius(to.shape) ** 2
    field = np.minimum(field, (0.97 - radius(to.shape)) * 4)
    limit = float(np.quantile(field, 1 - rng.uniform(0.12, 0.4)))
    cover = np.clip((field - limit) / 0.08, 0, 1)
    cover[radius(to.shape) > 0.97] = 0
    other = _own(surface, to, rng) if rng.random() < 0.6 else _mixed(surface, to, rng)
    before = surface.pixels(to)
    if other is None:
        return None
    delta = cover[:, :, None] * (0.35 + 0.6 * strength) * (other - before)
    return Draft(to.top, to.left, np.asarray(delta, np.float32), cover > 0)


def cutpaste(surface: Surface, size: float, strength: float, rng: np.random.Generator) -> Draft | None:
    """A rectangle of the part, recoloured, pasted elsewhere; as hard at its edge as a label or a foreign piece."""
    area = (0.13 * size * surface.span_px) ** 2
    stretch = math.sqrt(float(np.exp(rng.uniform(math.log(0.3), math.log(3.3)))))
    high, wide = (max(4, round(math.sqrt(area) * by)) for by in (1 / stretch, stretch))
    to, source = surface.place(high, wide, rng), surface.place(high, wide, rng)
    if to is None or source is None:
        return None
    piece = jittered(surface.pixels(source), surface.coloured, strength, rng)[: to.shape[0], : to.shape[1]]
    # One pixel on every side is half of each, as a lens shows an edge.
    cover = np.full(to.shape, 0.5, np.float32)
    cover[1:-1, 1:-1] = 1.0
    delta = cover[:, :, None] * (piece - surface.pixels(to))
    return Draft(to.top, to.left, np.asarray(delta, np.float32), np.ones(to.shape, np.bool_))


def _own(surface: Surface, to: Box, rng: np.random.Generator) -> Floats | None:
    """The part's own texture from elsewhere, its squares shuffled and turned, in another tone."""
    source = surface.place(*to.shape, rng)
    if source is None or source.shape != to.shape:
        return None
    pixels = surface.pixels(source)
    high, wide = (max(1, side // _SHUFFLED) for side in to.shape)
    mixed = pixels.copy()
    for index, at in enumerate(rng.permutation(_SHUFFLED**2)):
        (row, column), (other_row, other_column) = divmod(index, _SHUFFLED), divmod(int(at), _SHUFFLED)
        square = pixels[other_row * high : (other_row + 1) * high, other_column * wide : (other_column + 1) * wide]
        mixed[row * high : (row + 1) * high, column * wide : (column + 1) * wide] = square[:: int(rng.choice((1, -1)))]
    return jittered(mixed, surface.coloured, float(rng.uniform(0.5, 1.0)), rng)


def _mixed(surface: Surface, to: Box, rng: np.random.Generator) -> Floats:
    """A grain between two tones far from the part's own, so that it is foreign and yet of this camera and lamp."""
    tone = surface.tone(to)
    away = 1.0 if float(tone.mean()) < 110 else -1.0
    hues = len(tone) if surface.coloured else 1
    first, second = (tone + away * rng.uniform(25, 110) + rng.normal(0, 10, hues) for _ in range(2))
    share = 0.5 + 0.5 * fractal(to.shape, int(rng.integers(6, 16)), 2, rng)
    blended = first + np.clip(share, 0, 1)[:, :, None] * (second - first)
    grain = cv2.blur(rng.standard_normal(to.shape).astype(np.float32), (2, 2)) * np.float32(6)
    return np.asarray(blended + grain[:, :, None], np.float32)

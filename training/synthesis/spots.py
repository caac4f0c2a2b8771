"""Defects around a point: pits, stains, and chips out of the part's edge."""

from __future__ import annotations

import math

import cv2
import numpy as np

from training.synthesis.noise import blob, fractal
from training.synthesis.surface import Box, Draft, Floats, Surface

_EDGE_TRIES = 40


def pit(surface: Surface, size: float, strength: float, rng: np.random.Generator) -> Draft | None:
    """A small hollow, or up to nine that run into each other; dark and rough inside, lit where it faces the lamp."""
    usual = max(2.2, 0.018 * size * surface.span_px)
    count = int(rng.integers(2, 10)) if rng.random() < 0.6 else 1
    side = math.ceil(usual * (2.6 if count == 1 else 5.0)) + 2
    box = surface.place(side, side, rng, covered=0.95)
    if box is None:
        return None
    depth = np.zeros(box.shape, np.float32)
    for _ in range(count):
        _dig(depth, usual * (1.0 if count == 1 else float(rng.uniform(0.4, 1.0))), rng)
    before = surface.pixels(box)
    lamp = float(rng.uniform(0, 2 * math.pi))
    down, across = (np.asarray(part, np.float32) for part in np.gradient(cv2.GaussianBlur(depth, (0, 0), 0.8)))
    facing = (across * math.cos(lamp) + down * math.sin(lamp)) * np.float32(min(usual, 12.0))
    rough = 1.0 + 0.5 * fractal(box.shape, max(3, side // 5), 3, rng)
    dark = float(surface.tone(box).mean()) < 45
    hollow = depth * rough * strength * (0.75 if not dark else -0.9)
    tone = before if not dark else before + 90.0
    delta = -hollow[:, :, None] * tone + np.clip(facing, -1, 1)[:, :, None] * np.float32(70.0 * strength)
    delta *= np.clip(depth / 0.25, 0, 1)[:, :, None]
    return Draft(box.top, box.left, delta, depth > 0)


def _dig(depth: Floats, half_px: float, rng: np.random.Generator) -> None:
    """One hollow into the field, in place; as deep as the deepest that covers a pixel."""
    high, wide = (max(4, round(2.4 * half_px * float(rng.uniform(0.7, 1.4)))) for _ in range(2))
    high, wide = min(high, depth.shape[0]), min(wide, depth.shape[1])
    top, left = (int(rng.integers(0, all_ - own + 1)) for all_, own in zip(depth.shape, (high, wide), strict=True))
    own = depth[top : top + high, left : left + wide]
    own[...] = np.maximum(own, blob((high, wide), 0.33, rng, edge=0.45))


def stain(surface: Surface, size: float, strength: float, rng: np.random.Generator) -> Draft | None:
    """A soft blot of another tint, some with a darker rim as a dried drop leaves it."""
    half = max(4.0, 0.075 * size * surface.span_px)
    high, wide = (math.ceil(2 * half * float(rng.uniform(0.75, 1.3))) for _ in range(2))
    box = surface.place(high, wide, rng, covered=0.8)
    if box is None:
        return None
    cover = blob(box.shape, 0.3, rng, edge=float(rng.uniform(0.15, 0.5)))
    before = surface.pixels(box)
    tint = _tint(surface.tone(box), surface.coloured, strength, rng)
    uneven = 0.85 + 0.3 * fractal(box.shape, 4, 3, rng)
    amount = cover * uneven
    if rng.random() < 0.4:
        amount = amount + 0.5 * cover * (1 - cover) * 4
    delta = amount[:, :, None] * (before * (tint - 1.0))
    return Draft(box.top, box.left, np.asarray(delta, np.float32), cover > 0.03)


def _tint(tone: Floats, coloured: bool, strength: float, rng: np.random.Generator) -> Floats:
    """What a blot makes of each channel: oil darkens and colours, dust lightens."""
    level = float(tone.mean())
    if level < 70:
        return np.asarray(1.0 + strength * rng.uniform(0.9, 1.6) * np.ones(len(tone)), np.float32)
    if level < 170 and rng.random() < 0.25:
        return np.asarray(1.0 + strength * rng.uniform(0.25, 0.45) * np.ones(len(tone)), np.float32)
    darker = rng.uniform(0.25, 0.55)
    # Blue goes first, as in rust and oil; without colour all goes alike.
    by_channel = np.array([1.25, 1.0, 0.7]) if coloured else np.ones(len(tone))
    return np.asarray(1.0 - strength * darker * by_channel, np.float32)


def chip(surface: Surface, size: float, strength: float, rng: np.random.Generator) -> Draft | None:
    """A bite out of the part's edge, filled with what is behind it; None where the picture shows no edge."""
    half = max(4.0, 0.045 * size * surface.span_px)
    found = _edge(surface, math.ceil(half), rng)
    if found is None:
        return None
    (y, x), outward = found
    side = 2 * math.ceil(half * 1.25) + 1
    box = surface.clipped(Box(y - side // 2, x - side // 2, y - side // 2 + side, x - side // 2 + side))
    whole = blob((side, side), 0.22, rng, edge=0.06)
    cover = whole[
        box.top - y + side // 2 : box.bottom - y + side // 2, box.left - x + side // 2 : box.right - x + side // 2
    ]
    bite = (cover > 0) & surface.part[box.slices]
    behind = _behind(surface, box, outward, rng)
    if behind is None or not bite.any():
        return None
    before = surface.pixels(box)
    delta = cover[:, :, None] * (behind - before)
    # What broke off leaves a rough slope at the inner edge, lighter or darker than the face.
    slope = np.clip(1 - np.abs(cover - 0.5) * 2, 0, 1)
    slope = cv2.GaussianBlur(np.where(surface.part[box.slices], slope, 0).astype(np.float32), (0, 0), 0.7)
    shade = float(rng.choice((-1.0, 1.0))) * (20 + 40 * strength) * (1 + 0.5 * fractal(box.shape, 6, 2, rng))
    delta += (slope * shade)[:, :, None]
    return Draft(
        box.top, box.left, np.asarray(delta, np.float32), cover > 0, beyond=max(2, round(0.01 * surface.span_px))
    )


def _edge(surface: Surface, away: int, rng: np.random.Generator) -> tuple[tuple[int, int], tuple[float, float]] | None:
    """A pixel (y, x) of the part's outline and the direction (down, across) out of it."""
    part = surface.part.astype(np.uint8)
    rows, columns = part.shape
    inner = part - cv2.erode(part, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    ys, xs = np.nonzero(inner)
    clear = (ys > 2) & (xs > 2) & (ys < rows - 3) & (xs < columns - 3)
    ys, xs = ys[clear], xs[clear]
    for at in rng.integers(0, len(ys), _EDGE_TRIES) if len(ys) else ():
        box = surface.clipped(Box(int(ys[at]) - away, int(xs[at]) - away, int(ys[at]) + away, int(xs[at]) + away))
        covered = surface.part[box.slices]
        # Away from the middle of what the part covers here.
        here = np.argwhere(~covered).mean(axis=0) - np.argwhere(covered).mean(axis=0) if not covered.all() else None
        if here is not None and 0.2 < covered.mean() < 0.85 and np.linalg.norm(here) > 0.3 * away:
            direction = here / np.linalg.norm(here)
            return (int(ys[at]), int(xs[at])), (float(direction[0]), float(direction[1]))
    return None


def _behind(surface: Surface, box: Box, outward: tuple[float, float], rng: np.random.Generator) -> Floats | None:
    """What the background looks like, as large as the box: the nearest of it in that direction, else its tone."""
    outside = ~surface.part
    shape = box.shape
    for step in np.linspace(1.05, 2.4, 7):
        away = [round(direction * step * max(shape)) for direction in outward]
        other = Box(box.top + away[0], box.left + away[1], box.bottom + away[0], box.right + away[1])
        if surface.clipped(other) == other and outside[other.slices].mean() > 0.995:
            return surface.pixels(other)
    around = surface.clipped(Box(box.top - shape[0], box.left - shape[1], box.bottom + shape[0], box.right + shape[1]))
    # The rim of the part is a mixture of both and no background.
    clear = cv2.erode(outside[around.slices].astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    pixels = surface.image[around.slices][clear]
    if len(pixels) < 20:
        return None
    drawn = pixels[rng.integers(0, len(pixels), shape)].astype(np.float32)
    return np.asarray(0.7 * np.median(pixels, axis=0) + 0.3 * drawn, np.float32)

"""Defects along a line: cracks that branch, scratches, and scars.

A crack is a random walk that keeps its heading for a while, splits, and grows thinner; dark, with a light edge on the
side away from the lamp. A scar is a thin rotated piece of the part itself (CutPaste-Scar: Li et al., CVPR 2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.marks import Mask
from training.synthesis.noise import fractal
from training.synthesis.surface import Box, Draft, Floats, Surface

# Lines are drawn so many times larger, so that a width is no whole number of pixels.
_FINE = 3
_STEPS = 48
_BRANCHES = 4

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Stroke:
    """A polyline `(N, 2)` of x, y pixels with a width at each corner, pixels."""

    points: Points
    widths: NDArray[np.float64]


def crack(surface: Surface, size: float, strength: float, rng: np.random.Generator) -> Draft | None:
    """A branching crack about `size` of the part long."""
    length = max(14.0, 0.28 * size * surface.span_px)
    width = max(1.1, 0.0045 * math.sqrt(size) * surface.span_px * float(rng.uniform(0.7, 1.3)))
    strokes = _branching(length, width, rng)
    cover, box = _drawn(surface, strokes, rng, margin=4 + round(2 * width))
    if box is None:
        return None
    before = _under(surface, box)
    light = _moved(cv2.GaussianBlur(cover, (0, 0), 0.6 + 0.4 * width), 0.5 + 0.6 * width, rng)
    rim = np.clip(light - cover, 0, 1)[:, :, None]
    core = _dark(before, surface.tone(surface.clipped(box)), strength) - before
    edge = 0.35 * strength * (before * 0.5 + 30.0)
    delta = cover[:, :, None] * core + rim * edge * (1 - cover[:, :, None])
    return Draft(box.top, box.left, delta, _wide(np.maximum(cover, 0.6 * rim[:, :, 0])))


def scratch(surface: Surface, size: float, strength: float, rng: np.random.Generator) -> Draft | None:
    """One or two nearly straight lines, lighter or darker than the part, of changing depth."""
    length = max(16.0, 0.3 * size * surface.span_px)
    width = max(1.0, 0.0035 * math.sqrt(size) * surface.span_px * float(rng.uniform(0.6, 1.4)))
    heading, bend = float(rng.uniform(0, math.pi)), float(rng.uniform(-0.5, 0.5))
    first = _walk((0.0, 0.0), heading, length, bend, 0.015, rng)
    strokes = [_Stroke(first, width * _tapered(len(first)))]
    if rng.random() < 0.35:
        aside = width * float(rng.uniform(2, 5)) * np.array([-math.sin(heading), math.cos(heading)])
        start, stop = sorted(rng.integers(0, len(first), 2))
        if stop - start > 4:
            strokes.append(_Stroke(first[start:stop] + aside, 0.7 * width * _tapered(stop - start)))
    cover, box = _drawn(surface, strokes, rng, margin=3 + round(2 * width))
    if box is None:
        return None
    before, tone = _under(surface, box), surface.tone(surface.clipped(box))
    depth = np.clip(0.75 + 0.6 * fractal(cover.shape, 6, 2, rng), 0.25, 1.0)
    lighter = float(tone.mean()) < 165 and rng.random() < 0.6
    shine = before + strength * (0.5 * (255 - tone) + 25.0)
    line = (shine if lighter else _dark(before, tone, 0.8 * strength)) - before
    # The turned-up material beside the groove is seen on its other side.
    burr = np.clip(_moved(cover, 1.0 + 0.5 * width, rng) - cover, 0, 1)[:, :, None] * line * -0.3
    delta = (cover * depth)[:, :, None] * line + burr
    return Draft(box.top, box.left, delta, _wide(cover + 0.3 * np.abs(burr).max(axis=2) / 20.0))


def scar(surface: Surface, size: float, strength: float, rng: np.random.Generator) -> Draft | None:
    """A thin strip of the part, recoloured, pasted elsewhere at an angle."""
    length = max(12.0, 0.16 * size * surface.span_px * float(rng.uniform(0.7, 1.3)))
    width = max(2.5, length * float(rng.uniform(0.08, 0.2)))
    side = math.ceil(length) + 6
    to, source = surface.place(side, side, rng), surface.place(side, side, rng)
    if to is None or source is None:
        return None
    shape = to.shape
    strip = np.zeros((shape[0] * _FINE, shape[1] * _FINE), np.uint8)
    middle = (shape[1] * _FINE / 2, shape[0] * _FINE / 2)
    corners = cv2.boxPoints((middle, (length * _FINE, width * _FINE), float(rng.uniform(0, 180))))
    cv2.fillConvexPoly(strip, np.round(corners).astype(np.int32), (255,), cv2.LINE_AA)
    cover = _small(strip, shape)
    taken = surface.pixels(Box(source.top, source.left, source.top + shape[0], source.left + shape[1]))
    recoloured = jittered(taken, surface.coloured, strength, rng)
    return Draft(to.top, to.left, cover[:, :, None] * (recoloured - surface.pixels(to)), _wide(cover))


def jittered(pixels: Floats, coloured: bool, strength: float, rng: np.random.Generator) -> Floats:
    """Pixels in another tone: plainly lighter or darker, and where there is colour, of another."""
    sign = 1.0 if float(pixels.mean()) < 110 or (float(pixels.mean()) < 165 and rng.random() < 0.5) else -1.0
    gain = 1.0 + sign * (0.12 + 0.33 * strength) + rng.uniform(-0.08, 0.08, pixels.shape[2] if coloured else 1)
    return np.asarray(pixels * gain + sign * 14.0 * strength, np.float32)


def _branching(length: float, width: float, rng: np.random.Generator) -> list[_Stroke]:
    trunk = _walk((0.0, 0.0), float(rng.uniform(0, 2 * math.pi)), length, float(rng.uniform(-0.6, 0.6)), 0.16, rng)
    strokes = [_Stroke(trunk, width * _tapered(len(trunk)))]
    for _ in range(int(rng.integers(0, _BRANCHES + 1))):
        parent = strokes[int(rng.integers(len(strokes)))]
        at = int(rng.integers(len(parent.points) // 6, len(parent.points) - 2))
        ahead = parent.points[at + 1] - parent.points[at]
        aside = float(rng.choice((-1.0, 1.0)) * rng.uniform(0.35, 1.1))
        reach = length * float(rng.uniform(0.12, 0.4))
        heading = math.atan2(ahead[1], ahead[0]) + aside
        points = _walk(tuple(parent.points[at]), heading, reach, 0.0, 0.16, rng)
        strokes.append(_Stroke(points, 0.75 * parent.widths[at] * np.linspace(1.0, 0.35, len(points))))
    return strokes


def _walk(
    start: tuple[float, ...], heading: float, length: float, bend: float, unrest: float, rng: np.random.Generator
) -> Points:
    """A walk of `length` pixels that turns by `bend` in all and by `unrest` at random in every step."""
    steps = int(np.clip(length / 4, 6, _STEPS))
    kinks = np.where(rng.random(steps) < 0.1, rng.normal(0, 3 * unrest, steps), 0.0)
    drift = np.cumsum(bend / steps + rng.normal(0, 0.6 * unrest, steps) + kinks)
    # Grains turn every step aside without changing where the whole is going.
    headings = heading + drift + rng.normal(0, 2 * unrest, steps)
    strides = length / steps * np.stack((np.cos(headings), np.sin(headings)), axis=1)
    return np.concatenate(([start], start + np.cumsum(strides, axis=0)))


def _tapered(count: int) -> NDArray[np.float64]:
    """Full width in the middle, thin at both ends."""
    return np.asarray(0.35 + 0.65 * np.sin(np.linspace(0.15, math.pi - 0.15, count)), np.float64)


def _drawn(
    surface: Surface, strokes: list[_Stroke], rng: np.random.Generator, margin: int
) -> tuple[Floats, Box | None]:
    """How much of each pixel the strokes cover `(h, w)`, in a rectangle placed on the part; None where none is."""
    points = np.concatenate([stroke.points for stroke in strokes])
    low = points.min(axis=0) - margin
    width, height = (math.ceil(side) for side in points.max(axis=0) + margin - low)
    # A line need not stay inside: what lies beyond the part's edge is cut off there, as a real one is.
    inside = surface.place(max(4, height // 2), max(4, width // 2), rng)
    if inside is None:
        return np.zeros((0, 0), np.float32), None
    top = (inside.top + inside.bottom - height) // 2
    left = (inside.left + inside.right - width) // 2
    canvas = np.zeros((height * _FINE, width * _FINE), np.uint8)
    for stroke in strokes:
        corners = np.round((stroke.points - low) * _FINE * 16).astype(np.int32)
        for begin, end, wide in zip(corners, corners[1:], stroke.widths, strict=False):
            thick = max(1, round(float(wide) * _FINE))
            cv2.line(canvas, begin.tolist(), end.tolist(), (255,), thick, cv2.LINE_AA, 4)
    return _small(canvas, (height, width)), Box(top, left, top + height, left + width)


def _small(canvas: NDArray[np.uint8], shape: tuple[int, int]) -> Floats:
    reduced = cv2.resize(canvas, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, np.float32) / np.float32(255)


def _under(surface: Surface, box: Box) -> Floats:
    """The picture's pixels in a rectangle that may reach beyond it; there its edge is repeated."""
    inside = surface.clipped(box)
    spare = (inside.top - box.top, box.bottom - inside.bottom, inside.left - box.left, box.right - inside.right)
    pixels = cv2.copyMakeBorder(surface.image[inside.slices], *spare, cv2.BORDER_REPLICATE)
    return pixels.reshape(*box.shape, -1).astype(np.float32)


def _dark(before: Floats, tone: Floats, strength: float) -> Floats:
    """As the bottom of a groove looks: much darker, but lighter where the part itself is nearly black."""
    if float(tone.mean()) < 45:
        return np.asarray(before + strength * 110.0, np.float32)
    return np.asarray(before * (1 - 0.85 * strength), np.float32)


def _moved(cover: NDArray[np.generic], by_px: float, rng: np.random.Generator) -> Floats:
    """A cover moved in the direction of a random lamp."""
    angle = float(rng.uniform(0, 2 * math.pi))
    step = np.array([[1.0, 0.0, by_px * math.cos(angle)], [0.0, 1.0, by_px * math.sin(angle)]])
    return np.asarray(cv2.warpAffine(np.asarray(cover, np.float32), step, cover.shape[::-1]), np.float32)


def _wide(cover: NDArray[np.generic]) -> Mask:
    return np.asarray(np.asarray(cover) > 0.08, np.bool_)

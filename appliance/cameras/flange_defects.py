"""What goes wrong with a flange: each drawer spoils a surface in place and says where.

A drawer returns the mask of what it changed by at least a few gray levels, so that mask and picture agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

KINDS = ("scratch", "dent", "stain", "chip")
EMPTY = "empty"  # the kind of a picture that shows the belt alone

_CHAMFER_PX = 12.0
_VISIBLE_LEVELS = 7.0

Patch = tuple[slice, slice]
Levels = NDArray[np.float32]
Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Surface:
    """A flange before the camera sees it.

    `tone`: `(H, W)` float32 gray levels; `metal`: `(H, W)` float32, 0..1, how much of the pixel is part. Both are drawn
    upon in place. `light`: where the lamp stands, radians clockwise from the picture's right.
    """

    tone: Levels
    metal: Levels
    x_px: float
    y_px: float
    bore_px: float
    outer_px: float
    light: float
    holes: tuple[tuple[float, float], ...]

    def patch(self, centre: tuple[float, float], reach_px: float) -> Patch:
        """The rows and columns within `reach_px` of a point, cut off at the picture's border."""
        height, width = self.tone.shape
        x, y = centre
        rows = slice(max(0, int(y - reach_px)), min(height, int(y + reach_px) + 2))
        return rows, slice(max(0, int(x - reach_px)), min(width, int(x + reach_px) + 2))

    def at(self, radius_px: float, angle: float) -> tuple[float, float]:
        """The point at this radius and angle of the flange."""
        return self.x_px + radius_px * math.cos(angle), self.y_px + radius_px * math.sin(angle)

    def is_metal(self, points: Levels) -> NDArray[np.bool_]:
        """For `(N, 2)` points (x, y): which lie on the part."""
        height, width = self.metal.shape
        columns = np.clip(points[:, 0].astype(np.intp), 0, width - 1)
        rows = np.clip(points[:, 1].astype(np.intp), 0, height - 1)
        solid: NDArray[np.bool_] = self.metal[rows, columns] > 0.5
        return solid


def _scratch(rng: np.random.Generator, surface: Surface) -> Mask:
    """A bright burr beside a dark groove, along an arc that crosses the tool marks."""
    path = _arc_over_metal(rng, surface)
    groove = np.zeros_like(surface.tone)
    fixed = np.round(path * 16).astype(np.int32)
    widest = int(rng.integers(3, 5))
    for start in range(len(fixed) - 1):
        # A tool digs in and lifts off: the ends are thin.
        width = widest if 0.2 < start / len(fixed) < 0.8 else widest - 1
        cv2.line(groove, fixed[start].tolist(), fixed[start + 1].tolist(), 1.0, width, cv2.LINE_AA, 4)
    groove = np.asarray(cv2.GaussianBlur(groove, (0, 0), 0.9), np.float32)
    burr = cv2.warpAffine(groove, np.array([[1, 0, -1.4], [0, 1, -1.4]], np.float32), groove.shape[::-1])
    return _change(surface, np.float32(rng.uniform(85, 110)) * burr - np.float32(45) * groove)


def _arc_over_metal(rng: np.random.Generator, surface: Surface) -> Levels:
    """`(40, 2)` points of an arc that lies on metal for most of its length."""
    path = np.empty((0, 2), np.float32)
    for _ in range(60):
        length = rng.uniform(80, 190)
        bend = rng.uniform(0.4, 1.5) * rng.choice((-1, 1))
        start = surface.at(rng.uniform(surface.bore_px + 20, surface.outer_px - 25), rng.uniform(0, 2 * math.pi))
        heading = rng.uniform(0, 2 * math.pi) + bend * np.linspace(0, 1, 40)
        step = length / 39 * np.stack((np.cos(heading), np.sin(heading)), axis=1)
        path = (np.asarray(start) + np.cumsum(step, axis=0)).astype(np.float32)
        if surface.is_metal(path).mean() > 0.85:
            break
    return path


def _dent(rng: np.random.Generator, surface: Surface) -> Mask:
    """A soft hollow: the wall away from the lamp shines, the wall below the lamp is dark."""
    size = rng.uniform(10, 17)
    centre = _spot_on_face(rng, surface, size)
    columns, rows = _offsets(surface, centre)
    stretch, tilt = rng.uniform(1.0, 1.5), rng.uniform(0, math.pi)
    along = (columns * math.cos(tilt) + rows * math.sin(tilt)) / (size * stretch)
    across = (rows * math.cos(tilt) - columns * math.sin(tilt)) / size
    hollow = np.exp(-(along * along + across * across))
    slope = -(columns * math.cos(surface.light) + rows * math.sin(surface.light)) / size
    depth = rng.uniform(55, 78)
    return _change(surface, depth * hollow * (1.5 * slope - 0.55))


def _stain(rng: np.random.Generator, surface: Surface) -> Mask:
    """Oil or coolant dried in a few overlapping blobs with a ragged, soft border."""
    reach = rng.uniform(22, 42)
    centre = _spot_on_face(rng, surface, 12)
    ragged = cv2.resize(rng.uniform(-1, 1, (40, 56)).astype(np.float32), surface.tone.shape[::-1], None, 0, 0, 2)
    wet = np.zeros_like(surface.tone)
    for _ in range(int(rng.integers(3, 6))):
        blob = (centre[0] + rng.normal(0, reach * 0.45), centre[1] + rng.normal(0, reach * 0.45))
        columns, rows = _offsets(surface, blob)
        radius = reach * rng.uniform(0.45, 0.8)
        wet = np.maximum(wet, 1.15 - np.hypot(columns, rows) / radius + 0.28 * ragged)
    soaked = cv2.GaussianBlur(np.clip(wet * 2.2, 0, 1), (0, 0), 2.5)
    return _change(surface, -np.float32(rng.uniform(0.34, 0.55)) * soaked * surface.tone)


def _chip(rng: np.random.Generator, surface: Surface) -> Mask:
    """A piece broken off the outer edge or the bore, with a rough face where it broke."""
    outer = rng.random() < 0.6
    size = rng.uniform(20, 36)
    edge = surface.outer_px + 3 if outer else surface.bore_px - 3
    centre = surface.at(edge, rng.uniform(0, 2 * math.pi))
    corners = np.linspace(0, 2 * math.pi, 12, endpoint=False) + rng.uniform(-0.15, 0.15, 12)
    reach = size * rng.uniform(0.75, 1.15, 12)
    outline = np.stack((centre[0] + reach * np.cos(corners), centre[1] + reach * np.sin(corners)), axis=1)
    gone = np.zeros_like(surface.metal)
    cv2.fillPoly(gone, [np.round(outline * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    broken = cv2.dilate(gone, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    face = np.clip(broken - gone, 0, 1)
    patch = surface.patch(centre, size * 1.6)
    rough = cv2.GaussianBlur(rng.standard_normal(surface.tone[patch].shape).astype(np.float32), (0, 0), 1.3)
    columns, rows = _offsets(surface, centre)
    facing = -(columns * math.cos(surface.light) + rows * math.sin(surface.light)) / size
    change = face * (35 * facing - 40)
    change[patch] += face[patch] * rough * 70
    lost = surface.metal * gone
    mask = _change(surface, change)
    surface.metal[...] = surface.metal - lost
    mask[lost > 0.3] = 255
    return mask


def _spot_on_face(rng: np.random.Generator, surface: Surface, clear_px: float) -> tuple[float, float]:
    """A point of the flat face, clear of both chamfers and of the holes."""
    spot = (surface.x_px, surface.y_px)
    for _ in range(100):
        inner, outer = surface.bore_px + _CHAMFER_PX + clear_px, surface.outer_px - _CHAMFER_PX - clear_px
        spot = surface.at(rng.uniform(inner, outer), rng.uniform(0, 2 * math.pi))
        if all(math.dist(spot, hole) > 30 + clear_px for hole in surface.holes):
            break
    return spot


def _offsets(surface: Surface, centre: tuple[float, float]) -> tuple[Levels, Levels]:
    """x and y from a point, to be broadcast against each other."""
    height, width = surface.tone.shape
    columns = np.arange(width, dtype=np.float32)[None, :] - np.float32(centre[0])
    return columns, np.arange(height, dtype=np.float32)[:, None] - np.float32(centre[1])


def _change(surface: Surface, levels: NDArray[Any]) -> Mask:
    """Add gray levels to the metal; 255 where that can be seen."""
    surface.tone[...] += levels.astype(np.float32, copy=False)
    seen = (np.abs(levels) * surface.metal > _VISIBLE_LEVELS).astype(np.uint8) * 255
    return cv2.morphologyEx(seen, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)).astype(np.uint8)


DRAWERS: dict[str, Callable[[np.random.Generator, Surface], Mask]] = {
    "scratch": _scratch,
    "dent": _dent,
    "stain": _stain,
    "chip": _chip,
}

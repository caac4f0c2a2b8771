"""Draws the parts of the simulated line: turned metal flanges on a dark belt, good or with one defect.

The look is computed, no picture is loaded: a ring whose concentric tool marks are noise over the radius, two chamfers
and six bolt holes that catch the light of one lamp, a soft shadow blurred from the ring's own outline, lens blur and
sensor noise. The same (seed, number) gives the same picture on every machine with the same numpy and OpenCV.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.cameras.flange_defects import DRAWERS, EMPTY, KINDS, Surface

WIDTH_PX = 900
HEIGHT_PX = 640

_OUTER_PX = 271.0
_BORE_PX = 109.0
_CHAMFER_PX = 12.0
_BOLT_CIRCLE_PX = 192.0
_HOLE_PX = 22.0
_RIM_PX = 5.0
_HOLES = 6
_LUT_PER_PX = 4


@dataclass(frozen=True, slots=True)
class DrawnPart:
    """`image`: `(640, 900, 3)` uint8 BGR. `kind`: one of `KINDS`, `EMPTY`, or None for a good part.

    `mask`: `(640, 900)` uint8, 255 where the defect is; None without one.
    """

    image: NDArray[np.uint8]
    kind: str | None
    mask: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class _Pose:
    """Where the part lies and how it is lit; angles in radians, clockwise from the picture's right."""

    x_px: float
    y_px: float
    scale: float
    turn: float
    light: float
    gain: float
    offset: float


@dataclass(frozen=True, slots=True)
class Stray:
    """A part as the line never shows one: shifted by pixels, of another size, or darker than the metal."""

    shift_px: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    brightness: float = 1.0


def draw(
    seed: int, number: int, *, defect_rate: float = 0.0, kind: str | None = None, empty_rate: float = 0.0
) -> DrawnPart:
    """The part with this number on the line with this seed.

    Args:
        seed: which line; two lines share no picture.
        number: which part, 0 or more.
        defect_rate: probability in [0, 1] that the part is defective; all kinds are equally likely.
        kind: draw exactly this defect; neither rate is then looked at.
        empty_rate: probability in [0, 1] that no part lies there.

    Raises:
        ValueError: `kind` is not in `KINDS`.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"there is no defect called {kind!r}; use one of {', '.join(KINDS)}")
    part_rng = np.random.default_rng((seed, number, 0))
    defect_rng = np.random.default_rng((seed, number, 1))
    if kind is None and np.random.default_rng((seed, number, 3)).random() < empty_rate:
        return draw_empty(seed, number)
    if kind is None and defect_rng.random() < defect_rate:
        kind = KINDS[int(defect_rng.integers(len(KINDS)))]
    pose = _lay_down(part_rng)
    surface = _turn_ring(part_rng, pose)
    mask = None if kind is None else DRAWERS[kind](np.random.default_rng((seed, number, 2)), surface)
    return DrawnPart(_expose(part_rng, pose, surface), kind, mask)


def draw_empty(seed: int, number: int) -> DrawnPart:
    """The belt alone, lit and shaken like the parts."""
    rng = np.random.default_rng((seed, number, 0))
    pose = _lay_down(rng)
    nothing = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
    surface = Surface(nothing, nothing, pose.x_px, pose.y_px, 0.0, 0.0, pose.light, ())
    return DrawnPart(_expose(rng, pose, surface), EMPTY, None)


def draw_stray(seed: int, number: int, stray: Stray) -> DrawnPart:
    """A good part where or as it should not be: for trying what a station makes of it."""
    rng = np.random.default_rng((seed, number, 0))
    pose = _lay_down(rng)
    x_px, y_px = (value + shift for value, shift in zip((pose.x_px, pose.y_px), stray.shift_px, strict=True))
    pose = replace(pose, x_px=x_px, y_px=y_px, scale=pose.scale * stray.scale)
    surface = _turn_ring(rng, pose)
    surface.tone[...] *= np.float32(stray.brightness)
    return DrawnPart(_expose(rng, pose, surface), None, None)


def _lay_down(rng: np.random.Generator) -> _Pose:
    return _Pose(
        x_px=WIDTH_PX / 2 + rng.uniform(-14, 14),
        y_px=HEIGHT_PX / 2 + rng.uniform(-12, 12),
        scale=rng.uniform(0.995, 1.005),
        turn=rng.uniform(0, 2 * math.pi),
        light=math.radians(-50 + rng.uniform(-8, 8)),
        gain=rng.uniform(0.94, 1.06),
        offset=rng.uniform(-2, 2),
    )


def _turn_ring(rng: np.random.Generator, pose: _Pose) -> Surface:
    """The bare metal: `tone` is what the lamp makes of it, `metal` is how much of each pixel it covers."""
    dx = np.arange(WIDTH_PX, dtype=np.float32)[None, :] - np.float32(pose.x_px)
    dy = np.arange(HEIGHT_PX, dtype=np.float32)[:, None] - np.float32(pose.y_px)
    radius = np.sqrt(dx * dx + dy * dy) * np.float32(1 / pose.scale)
    towards_light = (dx * math.cos(pose.light) + dy * math.sin(pose.light)).astype(np.float32)
    towards_light /= np.maximum(radius, 1)
    marks, marks_too, chamfer = _look_up(_profiles(rng), radius)
    # A lathe leaves two bright lobes on the face; chamfers tilt towards or away from the lamp.
    lobes = towards_light * towards_light
    tone = 140 + 24 * towards_light + 16 * lobes
    tone += marks * lobes + marks_too * (1 - lobes)
    tone += chamfer * (30 * towards_light - 12) - 14 * np.abs(chamfer)
    metal = np.clip(_OUTER_PX + 0.5 - radius, 0, 1) * np.clip(radius - _BORE_PX + 0.5, 0, 1)
    surface = Surface(
        tone, metal, pose.x_px, pose.y_px, _BORE_PX * pose.scale, _OUTER_PX * pose.scale, pose.light, _centres(pose)
    )
    for centre in surface.holes:
        _drill(surface, centre, pose.scale)
    return surface


def _profiles(rng: np.random.Generator) -> NDArray[np.float32]:
    """`(1, N, 3)`: two sets of tool marks in gray levels, and the chamfers (+1 outer, -1 bore), over the radius."""
    count = int((_OUTER_PX + 40) * _LUT_PER_PX)
    table = np.zeros((1, count, 3), np.float32)
    for channel in (0, 1):
        for width, strength in ((3, 3.2), (9, 3.0), (41, 3.5)):
            noise = rng.standard_normal(count).astype(np.float32)
            smooth = cv2.GaussianBlur(noise[None, :], (0, 0), width / 2, borderType=cv2.BORDER_REFLECT)
            table[0, :, channel] += smooth[0] * np.float32(strength / float(smooth.std()))
    radius = np.arange(count, dtype=np.float32) / _LUT_PER_PX
    table[0, :, 2] = np.clip(radius - (_OUTER_PX - _CHAMFER_PX), 0, 1) - np.clip(_BORE_PX + _CHAMFER_PX - radius, 0, 1)
    return table


def _look_up(table: NDArray[np.float32], radius: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    where = radius * np.float32(_LUT_PER_PX)
    nowhere = np.zeros_like(where)
    looked_up = cv2.remap(table, where, nowhere, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return tuple(np.asarray(channel, np.float32) for channel in cv2.split(looked_up))


def _centres(pose: _Pose) -> tuple[tuple[float, float], ...]:
    angles = [pose.turn + 2 * math.pi * hole / _HOLES for hole in range(_HOLES)]
    distance = _BOLT_CIRCLE_PX * pose.scale
    return tuple((pose.x_px + distance * math.cos(a), pose.y_px + distance * math.sin(a)) for a in angles)


def _drill(surface: Surface, centre: tuple[float, float], scale: float) -> None:
    """One bolt hole with its bright countersunk rim, in place."""
    x, y, patch = *centre, surface.patch(centre, (_HOLE_PX + _RIM_PX) * scale + 3)
    if any(side.stop <= side.start for side in patch):
        return  # outside the picture
    rows, columns = np.mgrid[patch].astype(np.float32)
    radius = np.hypot(columns - x, rows - y) / scale
    facing = ((columns - x) * math.cos(surface.light) + (rows - y) * math.sin(surface.light)) / np.maximum(radius, 1)
    rim = np.clip(_HOLE_PX + _RIM_PX + 0.5 - radius, 0, 1)
    surface.tone[patch] += rim * (202 + 30 * facing - surface.tone[patch])
    surface.metal[patch] *= np.clip(radius - _HOLE_PX + 0.5, 0, 1)


def _expose(rng: np.random.Generator, pose: _Pose, surface: Surface) -> NDArray[np.uint8]:
    """What the sensor sees of metal, belt and shadow: `(640, 900, 3)` uint8, gray in three channels."""
    small = cv2.resize(surface.metal, (WIDTH_PX // 4, HEIGHT_PX // 4), interpolation=cv2.INTER_AREA)
    shadow = cv2.resize(1 - 0.8 * cv2.GaussianBlur(small, (0, 0), 5), (WIDTH_PX, HEIGHT_PX))
    top, left = int(rng.integers(_BELT_SPARE_PX)), int(rng.integers(_BELT_SPARE_PX))
    scene = _belt()[top : top + HEIGHT_PX, left : left + WIDTH_PX] * shadow
    scene += surface.metal * (surface.tone - scene)
    scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), 0.7), np.float32)
    scene *= np.float32(pose.gain)
    noise = rng.standard_normal(scene.shape, np.float32)
    noise *= 2
    scene += noise
    scene += np.float32(pose.offset + 0.5)
    seen: NDArray[np.uint8] = np.clip(scene, 0, 255).astype(np.uint8)
    return np.asarray(cv2.merge((seen, seen, seen)), np.uint8)


_BELT_SPARE_PX = 600


@lru_cache(maxsize=1)
def _belt() -> NDArray[np.float32]:
    """One length of rubber belt; every part lies on another piece of it."""
    rng = np.random.default_rng(20)
    shape = (HEIGHT_PX + _BELT_SPARE_PX, WIDTH_PX + _BELT_SPARE_PX)
    belt = np.full(shape, 43, np.float32)
    for sigma, strength in ((1.4, 4.0), (3.5, 4.5), (9.0, 3.0)):
        grain = cv2.GaussianBlur(rng.standard_normal(shape, np.float32), (0, 0), sigma)
        belt += grain * np.float32(strength / float(grain.std()))
    return belt

"""Is a part there at all? Only a picture that differs nowhere from what empty ones showed is empty; in doubt it is not.

Nobody looks again at a part that was taken for none, so emptiness has to be proven: the picture must be as light, as
sharp and as whole as the empty ones, and no place in it, small or large, may differ from them by more than the most
unusual place of any empty picture did that was held out.

- The model is one Gaussian a cell: median and spread of colour and of fine texture over the empty pictures (Wren et
  al., "Pfinder: real-time tracking of the human body", 1997; medians, because one dirty picture must not widen it).
- More or less light of the whole picture is divided out first, as far as the empty pictures vary in light themselves
  and a little beyond: what looks like another light on everything could be a part that fills the picture.
- Each deviation is averaged over 1, 3 and 9 cells, so that a tiny bright part shows as well as a large dark one, and is
  told in units of the largest one of the held-out empty pictures: above `limit` it is a part.

The camera's picture is looked at before any alignment, within the region and a quarter of its size around it, because a
part that lies beside the region must not go by as none. Dust, oil and labels on the belt make parts of empty belts, and
the model judges them: a false part costs a look, a false gap an unjudged part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Box
from models.errors import PackageError
from models.fitness import PresenceEntry
from models.quality import Gate, load_gate
from models.scorers import Floats, load_array

CELLS = 160
"""Cells along the longer side."""
SCALES = (1, 3, 9)
CHANNELS = 4

_AROUND = 0.25
_SAMPLED = 4  # samples a cell and direction: more are left out before the picture is reduced, which saves its time
_FLOOR = np.array([1.5, 1.5, 1.5, 0.5], np.float32)
_TREMBLING_CELLS = 0.15
_DARK = 8.0
_LIGHT_MARGIN = 0.1
_PLAINLY, _PLAIN_SHARE = 2.0, 0.02

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class EmptyModel:
    """What empty pictures look like: `median` and `spread`, `(h, w, 4)` float32 (blue, green, red, texture)."""

    median: Floats
    spread: Floats


def area(roi: Box | None, picture_size: tuple[int, int]) -> Box:
    """What is looked at: the region and a quarter of its size around it, as far as the picture goes."""
    width, height = picture_size
    if roi is None:
        return Box(0, 0, width, height)
    left, top = max(0, round(roi.x - _AROUND * roi.w)), max(0, round(roi.y - _AROUND * roi.h))
    right, bottom = round(roi.x + (1 + _AROUND) * roi.w), round(roi.y + (1 + _AROUND) * roi.h)
    return Box(left, top, min(width, right) - left, min(height, bottom) - top)


def small(picture: Pixels, where: Box) -> Pixels:
    """That part of `(H, W[, 3])` as `(h, w, 3)` of about `2 * CELLS` a side: two pixels a cell, for the texture.

    Reduced by whole numbers, which is many times faster; of large pictures only some pixels are looked at.
    """
    step = max(1, max(where.w, where.h) // (_SAMPLED * CELLS))
    cut = picture[where.y : where.y + where.h : step, where.x : where.x + where.w : step]
    factor = max(1, round(max(cut.shape[:2]) / (2 * CELLS)))
    height, width = (max(1, side // factor) for side in cut.shape[:2])
    whole = np.ascontiguousarray(cut[: height * factor, : width * factor])
    found = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA) if factor > 1 else whole
    return np.asarray(cv2.cvtColor(found, cv2.COLOR_GRAY2BGR) if found.ndim == 2 else found, np.uint8)


def cells(pixels: Pixels) -> Floats:
    """`(2h, 2w, 3)` of `small` → `(h, w, 4)` float32: mean blue, green, red and the strength of fine texture."""
    size = (max(1, pixels.shape[1] // 2), max(1, pixels.shape[0] // 2))
    colour = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    rough = cv2.resize(cv2.absdiff(gray, cv2.blur(gray, (3, 3))), size, interpolation=cv2.INTER_AREA)
    return np.asarray(np.dstack((colour, rough)), np.float32)


def light_of(found: Floats, model: EmptyModel) -> float:
    """How much more light there is than in the model, 1.0 for the same."""
    told = model.median[:, :, 1] > _DARK
    if not told.any():
        return float((found[:, :, 1].mean() + 1.0) / (model.median[:, :, 1].mean() + 1.0))
    return float(np.median(found[:, :, 1][told] / model.median[:, :, 1][told]))


def deviations(found: Floats, light: float, model: EmptyModel) -> tuple[float, ...]:
    """The largest deviation from the model at each of `SCALES`, in spreads."""
    z = (found / np.float32(max(light, 1e-3)) - model.median) / model.spread
    blurred = (z if scale == 1 else cv2.blur(z, (scale, scale)) * np.float32(scale) for scale in SCALES)
    return tuple(float(np.abs(one).max()) for one in blurred)


def fit_model(found: list[Floats]) -> EmptyModel:
    """The model of empty pictures' cells, each brought to the light of them all."""
    stack = np.stack(found)
    lights = np.median(stack[:, :, :, 1], axis=(1, 2))
    stack /= (np.maximum(lights, 1.0) / max(float(np.median(lights)), 1.0))[:, None, None, None]
    median = np.asarray(np.median(stack, axis=0), np.float32)
    apart = np.asarray(1.4826 * np.median(np.abs(stack - median), axis=0), np.float32)
    pooled = np.maximum(cv2.blur(apart * apart, (9, 9)), apart * apart)
    # An edge of the background that trembles by a fraction of a cell is no part.
    trembling = _TREMBLING_CELLS * cv2.morphologyEx(median, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return EmptyModel(median, np.asarray(np.sqrt(pooled + trembling * trembling) + _FLOOR, np.float32))


class Presence:
    """Whether pictures show a part; one thread at a time."""

    def __init__(self, entry: PresenceEntry, model: EmptyModel, gate: Gate) -> None:
        self._entry, self._model, self._gate = entry, model, gate
        self._area = Box(*entry.area)

    def empty(self, image: Pixels) -> bool:
        """Whether it is proven that `(H, W[, 3])`, a picture of the camera, shows no part."""
        if (image.shape[1], image.shape[0]) != self._entry.picture_size:
            return False
        pixels = small(image, self._area)
        if self._plainly_a_part(pixels) or self.score(pixels) > self._entry.limit:
            return False
        return self._gate.of(self._gate.measure(pixels)) is None

    def score(self, pixels: Pixels) -> float:
        """How far `small` pixels are from empty, 1.0 for the furthest empty picture that was held out."""
        found = cells(pixels)
        light = light_of(found, self._model)
        lowest, highest = self._entry.light
        if not lowest - _LIGHT_MARGIN <= light <= highest + _LIGHT_MARGIN:
            return float("inf")
        return relative(deviations(found, light, self._model), self._entry.most)

    def _plainly_a_part(self, pixels: Pixels) -> bool:
        """Some pixels tell at once what nearly every picture shows, so that parts do not wait for the rest."""
        height, width = self._model.median.shape[:2]
        apart = pixels[: 2 * height : 16, : 2 * width : 16].astype(np.float32) - self._model.median[::8, ::8, :3]
        bound = _PLAINLY * self._entry.limit * self._entry.most[0] * self._model.spread[::8, ::8, :3]
        return bool((np.abs(apart) > bound).mean() > _PLAIN_SHARE)


def relative(found: tuple[float, ...], most: tuple[float, ...]) -> float:
    """The worst of the scales, each in units of what held-out empty pictures showed at most."""
    return max(value / top for value, top in zip(found, most, strict=True))


class NoPresence:
    """Nothing was taught: every picture shows a part."""

    def empty(self, image: Pixels) -> bool:
        return False


def load_presence(entry: PresenceEntry | None, files: Mapping[str, bytes]) -> Presence | NoPresence:
    """The check that a manifest describes.

    Raises:
        PackageError: an array has another type or shape, or holds what is no spread.
    """
    if entry is None:
        return NoPresence()
    arrays = [load_array(files, name, np.float32, (3,)).astype(np.float32) for name in (entry.median, entry.spread)]
    blank = np.zeros((entry.picture_size[1], entry.picture_size[0]), np.uint8)
    shape = cells(small(blank, Box(*entry.area))).shape
    sound = all(array.shape == shape and np.isfinite(array).all() for array in arrays)
    if not sound or float(arrays[1].min()) <= 0:
        raise PackageError(f"{entry.median} and {entry.spread} in the package are no empty pictures; export it again")
    return Presence(entry, EmptyModel(*arrays), load_gate(entry.quality, files))

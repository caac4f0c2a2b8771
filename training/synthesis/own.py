"""The user's own defects, cut out of their pictures and put onto good parts.

Pasted in the gradient domain (Perez, Gangnet & Blake, SIGGRAPH 2003: `cv2.seamlessClone`) or with a soft edge, after
the crop was brought to the tone of its new place; turned, scaled, lighter or darker by a little. The place is the one
of many random ones that looks most like what was around the defect, so that what sat on an edge sits on one again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from models.picture_file import read_picture
from training.data.dataset import Picture
from training.data.marks import Mask
from training.data.masks import class_masks
from training.synthesis.foreground import foreground
from training.synthesis.surface import Box, Draft, Floats, Image, Surface

_MARGIN = 0.35
_LEAST_PX, _MOST_PX = 3, 512
_PLACES = 24
_ON_EDGE = 0.9
_MOST_UNLIKE = 45.0
_CLONED_PX = 160
_LEAST_RING_PX = 8


@dataclass(frozen=True, slots=True)
class Crop:
    """One marked defect with what is around it: `image` `(h, w, C)`, `mask` `(h, w)`, from a picture of this sha256.

    `on_part`: how much of the rectangle the part covers; less than all where the defect sits on its edge.
    """

    image: Image
    mask: Mask
    label: str
    taken_from: str
    on_part: float = 1.0


def crops_of(pictures: Iterable[Picture]) -> Iterator[Crop]:
    """Every marked defect of the pictures, each connected piece of a mask alone; of those without outline nothing.

    Raises:
        BadData, BadPicture: a mask or a picture cannot be read.
    """
    for picture in pictures:
        if not picture.marks.outlined:
            continue
        image = read_picture(picture.path)
        part = foreground(image)
        image = image if image.ndim == 3 else image[:, :, None]
        for label, mask in class_masks(picture).items():
            for box, piece in _pieces(mask):
                on_part = float((part[box.slices] | piece).mean())
                yield Crop(image[box.slices].copy(), piece, label, picture.sha256, on_part)


def _pieces(mask: Mask) -> Iterator[tuple[Box, Mask]]:
    count, labels, rows, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    for index in range(1, count):
        left, top, wide, high = (int(rows[index, at]) for at in range(4))
        if not _LEAST_PX <= max(wide, high) <= _MOST_PX:
            continue
        spare = max(4, round(_MARGIN * max(wide, high)))
        box = Box(max(0, top - spare), max(0, left - spare), top + high + spare, left + wide + spare)
        own = labels[box.slices] == index
        yield Box(box.top, box.left, box.top + own.shape[0], box.left + own.shape[1]), np.asarray(own, np.bool_)


def blend(surface: Surface, crops: tuple[Crop, ...], strength: float, rng: np.random.Generator) -> Draft | None:
    """One of the crops on the part; None where none fits."""
    crop = crops[int(rng.integers(len(crops)))]
    image, mask = _jittered(crop, surface.image.shape[2], rng)
    if mask.shape[0] > surface.part.shape[0] or mask.shape[1] > surface.part.shape[1] or not mask.any():
        return None
    around = image[~mask]
    if len(around) < _LEAST_RING_PX:
        return None
    to = _fitting(surface, image, mask, crop.on_part, rng)
    if to is None:
        return None
    before = surface.pixels(to)
    # Tones are compared where both show the part, not what is behind it.
    both = ~mask & surface.part[to.slices]
    shift = np.median((before - image)[both], axis=0) if both.sum() >= _LEAST_RING_PX else 0.0
    moved = np.clip(image + shift, 0, 255).astype(np.float32)
    moved = before + (moved - before) * np.float32(0.7 + 0.3 * strength)
    if max(mask.shape) <= _CLONED_PX and rng.random() < 0.5:
        cloned = _cloned(moved, before, mask)
        return Draft(to.top, to.left, cloned - before, _grown(mask, 1), label=crop.label)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)
    soft = np.maximum(soft, mask)[:, :, None]
    return Draft(to.top, to.left, np.asarray(soft * (moved - before)), soft[:, :, 0] > 0.1, label=crop.label)


def _jittered(crop: Crop, channels: int, rng: np.random.Generator) -> tuple[Floats, Mask]:
    """The crop in as many channels as the surface has, turned by up to 25 degrees, scaled and lit by up to a fifth."""
    height, width = crop.mask.shape
    scale, angle = float(rng.uniform(0.8, 1.25)), float(rng.uniform(-25, 25))
    turn = np.asarray(cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), angle, scale), np.float64)
    size = (max(6, round(width * scale)), max(6, round(height * scale)))
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    image = cv2.warpAffine(_in_channels(crop.image, channels), turn, size, borderMode=cv2.BORDER_REFLECT_101)
    mask = cv2.warpAffine(crop.mask.astype(np.float32), turn, size) > 0.5
    gain = float(rng.uniform(0.85, 1.15))
    lit = image.reshape(size[1], size[0], channels).astype(np.float32)
    middle = np.median(lit[~mask], axis=0) if (~mask).any() else np.zeros(channels)
    # The defect alone becomes stronger or weaker against what is around it.
    return np.asarray(np.where(mask[:, :, None], middle + (lit - middle) * gain, lit), np.float32), mask


def _in_channels(image: Image, channels: int) -> Image:
    if image.shape[2] == channels:
        return image
    code = cv2.COLOR_GRAY2BGR if channels == 3 else cv2.COLOR_BGR2GRAY
    return np.asarray(cv2.cvtColor(image, code), np.uint8).reshape(*image.shape[:2], channels)


def _fitting(surface: Surface, image: Floats, mask: Mask, on_part: float, rng: np.random.Generator) -> Box | None:
    """The place whose pixels are most like those around the defect; for one on an edge rather none than a bad one."""
    on_edge = on_part < _ON_EDGE
    step = max(1, max(mask.shape) // 24)
    some = (slice(None, None, step), slice(None, None, step))
    best, least = None, np.inf
    for _ in range(_PLACES):
        box = surface.place(mask.shape[0], mask.shape[1], rng, covered=0.8 * on_part if on_edge else 0.95)
        if box is None:
            continue
        unlike = np.abs(surface.pixels(box)[some] - image[some]).mean(axis=2)
        amount = float(np.median(unlike[~mask[some]])) if not mask[some].all() else 0.0
        if amount < least:
            best, least = box, amount
    return None if on_edge and least > _MOST_UNLIKE else best


def _cloned(source: Floats, before: Floats, mask: Mask) -> Floats:
    """The masked source in the surroundings of `before`, `(h, w, C)`, seamless."""
    pair = [np.clip(np.round(one), 0, 255).astype(np.uint8) for one in (source, before)]
    if before.shape[2] == 1:
        pair = [np.asarray(cv2.cvtColor(one, cv2.COLOR_GRAY2BGR), np.uint8) for one in pair]
    # cv2 centres the mask's own rectangle, and wants a frame around it.
    padded = [cv2.copyMakeBorder(one, 2, 2, 2, 2, cv2.BORDER_REPLICATE) for one in pair]
    wide = np.pad(_grown(mask, 1), 2).astype(np.uint8) * np.uint8(255)
    rows, columns = np.nonzero(wide)
    left, top, right, bottom = columns.min(), rows.min(), columns.max(), rows.max()
    centre = (int(left + (right - left + 1) // 2), int(top + (bottom - top + 1) // 2))
    done = cv2.seamlessClone(padded[0], padded[1], wide, centre, cv2.NORMAL_CLONE)[2:-2, 2:-2]
    return np.asarray(done[:, :, : before.shape[2]], np.float32)


def _grown(mask: Mask, by: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((2 * by + 1,) * 2, np.uint8)) > 0, np.bool_)

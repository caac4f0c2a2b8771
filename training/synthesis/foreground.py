"""Where the part is in a picture of it, from the picture alone.

The frame of the picture is taken for background if it is of one colour and the rest is plainly of another (Otsu, IEEE
SMC 1979, on the distance to the frame's colour); in all other pictures the part fills the picture, as a surface does.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.marks import Mask

_SIDE_PX = 256
_FRAME = 0.03
_LEAST_SHARE, _MOST_SHARE = 0.03, 0.95
_FRAME_BEHIND = 0.7
_LEAST_SEPARATION = 0.65
_LEAST_LEVELS = 12.0
_HOLE = 0.002
_SECOND_PIECE = 0.1
_COMPACT, _COMPACT_CUT = 0.6, 0.93
_ALL_OF_IT = 0.65


def foreground(image: NDArray[np.uint8]) -> Mask:
    """`(H, W)` of a picture `(H, W)` or `(H, W, 3)`: the part, rather smaller than larger.

    All of the picture where no background can be told. What is inside the part and looks like background counts as
    background: through a hole one sees what is behind.
    """
    height, width = image.shape[:2]
    shrink = min(1.0, _SIDE_PX / max(height, width))
    size = (max(8, round(width * shrink)), max(8, round(height * shrink)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    found = max((_found(distance) for distance in _distances(small)), key=lambda one: one[0])
    if found[1] is None:
        return np.ones((height, width), np.bool_)
    whole = cv2.resize(found[1].astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole > 0.7, np.bool_)


def _distances(small: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """How far each pixel is from the frame's usual colour: in all, and without its lightness, gray levels."""
    blurred = cv2.GaussianBlur(small, (0, 0), 1.2)
    levels = (cv2.cvtColor(blurred, cv2.COLOR_BGR2LAB) if small.ndim == 3 else blurred[:, :, None]).astype(np.float32)
    away = levels - np.median(levels[_frame(small.shape)], axis=0)
    yield np.clip(np.linalg.norm(away, axis=2), 0, 255).astype(np.uint8)
    if small.ndim == 3:
        # A lamp's reflection on the belt is lighter and of the same colour. 128 levels hold what 255 of lightness do.
        yield np.clip(2 * np.linalg.norm(away[:, :, 1:], axis=2), 0, 255).astype(np.uint8)


def _frame(shape: tuple[int, ...]) -> Mask:
    border = max(2, round(_FRAME * min(shape[:2])))
    frame = np.ones(shape[:2], np.bool_)
    frame[border:-border, border:-border] = False
    return frame


def _found(distance: NDArray[np.uint8]) -> tuple[float, Mask | None]:
    """How well the two sides are told apart, and the part; 0 and None where they are not."""
    limit, split = cv2.threshold(distance, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    front = split > 0
    clear = _separation(distance, front)
    behind = float((~front)[_frame(distance.shape)].mean())
    if limit < _LEAST_LEVELS / 2 or behind < _FRAME_BEHIND or clear < _LEAST_SEPARATION:
        return 0.0, None
    closed = cv2.morphologyEx(front.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    part = _without_specks(np.asarray(closed, np.bool_))
    known = _LEAST_SHARE <= part.mean() <= _MOST_SHARE and _one_thing(part, float(front.sum()))
    return (clear, part) if known else (0.0, None)


def _one_thing(part: Mask, front_px: float) -> bool:
    """Whether this is the outline of things and not the light and dark of a surface: compact, and all there is.

    Surfaces are torn into pieces, most of them cut by the frame; a part cut by it has straight sides all the more.
    """
    cut = bool(part[_frame(part.shape)].any())
    contours, _ = cv2.findContours(part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled = sum(cv2.contourArea(contour) for contour in contours)
    hulls = sum(cv2.contourArea(cv2.convexHull(contour)) for contour in contours)
    return bool(filled >= (_COMPACT_CUT if cut else _COMPACT) * hulls and part.sum() >= _ALL_OF_IT * front_px)


def _separation(distance: NDArray[np.uint8], front: Mask) -> float:
    """The share of the spread that the two sides explain, 0 to 1; 0 where they hardly differ."""
    if not front.any() or front.all():
        return 0.0
    levels = distance.astype(np.float64)
    gap = levels[front].mean() - levels[~front].mean()
    share = float(front.mean())
    return float(share * (1 - share) * gap**2 / max(levels.var(), 1e-9)) if gap >= _LEAST_LEVELS else 0.0


def _without_specks(front: Mask) -> Mask:
    """The largest piece and those nearly as large that the frame does not cut; without tiny holes."""
    count, labels, rows, _ = cv2.connectedComponentsWithStats(front.astype(np.uint8), connectivity=4)
    areas = rows[:, cv2.CC_STAT_AREA].astype(float)
    cut = set(np.unique(labels[_frame(front.shape)]).tolist())
    # A piece along the frame is rather a rail or a lamp's reflection than the part, unless nothing else is there.
    whole = [index for index in range(1, count) if index not in cut]
    candidates = whole if max((areas[index] for index in whole), default=0.0) >= _LEAST_SHARE * front.size else []
    candidates = candidates or list(range(1, count))
    largest = max((areas[index] for index in candidates), default=0.0)
    part = np.isin(labels, [index for index in candidates if areas[index] >= _SECOND_PIECE * largest])
    count, labels, rows, _ = cv2.connectedComponentsWithStats((~part).astype(np.uint8), connectivity=4)
    tiny = [index for index in range(1, count) if rows[index, cv2.CC_STAT_AREA] < _HOLE * max(1.0, float(part.sum()))]
    return np.asarray(part | np.isin(labels, tiny), np.bool_)

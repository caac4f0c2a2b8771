"""Boxes found against boxes marked: average precision as COCO counts it (Lin et al., ECCV 2014; its `cocoeval`).

At most 100 boxes a picture and class, the highest scores first, each take the marked box that they overlap most and
that is still free, if the overlap (intersection over union) reaches the threshold. Precision is made falling and read
at 101 recalls. Without COCO's crowds and size classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = tuple(float(round(0.5 + 0.05 * step, 2)) for step in range(10))
_MOST = 100
_RECALLS = np.linspace(0.0, 1.0, 101)
_ALMOST_ONE = 1 - 1e-10

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Boxes:
    """One class in one picture: `marked` `(n, 4)` and `found` `(m, 4)` as left, top, width, height; `scores` `(m,)`."""

    marked: Rows
    found: Rows
    scores: Rows


def overlaps(found: Rows, marked: Rows) -> Rows:
    """Intersection over union `(m, n)` of boxes."""
    ends = [of[:, :2] + of[:, 2:] for of in (found, marked)]
    corners = np.maximum(found[:, None, :2], marked[None, :, :2]), np.minimum(ends[0][:, None], ends[1][None])
    shared = np.clip(corners[1] - corners[0], 0, None).prod(axis=2)
    areas = found[:, 2:].prod(axis=1)[:, None] + marked[:, 2:].prod(axis=1)[None]
    union = areas - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), np.float64)


def average_precision_at(pictures: Sequence[Boxes], threshold: float) -> float:
    """Of one class over all pictures, 0 to 1; NaN where none is marked."""
    total = sum(len(one.marked) for one in pictures)
    if not total:
        return float("nan")
    ordered = [_ordered(one) for one in pictures]
    hits = np.concatenate([_hits(one, threshold) for one in ordered])
    scores = np.concatenate([one.scores for one in ordered])
    hits = hits[np.argsort(-scores, kind="stable")]
    right, wrong = np.cumsum(hits), np.cumsum(~hits)
    precision = right / np.maximum(right + wrong, 1)
    falling = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(falling[np.searchsorted(right / total, _RECALLS, side="left")].mean())


def mean_average_precision(classes: Iterable[Sequence[Boxes]], thresholds: Sequence[float] = THRESHOLDS) -> float:
    """Mean over thresholds and over the classes that are marked anywhere; NaN where none is."""
    found = np.array([[average_precision_at(pictures, one) for one in thresholds] for pictures in classes])
    known = found[np.isfinite(found)]
    return float(known.mean()) if len(known) else float("nan")


def _ordered(one: Boxes) -> Boxes:
    order = np.argsort(-one.scores, kind="stable")[:_MOST]
    return Boxes(one.marked, one.found[order], one.scores[order])


def _hits(one: Boxes, threshold: float) -> NDArray[np.bool_]:
    """Whether each found box takes a marked one."""
    shared = overlaps(one.found, one.marked)
    free = np.ones(len(one.marked), np.bool_)
    hits = np.zeros(len(one.found), np.bool_)
    for row in range(len(one.found)):
        left = np.where(free, shared[row], -1.0)
        if len(left) and left.max() >= min(threshold, _ALMOST_ONE):
            # COCO takes the last of equals.
            best = len(left) - 1 - int(left[::-1].argmax())
            free[best], hits[row] = False, True
    return hits

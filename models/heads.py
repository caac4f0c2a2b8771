"""Heads inside the network: their logits beside the distance from good, in one raw score.

    raw  =  distance(statistic's raw)  +  map(highest anomaly logit)  +  image(highest image logit of any view)
    map  =  distance(statistic's map, brought to the head's grid)  +  map(anomaly logit), at each place

where every term is `weight * max(x - above, 0)`: what one of them sees, no other can talk down. Where tiles overlap,
the logits of the view with the higher anomaly stand, as scores do (see models/tiling.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import InferenceError
from models.raw_scores import Floats, Mosaics, RawScores
from models.scorer_entry import HeadEntry, TermEntry
from models.tiling import Mosaic

Bits = NDArray[np.bool_]
NO_NUMBER = "the model gave a score that is no number; the model may be damaged: certify it again"


@dataclass(frozen=True, slots=True)
class Logits:
    """What the heads say of one view: `map` `(1 + K, h, w)`, `image` `(1 + K,)` or None; the anomaly's first."""

    map: Floats
    image: Floats | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the terms of a raw score are made of: the statistic's raw, the highest anomaly logit, the image's."""

    distance: float
    map: float
    image: float | None

    def raw(self, entry: HeadEntry) -> float:
        """The picture's raw score."""
        image = 0.0 if self.image is None else share(entry.image_logit, self.image)
        return share(entry.distance, self.distance) + share(entry.map, self.map) + image


def share(term: TermEntry, value: float) -> float:
    return term.weight * max(value - term.above, 0.0)


class Head:
    """Outputs of a network with heads → raw scores; pure. `strides`: of the feature maps that come before the heads."""

    def __init__(self, entry: HeadEntry, strides: tuple[int, ...]) -> None:
        self.entry = entry
        self._strides = strides

    def split(self, outputs: Sequence[Floats]) -> tuple[Sequence[Floats], Logits]:
        """The feature maps, finest first, and a copy of the logits, which a runtime may overwrite at the next view.

        Raises:
            ValueError: the network gives something else.
        """
        count, entry = len(self._strides), self.entry
        wanted = count + (2 if entry.image else 1)
        if len(outputs) != wanted:
            raise ValueError(f"{len(outputs)} outputs instead of {wanted}")
        channels = 1 + len(entry.classes)
        height, width = (side * self._strides[0] // entry.stride for side in outputs[0].shape[1:])
        logits = outputs[count]
        if logits.shape != (channels, height, width):
            raise ValueError(f"a head of {logits.shape} instead of {(channels, height, width)}")
        if not entry.image:
            return outputs[:count], Logits(np.array(logits, np.float32, order="C"), None)
        image = outputs[count + 1]
        if image.shape != (channels, 1, 1):
            raise ValueError(f"an image head of {image.shape} instead of {(channels, 1, 1)}")
        own = Logits(np.array(logits, np.float32, order="C"), np.array(image, np.float32).reshape(channels))
        return outputs[:count], own

    def join(self, statistic: RawScores, views: Sequence[Logits], mosaic_of: Mosaics) -> RawScores:
        """The picture's scores from the statistic's and the logits of all views.

        Raises:
            InferenceError: a logit is not finite.
        """
        mosaic = mosaic_of((views[0].map.shape[1], views[0].map.shape[2]))
        evidence, classes = self._seen(statistic, views, mosaic)
        distances = _on_grid(statistic.map, (classes.shape[1], classes.shape[2]), statistic.scoring)
        with np.errstate(over="ignore", invalid="ignore"):  # what is no number is refused below
            cells = _shares(self.entry.distance, distances) + _shares(self.entry.map, classes[0])
        if not np.isfinite(cells).all():
            raise InferenceError(NO_NUMBER)
        raw = evidence.raw(self.entry)
        height, width = statistic.map.shape
        return replace(
            statistic, raw=raw, map=cells, scoring=mosaic.left, classes=classes, grid=(int(height), int(width))
        )

    def evidence(self, statistic: RawScores, views: Sequence[Logits], mosaic_of: Mosaics) -> Evidence:
        """What the picture's raw score is made of, to choose the terms by.

        Raises:
            InferenceError: a logit is not finite.
        """
        return self._seen(statistic, views, mosaic_of((views[0].map.shape[1], views[0].map.shape[2])))[0]

    def _seen(self, statistic: RawScores, views: Sequence[Logits], mosaic: Mosaic) -> tuple[Evidence, Floats]:
        """The evidence, and the logits of all views in one map."""
        for view in views:
            if not (np.isfinite(view.map).all() and (view.image is None or np.isfinite(view.image).all())):
                raise InferenceError(NO_NUMBER)
        classes = views[0].map
        if len(views) > 1:
            _, source = mosaic.join([view.map[0] for view in views])
            flat = [view.map.reshape(len(view.map), -1) for view in views]
            classes = np.concatenate(flat, axis=1)[:, source.ravel()].reshape(-1, *source.shape)
        left = mosaic.left
        highest = float((classes[0] if left is None else classes[0][left]).max())
        # A view of which nothing may score has no say.
        image = [
            float(view.image[0])
            for view, own in zip(views, mosaic.scoring, strict=True)
            if view.image is not None and (own is None or own.any())
        ]
        return Evidence(statistic.raw, highest, max(image) if image else None), classes


def _shares(term: TermEntry, cells: Floats) -> Floats:
    shares = np.maximum(cells - np.float32(term.above), np.float32(0)) * np.float32(term.weight)
    return np.asarray(shares, np.float32)


def _on_grid(cells: Floats, grid: tuple[int, int], scoring: Bits | None) -> Floats:
    """A map on another grid, whose places that may not score have no share in the others."""
    if cells.shape == grid:
        return cells
    size = (grid[1], grid[0])
    way = cv2.INTER_LINEAR if grid[0] > cells.shape[0] else cv2.INTER_AREA
    if scoring is None:
        return np.asarray(cv2.resize(cells, size, interpolation=way), np.float32)
    weights = scoring.astype(np.float32)
    total, weight = (cv2.resize(one, size, interpolation=way) for one in (np.where(scoring, cells, 0), weights))
    return np.asarray(total / np.maximum(weight, np.float32(1e-6)), np.float32)

"""How well maps, masks and boxes of a package fit what is marked, counted picture by picture: none is kept.

Pictures of which it is not known where their defects are do not count; see `training.data.truth`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import Detector, Judgement
from models.geometry import Geometry
from training.data.dataset import Picture
from training.data.truth import Rows, known_boxes, known_masks, label_image
from training.metrics.detection import Boxes, mean_average_precision
from training.metrics.pixels import PixelTally
from training.metrics.segmentation import Counts, confusion, ious, mean_iou

BACKGROUND = "background"
_NONE = np.zeros((0, 4))


@dataclass(frozen=True, slots=True)
class MapFigures:
    """Shares from 0 to 1; NaN where nothing is marked that way, or the package draws no masks.

    `iou`: by class, background among them. `map_50`, `map_50_95`: boxes of the right class; `any_50`: of any.
    `outlined`, `boxed`: how many defective pictures these rest on.
    """

    pixel_auroc: float
    aupro: float
    mean_iou: float
    iou: dict[str, float]
    map_50: float
    map_50_95: float
    any_50: float
    outlined: int
    boxed: int

    def rows(self) -> list[tuple[str, str]]:
        """(what, how much) for people; what has no figure is left out."""
        table = [
            ("pixel AUROC", self.pixel_auroc),
            ("AUPRO", self.aupro),
            ("mIoU", self.mean_iou),
            *((f"IoU, {label}", value) for label, value in self.iou.items()),
            ("mAP 0.5", self.map_50),
            ("mAP 0.5:0.95", self.map_50_95),
            ("AP 0.5, any class", self.any_50),
        ]
        return [(what, f"{100 * value:.2f}") for what, value in table if math.isfinite(value)]

    def figures(self) -> dict[str, object]:
        """The same for programs; null where there is none."""
        return {
            "pixel_auroc": _known(self.pixel_auroc),
            "aupro": _known(self.aupro),
            "mean_iou": _known(self.mean_iou),
            "iou_per_class": {label: _known(value) for label, value in self.iou.items()},
            "map_50": _known(self.map_50),
            "map_50_95": _known(self.map_50_95),
            "any_class_ap_50": _known(self.any_50),
            "outlined_pictures": self.outlined,
            "boxed_pictures": self.boxed,
        }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(slots=True)
class MapTally:
    """Takes what a detector says of `pictures`, one after the other."""

    detector: Detector
    pictures: Sequence[Picture]
    _pixels: PixelTally = field(default_factory=PixelTally)
    _boxes: dict[str, list[Boxes]] = field(default_factory=dict)
    _any: list[Boxes] = field(default_factory=list)
    _outlined: int = 0
    _boxed: int = 0
    _labels: tuple[str, ...] = ()
    _counts: Counts = field(init=False)

    def __post_init__(self) -> None:
        shown = {label for one in self.pictures if one.marks.outlined for label in one.labels}
        # Where nothing is outlined, good pixels alone would say nothing, and cost as much as judging.
        self._labels = tuple(dict.fromkeys((*(self.detector.mask_classes or ()), *sorted(shown)))) if shown else ()
        self._counts = np.zeros((1 + len(self._labels),) * 2, np.int64)

    def add(self, picture: Picture, found: Judgement) -> None:
        """Count one picture.

        Raises:
            BadData: a mask cannot be read.
        """
        if self._labels:
            self._add_pixels(picture, found)
        marked = known_boxes(picture)
        if marked is not None:
            self._boxed += not picture.good
            self._add_boxes(marked, found)

    def _add_pixels(self, picture: Picture, found: Judgement) -> None:
        masks = known_masks(picture)
        if masks is None:
            return
        self._outlined += not picture.good
        truth = label_image(picture, masks, self._labels)
        self._pixels.add(map_at_picture(self.detector.geometry, found), truth > 0)
        if self.detector.mask_classes is not None:
            self._counts += confusion(truth, self.detector.label_map(found), 1 + len(self._labels))

    def _add_boxes(self, marked: dict[str, Rows], found: Judgement) -> None:
        boxes = [
            (one.label, (one.box.x, one.box.y, one.box.w, one.box.h), one.score) for one in found.decision.detections
        ]

        def of(labels: set[str]) -> Boxes:
            own = [one for one in boxes if one[0] in labels]
            rows = np.array([box for _, box, _ in own], np.float64).reshape(-1, 4)
            return Boxes(
                np.concatenate([marked.get(label, _NONE) for label in sorted(labels)]),
                rows,
                np.array([score for _, _, score in own], np.float64),
            )

        labels = {*marked, *(label for label, _, _ in boxes)}
        for label in labels:
            self._boxes.setdefault(label, []).append(of({label}))
        if labels:
            self._any.append(of(labels))

    def figures(self) -> MapFigures:
        """Of all pictures so far."""
        drawn = self.detector.mask_classes is not None and self._outlined > 0
        names = (BACKGROUND, *self._labels)
        return MapFigures(
            pixel_auroc=self._pixels.auroc(),
            aupro=self._pixels.aupro(),
            mean_iou=mean_iou(self._counts) if drawn else math.nan,
            iou=dict(zip(names, ious(self._counts).tolist(), strict=True)) if drawn else {},
            map_50=mean_average_precision(self._boxes.values(), (0.5,)),
            map_50_95=mean_average_precision(self._boxes.values()),
            any_50=mean_average_precision([self._any], (0.5,)),
            outlined=self._outlined,
            boxed=self._boxed,
        )


def map_at_picture(geometry: Geometry, found: Judgement) -> NDArray[np.float32]:
    """The score of each pixel of the camera picture, `(H, W)`; 0 where nothing is looked at."""
    scores, picture = found.scores.map, found.prepared.picture_size
    back = geometry.way_back(picture, (scores.shape[1], scores.shape[0]), found.prepared.pose)
    origin, right, down = back.places(np.array([(0.5, 0.5), (1.5, 0.5), (0.5, 1.5)])) - 0.5
    to_places = np.column_stack([right - origin, down - origin, origin])
    way = cv2.WARP_INVERSE_MAP
    spread = cv2.warpAffine(scores, to_places, picture, flags=way | cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.ones(scores.shape, np.uint8), to_places, picture, flags=way | cv2.INTER_NEAREST)
    return np.asarray(spread * (inside > 0), np.float32)

"""What is known of a picture's defects pixel by pixel and box by box, to judge a package by; None where it is not."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Picture
from training.data.marks import Mask
from training.data.masks import class_masks

Rows = NDArray[np.float64]


def known_masks(picture: Picture) -> dict[str, Mask] | None:
    """Class → `(H, W)`; none of a good picture. None where a class is not outlined, or a defect's mask is empty.

    Raises:
        BadData: as `class_masks`.
    """
    if picture.good:
        return {}
    found = {label: mask for label, mask in class_masks(picture).items() if mask.any()}
    return found if set(picture.labels) <= set(found) else None


def label_image(picture: Picture, masks: dict[str, Mask], labels: Sequence[str]) -> NDArray[np.uint8]:
    """`(H, W)`: 0 is background, k the k-th of `labels`; where two classes overlap, the later one of the picture."""
    whole = np.zeros((picture.size[1], picture.size[0]), np.uint8)
    for label, mask in masks.items():
        whole[mask] = 1 + labels.index(label)
    return whole


def known_boxes(picture: Picture) -> dict[str, Rows] | None:
    """Class → `(n, 4)` boxes as left, top, width, height; none of a good picture.

    Shapes that were drawn count as they were drawn; a painted mask counts by its pieces, where nothing of its class was
    drawn. None where a class of the picture has neither.

    Raises:
        BadData: as `class_masks`.
    """
    if picture.good:
        return {}
    drawn: dict[str, list[tuple[float, float, float, float]]] = {}
    for shape in picture.marks.shapes:
        left, top, right, bottom = shape.bounds
        drawn.setdefault(shape.label, []).append((left, top, right - left, bottom - top))
    found = {label: np.array(rows) for label, rows in drawn.items()}
    if picture.marks.masks:
        pieces = {label: _pieces(mask) for label, mask in class_masks(picture).items() if mask.any()}
        found = pieces | found
    return found if set(picture.labels) <= set(found) else None


def _pieces(mask: Mask) -> Rows:
    stats = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2]
    return np.asarray(stats[1:, :4], np.float64)

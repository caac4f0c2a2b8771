"""The pixels of a picture's defects, from its painted masks and its polygons."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from training.data.dataset import Picture
from training.data.marks import Mask, ShapeKind, filled
from training.errors import BadData


def read_mask(path: Path) -> Mask:
    """A mask `(H, W)`: anything not black is defect.

    Raises:
        BadData: this is no picture.
    """
    mask = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise BadData(f"the mask {path} is no readable picture; remove it or copy it again")
    return np.asarray(mask > 0, np.bool_)


def class_masks(picture: Picture) -> dict[str, Mask]:
    """Class → `(H, W)`: what polygons and masks of that class cover; nothing of boxes.

    Raises:
        BadData: a mask is no readable picture, or not as large as its picture.
    """
    found: dict[str, Mask] = {}
    for label in dict.fromkeys(shape.label for shape in picture.marks.shapes if shape.kind is ShapeKind.POLYGON):
        found[label] = filled((shape for shape in picture.marks.shapes if shape.label == label), picture.size)
    for label, path in picture.marks.masks:
        mask = read_mask(path)
        if (mask.shape[1], mask.shape[0]) != picture.size:
            raise BadData(f"the mask {path} is not as large as its picture; draw it again")
        found[label] = mask | found[label] if label in found else mask
    return found


def defect_mask(picture: Picture) -> Mask | None:
    """`(H, W)`: the pixels of all its defects; None where no pixels are known.

    Raises:
        BadData: as `class_masks`.
    """
    masks = list(class_masks(picture).values())
    return np.logical_or.reduce(masks) if masks else None

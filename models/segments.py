"""Logits of a network's head → which pixel of the camera picture shows which defect.

Logits are brought to the picture bilinearly and decided there: a mask that was decided on the head's grid would have
that grid's corners.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import Geometry
from models.layout import Layout, Size
from models.pose import Pose, joined
from models.raw_scores import Floats
from models.way_back import WayBack

Affine = NDArray[np.float64]


def label_map(
    classes: Floats, mask_from: float, geometry: Geometry, picture: Size, pose: Pose | None = None
) -> NDArray[np.uint8]:
    """Which class each pixel of a picture shows.

    Args:
        classes: `(1 + K, h, w)` logits of the whole picture, the anomaly's first; `Scores.classes`.
        mask_from: the anomaly logit from which a pixel counts as defective.
        geometry: the one that cut the picture.
        picture: (width, height) of the camera picture.
        pose: where its part lies, as `Prepared` has it.

    Returns:
        `(H, W)` uint8: 0 where nothing is wrong and where nothing scores, k for the k-th class; without classes 1.

    Raises:
        BadPicture: the geometry is not for such pictures.
    """
    whole = np.zeros((picture[1], picture[0]), np.uint8)
    if float(classes[0].max()) < mask_from:
        return whole
    layout = geometry.layout(picture)
    moved = pose is not None and pose.moved
    # Of a picture that nothing moved, only the region can show anything.
    left, top, width, height = (0, 0, *picture) if moved else (layout.roi.x, layout.roi.y, layout.roi.w, layout.roi.h)
    back = geometry.way_back(picture, (classes.shape[2], classes.shape[1]), pose)
    to_places = _to_places(back, left, top)

    def drawn(plane: Floats) -> Floats:
        way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        one = cv2.warpAffine(plane, to_places, (width, height), flags=way, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(one, np.float32)

    labels = whole[top : top + height, left : left + width]
    labels[(drawn(classes[0]) >= np.float32(mask_from)) & _scoring(layout, pose if moved else None)] = 1
    highest = np.full((height, width), -np.inf, np.float32)
    for index in range(1, len(classes)):
        own = drawn(classes[index])
        labels[(own > highest) & (labels > 0)] = index
        highest = np.maximum(own, highest)
    return whole


def _scoring(layout: Layout, pose: Pose | None) -> NDArray[np.bool_]:
    """The pixels that score: of the region, or of the whole camera picture where a pose moves it."""
    seen = np.ones((layout.roi.h, layout.roi.w), np.uint8)
    if layout.hidden is not None:
        seen[layout.hidden] = 0
    if pose is not None:
        to_region = joined(
            np.asarray(pose.matrix, np.float64), np.array([[1.0, 0.0, -layout.roi.x], [0.0, 1.0, -layout.roi.y]])
        )
        way = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        seen = np.asarray(cv2.warpAffine(seen, to_region, layout.picture, flags=way), np.uint8)
    return seen > 0


def _to_places(back: WayBack, left: int, top: int) -> Affine:
    """From pixels, counted from (`left`, `top`), to places of the head's grid; centres of both at whole numbers."""
    x, y = left + 0.5, top + 0.5
    origin, right, down = back.places(np.array([(x, y), (x + 1, y), (x, y + 1)])) - 0.5
    return np.column_stack([right - origin, down - origin, origin])

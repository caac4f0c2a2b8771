"""Where the part is: told from the picture, within the region that a geometry names and outside of what it masks."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from models.geometry import Geometry
from models.geometry_entry import GeometrySpec
from training.config import TrainConfig
from training.data.dataset import DataSet, Picture
from training.data.marks import Mask
from training.framing import geometry_for, settle
from training.synthesis.foreground import foreground
from training.synthesis.surface import Image

Where = Callable[[Image, Picture], Mask]


def foreground_of(image: Image, _picture: Picture) -> Mask:
    """Where the part is, told from the picture alone."""
    return foreground(image)


def where_of(spec: GeometrySpec, data: DataSet) -> Where:
    """Picture → `(H, W)`: the part inside a geometry's region; nothing of a picture in which it is not found.

    Raises:
        BadData: the geometry does not fit the pictures.
    """
    if spec == GeometrySpec():
        return foreground_of
    geometry = geometry_for(settle(spec, data), TrainConfig(geometry=spec).input_size(data.size))
    return lambda image, _: _inside(geometry, image)


def _inside(geometry: Geometry, image: Image) -> Mask:
    height, width = image.shape[:2]
    whole = np.zeros((height, width), np.uint8)
    cut, layout = geometry.cut(image), geometry.layout((width, height))
    if not cut.aligned:
        return whole > 0
    found = foreground(np.ascontiguousarray(cut.region))
    if layout.hidden is not None:
        found &= ~layout.hidden
    box = layout.roi
    if cut.pose is None or not cut.pose.moved:
        whole[box.y : box.y + box.h, box.x : box.x + box.w] = found
        return whole > 0
    back = np.asarray(cut.pose.matrix, np.float64) - np.array([[0.0, 0.0, box.x], [0.0, 0.0, box.y]])
    how = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(found.astype(np.uint8), back, (width, height), flags=how) > 0, np.bool_)

"""LabelMe's painted masks: a PNG in base64 with the two pixels, both inside, that are its corners in the picture."""

from __future__ import annotations

import base64
import binascii

import cv2
import numpy as np

from training.data.marks import Mask, Point
from training.errors import BadData


def painted(png: str, corners: tuple[Point, ...], size: tuple[int, int], where: str) -> Mask:
    """`(H, W)` of the whole picture; `size` is its (width, height).

    Raises:
        BadData: the PNG is none, or is not as large as its corners say, or lies outside the picture.
    """
    try:
        stored = base64.b64decode(png, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadData(f"{where}: its mask is no base64; draw it again in LabelMe, or take it out") from error
    patch = cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_GRAYSCALE) if stored else None
    if patch is None or len(corners) != 2:
        raise BadData(f"{where}: its mask is no PNG between two corners; draw it again in LabelMe, or take it out")
    (left, top), (right, bottom) = ((int(x), int(y)) for x, y in corners)
    if patch.shape != (bottom - top + 1, right - left + 1):
        raise BadData(f"{where}: its mask is not as large as its corners say; draw it again in LabelMe, or take it out")
    if left < 0 or top < 0 or right >= size[0] or bottom >= size[1]:
        raise BadData(f"{where}: its mask lies outside the picture; draw it again in LabelMe, or take it out")
    mask = np.zeros((size[1], size[0]), np.bool_)
    mask[top : bottom + 1, left : right + 1] = patch > 0
    return mask


def mask_row(mask: Mask) -> tuple[tuple[Point, Point], str] | None:
    """(corners, PNG in base64); None for a mask without a pixel."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    top, bottom, left, right = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
    patch = mask[top : bottom + 1, left : right + 1].astype(np.uint8) * 255
    png = cv2.imencode(".png", patch)[1].tobytes()
    return ((float(left), float(top)), (float(right), float(bottom))), base64.b64encode(png).decode("ascii")

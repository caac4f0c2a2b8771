"""LabelMe's painted masks: a PNG in base64 with the two pixels, both inside, that are its corners in the picture."""

from __future__ import annotations

import base64
import binascii

import cv2
import numpy as np

from training.data.marks import Mask, Point
from training.errors import BadData
from training.formats.patches import cropped, pasted


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
    try:
        return pasted(patch > 0, left, top, size)
    except ValueError as error:
        raise BadData(f"{where}: {error}; draw it again in LabelMe, or take it out") from error


def mask_row(mask: Mask) -> tuple[tuple[Point, Point], str] | None:
    """(corners, PNG in base64); None for a mask without a pixel."""
    found = cropped(mask)
    if found is None:
        return None
    left, top, patch = found
    height, width = patch.shape
    png = cv2.imencode(".png", patch.astype(np.uint8) * 255)[1].tobytes()
    corners = (float(left), float(top)), (float(left + width - 1), float(top + height - 1))
    return corners, base64.b64encode(png).decode("ascii")

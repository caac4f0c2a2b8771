"""The masks that Ground Truth and Lookout for Vision point to: one PNG a picture, one colour a class.

The colours stand in the manifest's `internal-color-map`. Nothing is marked where a pixel has the colour of the class
BACKGROUND, is black without being some class's colour, or is less than half opaque. In a picture of one channel a
value that is no class's colour is the class's number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.marks import Mask
from training.errors import BadData

# Number → (0xRRGGBB, class).
Colours = Mapping[int, tuple[int, str]]

BACKGROUND = "BACKGROUND"
BACKGROUND_COLOUR = 0xFFFFFF
_BLACK = 0
_OPAQUE_FROM = 128
# Odd, so that no two of 16 million classes get one colour.
_STRIDE = 0x9E3779


def read_classes(path: Path, colours: Colours, where: object) -> dict[str, Mask]:
    """Class → `(H, W)` of every class that has a pixel.

    Raises:
        BadData: the file is no picture of 8 bits, or has a colour that the manifest does not know.
    """
    stored = np.fromfile(path, np.uint8)
    image = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED) if len(stored) else None
    if image is None or image.dtype != np.uint8:
        raise BadData(f"{where}: the mask {path} is no readable picture of 8 bits; export it again")
    codes, visible = _codes(np.asarray(image, np.uint8))
    left = visible.copy()
    found: dict[str, Mask] = {}
    for colour, name in colours.values():
        _take(found, name, left & (codes == colour))
        left &= codes != colour
    left &= codes != _BLACK
    if image.ndim == 2:
        for number, (_, name) in colours.items():
            _take(found, name, left & (image == number))
            left &= image != number
    if left.any():
        row, column = (int(index) for index in np.argwhere(left)[0])
        raise BadData(
            f"{where}: the mask {path} has the colour #{int(codes[row, column]):06x} at {column},{row}, which "
            "internal-color-map does not name; save it without smoothed edges, or add the colour there"
        )
    return found


def mask_of(path: Path, colours: Colours, name: str, size: tuple[int, int], where: str) -> Mask:
    """`(H, W)` of one class; `size` is the picture's (width, height).

    Raises:
        BadData: as `read_classes`, or the mask is not as large as its picture.
    """
    masks = read_classes(path, colours, where)
    mask = masks.get(name, np.zeros((size[1], size[0]), np.bool_))
    if mask.shape != (size[1], size[0]):
        raise BadData(
            f"{where}: the mask {path} has {mask.shape[1]}x{mask.shape[0]} pixels, its picture {size[0]}x{size[1]}; "
            "export it again"
        )
    return mask


def colour_of(number: int) -> int:
    """0xRRGGBB of the class with that number, from 1 on; neither black nor white."""
    colour = number * _STRIDE & 0xFFFFFF
    return colour if colour != BACKGROUND_COLOUR else 0xFFFFFF + 1 - _STRIDE


def layers(masks: Mapping[str, Mask]) -> list[dict[str, Mask]]:
    """As few groups as it takes that no two classes of one share a pixel, each class in one of them."""
    found: list[dict[str, Mask]] = []
    for name, mask in masks.items():
        free = next((layer for layer in found if not any((mask & other).any() for other in layer.values())), None)
        if free is None:
            free = {}
            found.append(free)
        free[name] = mask
    return found


def png_of(layer: Mapping[str, Mask], numbers: Sequence[str]) -> bytes:
    """A PNG of the layer's colours on the background's; `numbers`: all classes in order."""
    shape = next(iter(layer.values())).shape
    bgr = np.full((*shape, 3), BACKGROUND_COLOUR & 0xFF, np.uint8)
    for name, mask in layer.items():
        colour = colour_of(numbers.index(name) + 1)
        bgr[mask] = (colour & 0xFF, colour >> 8 & 0xFF, colour >> 16)
    return cv2.imencode(".png", bgr)[1].tobytes()


def _codes(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint32], Mask]:
    """(0xRRGGBB, whether it can be seen) of every pixel."""
    if image.ndim == 2:
        return image.astype(np.uint32) * 0x010101, np.ones(image.shape, np.bool_)
    blue, green, red = (image[:, :, channel].astype(np.uint32) for channel in range(3))
    visible = image[:, :, 3] >= _OPAQUE_FROM if image.shape[2] == 4 else np.ones(image.shape[:2], np.bool_)
    return np.asarray(red << 16 | green << 8 | blue, np.uint32), visible


def _take(found: dict[str, Mask], name: str, mask: Mask) -> None:
    if name.upper() != BACKGROUND and mask.any():
        found[name] = found[name] | mask if name in found else mask

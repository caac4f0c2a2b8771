"""PNGs whose pixels are numbers and whose palette only makes them visible, as VOC stores objects and classes.

    signature | IHDR: 8 bits, colour type 3 | PLTE: 256 x red green blue | IDAT: rows, each behind a filter byte | IEND
                                                                              (W3C PNG, third edition)

The palette is VOC's own (`VOClabelcolormap` of its development kit): the bits of the number dealt to red, green and
blue in turn, the lowest ones first and from the top bit down. 255 is *void*: of no class, and nobody's.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.errors import BadData
from training.formats.hostile import read_bytes
from training.formats.sizes import size_of

VOID = 255
Indices = NDArray[np.uint8]
Colour = tuple[int, int, int]
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MASK_MB = 256


def voc_colour(number: int) -> Colour:
    """(red, green, blue) of a number from 0 to 255."""
    channels = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            channels[channel] |= (number >> (3 * bit + channel) & 1) << (7 - bit)
    return channels[0], channels[1], channels[2]


VOC_COLOURS: Mapping[Colour, int] = {voc_colour(number): number for number in range(256)}


def read_indices(path: Path, colours: Mapping[Colour, int]) -> Indices:
    """`(H, W)` uint8: the numbers of a gray PNG or of one with a palette; of one in colour what `colours` says.

    Raises:
        BadData: it is no such picture, or shows a colour that has no number.
    """
    size_of(path)
    content = read_bytes(path, _MASK_MB)
    try:
        stored = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        stored = None
    if stored is None or stored.dtype != np.uint8:
        raise BadData(f"the mask {path} is no PNG of 8 bits; copy it again")
    if stored.ndim == 2:
        return np.asarray(stored, np.uint8)
    blue, green, red = (stored[:, :, channel].astype(np.int32) for channel in range(3))
    packed = red << 16 | green << 8 | blue
    seen, places = np.unique(packed, return_inverse=True)
    numbers = _palette(content) or colours
    found = [numbers.get((int(one) >> 16, int(one) >> 8 & 255, int(one) & 255)) for one in seen]
    for one, number in zip(seen, found, strict=True):
        if number is None:
            raise BadData(
                f"the mask {path} shows the colour #{int(one):06x}, which is that of no class; paint it again"
            )
    return np.array(found, np.uint8)[places].reshape(packed.shape)


def write_indices(path: Path, indices: Indices) -> None:
    """`(H, W)` uint8 with VOC's palette, the folder made where missing. Raises OSError."""
    height, width = indices.shape
    palette = b"".join(bytes(voc_colour(number)) for number in range(256))
    rows = np.concatenate([np.zeros((height, 1), np.uint8), indices], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _palette(content: bytes) -> dict[Colour, int]:
    """Colour → number of a PNG's own palette, the first where two are alike; empty without one."""
    at = len(_SIGNATURE)
    while at + 12 <= len(content):
        length = struct.unpack_from(">I", content, at)[0]
        if content[at + 4 : at + 8] == b"PLTE":
            entries = content[at + 8 : at + 8 + length]
            colours = [(entries[n], entries[n + 1], entries[n + 2]) for n in range(0, len(entries) - 2, 3)]
            return {colour: number for number, colour in reversed(list(enumerate(colours)))}
        at += 12 + length
    return {}

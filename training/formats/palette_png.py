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
_GRAY, _PALETTE = 0, 3


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
    bits, unveiled = _without_palette(content)
    try:
        stored = cv2.imdecode(np.frombuffer(unveiled, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        stored = None
    if stored is None or stored.dtype != np.uint8:
        raise BadData(f"the mask {path} is no PNG of 8 bits; copy it again")
    if stored.ndim == 2:
        # Gray levels of fewer bits are spread over all of 0 to 255 when decoded.
        return np.asarray(stored // (255 // ((1 << bits) - 1)), np.uint8)
    blue, green, red = (stored[:, :, channel].astype(np.int32) for channel in range(3))
    packed = red << 16 | green << 8 | blue
    seen, places = np.unique(packed, return_inverse=True)
    found = [colours.get((int(one) >> 16, int(one) >> 8 & 255, int(one) & 255)) for one in seen]
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


def _without_palette(content: bytes) -> tuple[int, bytes]:
    """(bits a pixel, the file): one with a palette as the gray picture of its numbers, any other one as it is."""
    if not content.startswith(_SIGNATURE) or content[25] != _PALETTE:
        gray = content.startswith(_SIGNATURE) and content[25] == _GRAY
        return min(content[24], 8) if gray else 8, content
    kept, at = [_SIGNATURE], len(_SIGNATURE)
    while at + 12 <= len(content):
        end = at + 12 + int(struct.unpack_from(">I", content, at)[0])
        kind = content[at + 4 : at + 8]
        if kind == b"IHDR":
            kept.append(_chunk(kind, content[at + 8 : at + 17] + bytes([_GRAY]) + content[at + 18 : at + 21]))
        elif kind not in (b"PLTE", b"tRNS", b"bKGD", b"hIST", b"sPLT"):
            kept.append(content[at:end])
        at = end
    return content[24], b"".join(kept)

"""What the first bytes of a picture file say, before anything is decoded.

    JPEG  SOFn: precision, size, components; DQT: how coarsely it was compressed     (ITU-T T.81 annex B)
    PNG   IHDR: size, bits, colour type; tRNS: transparency                          (W3C PNG, third edition)
    WebP  VP8X, VP8L or VP8: size, transparency                                      (RFC 9649, RFC 6386)
    BMP   size and bits a pixel
    TIFF  tags of the first directory: size, bits a sample, extra samples            (TIFF 6.0)

The quality of a JPEG is taken from its luminance table as libjpeg's `jpeg_set_quality` would have scaled it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

# ITU-T T.81, table K.1, in any order: only its mean ratio counts.
_LUMINANCE_SUM = 3688
_TABLE_BYTES = 64
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_SAMPLES, _TIFF_EXTRA = 256, 257, 258, 277, 338


class Kind(StrEnum):
    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    BMP = "BMP"
    TIFF = "TIFF"
    NONE = ""


# The endings that a file of each kind may have.
ENDINGS = {
    Kind.JPEG: (".jpg", ".jpeg"),
    Kind.PNG: (".png",),
    Kind.WEBP: (".webp",),
    Kind.BMP: (".bmp",),
    Kind.TIFF: (".tif", ".tiff"),
}


@dataclass(frozen=True, slots=True)
class Header:
    """`size`: (width, height), (0, 0) where it is not known; `bits` of a channel; `quality`: of a JPEG, 1 to 100."""

    kind: Kind = Kind.NONE
    size: tuple[int, int] = (0, 0)
    bits: int = 8
    alpha: bool = False
    quality: int | None = None


def header_of(content: bytes) -> Header:
    """The picture file's header; what is cut short or makes no sense comes out as not known."""
    for signature, read in _READERS:
        if content.startswith(signature):
            try:
                return read(content)
            except (struct.error, IndexError):
                return Header()
    return Header()


def _jpeg(content: bytes) -> Header:
    at, size, bits, quality = 2, (0, 0), 8, None
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != 0xDA:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xDB and content[at + 4] == 0 and quality is None:
            quality = _quality(content[at + 5 : at + 5 + _TABLE_BYTES])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            bits = content[at + 4]
            height, width = struct.unpack_from(">HH", content, at + 5)
            size = (width, height)
        at += 2 + length
    return Header(Kind.JPEG, size, bits, quality=quality)


def _quality(table: bytes) -> int | None:
    if len(table) < _TABLE_BYTES:
        return None
    percent = 100 * int(np.frombuffer(table, np.uint8).sum()) / _LUMINANCE_SUM
    quality = (200 - percent) / 2 if percent <= 100 else 5000 / percent
    return min(100, max(1, round(quality)))


def _png(content: bytes) -> Header:
    width, height, bits, colour = struct.unpack_from(">IIBB", content, 16)
    end = content.find(b"IDAT")
    # A colour declared transparent gives the picture alpha, whatever its colour type.
    alpha = colour in (4, 6) or content.find(b"tRNS", 0, end if end >= 0 else None) >= 0
    return Header(Kind.PNG, (width, height), max(8, bits), alpha)


def _webp(content: bytes) -> Header:
    if content[8:12] != b"WEBP":
        return Header()
    kind = content[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(content[at : at + 3], "little") for at in (24, 27))
        return Header(Kind.WEBP, (width, height), alpha=bool(content[20] & 0x10))
    if kind == b"VP8L":
        word = struct.unpack_from("<I", content, 21)[0]
        return Header(Kind.WEBP, (1 + (word & 0x3FFF), 1 + (word >> 14 & 0x3FFF)), alpha=bool(word >> 28 & 1))
    width, height = struct.unpack_from("<HH", content, 26)
    return Header(Kind.WEBP, (width & 0x3FFF, height & 0x3FFF))


def _bmp(content: bytes) -> Header:
    width, height = struct.unpack_from("<ii", content, 18)
    return Header(Kind.BMP, (abs(width), abs(height)), alpha=struct.unpack_from("<H", content, 28)[0] == 32)


def _tiff(content: bytes) -> Header:
    order = "<" if content.startswith(b"II") else ">"
    directory = struct.unpack_from(f"{order}I", content, 4)[0]
    tags: dict[int, int] = {}
    for index in range(struct.unpack_from(f"{order}H", content, directory)[0]):
        entry = directory + 2 + 12 * index
        tag, kind, count = struct.unpack_from(f"{order}HHI", content, entry)
        if kind not in (3, 4):
            continue
        width = 2 if kind == 3 else 4
        at = entry + 8 if width * count <= 4 else struct.unpack_from(f"{order}I", content, entry + 8)[0]
        tags[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), content, at)[0]
    size = (tags.get(_TIFF_WIDTH, 0), tags.get(_TIFF_HEIGHT, 0))
    samples = tags.get(_TIFF_SAMPLES, 1)
    return Header(Kind.TIFF, size, max(8, tags.get(_TIFF_BITS, 8)), _TIFF_EXTRA in tags or samples in (2, 4))


_READERS: tuple[tuple[bytes, Callable[[bytes], Header]], ...] = (
    (b"\xff\xd8", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"RIFF", _webp),
    (b"BM", _bmp),
    (b"II*\x00", _tiff),
    (b"MM\x00*", _tiff),
)

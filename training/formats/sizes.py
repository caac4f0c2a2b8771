"""Width and height of a picture file from its header, nothing decoded: labels in fractions of a picture need them.

What is refused here is a header that gives no size; whether the whole file is sound only `read_picture` tells. The
size is that of the stored pixels: an orientation in EXIF is not applied.

    PNG   IHDR, the first chunk, with its CRC                              (W3C PNG, third edition, 11.2.1)
    JPEG  the frame header SOFn behind any number of other segments        (ITU-T T.81, B.2.2)
    WebP  the key frame's header (VP8), the first 28 bits (VP8L), VP8X     (RFC 9649; RFC 6386, 9.1)
    BMP   BITMAPCOREHEADER, or BITMAPINFOHEADER and its successors
    TIFF  the tags 256, 257 and 277 of the first directory                 (TIFF 6.0, section 2)
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO, NamedTuple

from models.errors import BadPicture
from training.errors import BadData

# As many pixels as OpenCV decodes unless it is told otherwise.
MOST_PIXELS = 1 << 30

_START_LENGTH = 32
_BMP_CORE = 12
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_CHANNELS = 256, 257, 277
_TIFF_FORMATS = {1: "B", 3: "H", 4: "I"}
_MOST_SEGMENTS = 10_000


class Header(NamedTuple):
    """`channels`: 1 gray, 3 colour, more with transparency; a palette counts as colour."""

    width: int
    height: int
    channels: int


def picture_size(path: Path) -> tuple[int, int]:
    """(width, height). Raises BadPicture: as `picture_header`."""
    header = picture_header(path)
    return header.width, header.height


def size_of(path: Path) -> tuple[int, int]:
    """(width, height) of a picture of a data set. Raises BadData: as `header_of`."""
    header = header_of(path)
    return header.width, header.height


def header_of(path: Path) -> Header:
    """As `picture_header`, for a picture of a data set.

    Raises:
        BadData: it has no size.
    """
    try:
        return picture_header(path)
    except BadPicture as error:
        raise BadData(f"{path.parent}/{error}") from error


def picture_header(path: Path) -> Header:
    """What the first bytes say.

    Raises:
        BadPicture: the file cannot be read, its header is cut short or damaged, gives no size or one that no picture
            has, or it is no PNG, JPEG, WebP, BMP or TIFF.
    """
    try:
        with path.open("rb") as file:
            header = _header(file)
    except OSError as error:
        raise BadPicture(f"{path.name} cannot be read ({error.strerror}); check the file") from error
    except (struct.error, IndexError) as error:
        raise BadPicture(f"{path.name} is cut short; copy it again") from error
    except ValueError as error:
        raise BadPicture(f"{path.name} {error}; copy it again, or save it as PNG") from error
    if not (0 < header.width * header.height <= MOST_PIXELS and header.width > 0):
        raise BadPicture(
            f"{path.name} says that it has {header.width}x{header.height} pixels, which no picture has; copy it again"
        )
    return header


def _header(file: BinaryIO) -> Header:
    start = file.read(_START_LENGTH)
    if start.startswith(b"\xff\xd8"):
        return _jpeg(file)
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(file, start)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _webp(start)
    if start.startswith(b"BM"):
        return _bmp(start)
    if start[:4] in (b"II*\x00", b"MM\x00*"):
        return _tiff(file, start)
    raise ValueError("is no PNG, JPEG, WebP, BMP or TIFF picture")


def _png(file: BinaryIO, start: bytes) -> Header:
    length, kind, width, height, _, colour = struct.unpack_from(">I4sIIBB", start, 8)
    if kind != b"IHDR" or length != 13:
        raise ValueError("has a damaged header")
    file.seek(12)
    chunk = file.read(4 + 13 + 4)
    if zlib.crc32(chunk[:-4]) != struct.unpack_from(">I", chunk, 4 + 13)[0]:
        raise ValueError("has a damaged header")
    return Header(width, height, {0: 1, 4: 2, 6: 4}.get(colour, 3))


def _jpeg(file: BinaryIO) -> Header:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        file.seek(at)
        segment = file.read(10)
        if segment[0] != 0xFF:
            raise ValueError("has a damaged header")
        marker = segment[1]
        if marker == 0xFF:
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD7:
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width, channels = struct.unpack_from(">HHB", segment, 5)
            return Header(width, height, channels)
        elif marker in (0xD9, 0xDA):
            raise ValueError("has no frame header")
        else:
            at += 2 + struct.unpack_from(">H", segment, 2)[0]
    raise ValueError("has no frame header")


def _webp(start: bytes) -> Header:
    kind = start[12:16]
    if kind == b"VP8 ":
        code, width, height = struct.unpack_from("<3sHH", start, 23)
        if code != b"\x9d\x01\x2a":
            raise ValueError("has a damaged header")
        return Header(width & 0x3FFF, height & 0x3FFF, 3)
    if kind == b"VP8L":
        signature, bits = struct.unpack_from("<BI", start, 20)
        if signature != 0x2F:
            raise ValueError("has a damaged header")
        return Header((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 4 if bits >> 28 & 1 else 3)
    if kind == b"VP8X":
        flags, low, high = struct.unpack_from("<I3s3s", start, 20)
        width, height = (int.from_bytes(side, "little") + 1 for side in (low, high))
        return Header(width, height, 4 if flags & 0x10 else 3)
    raise ValueError("has a damaged header")


def _bmp(start: bytes) -> Header:
    length = struct.unpack_from("<I", start, 14)[0]
    if length == _BMP_CORE:
        width, height, _, bits = struct.unpack_from("<HHHH", start, 18)
    else:
        # A negative height: rows from the top down.
        width, height, _, bits = struct.unpack_from("<iiHH", start, 18)
    return Header(width, abs(height), bits // 8 if bits > 8 else 3)


def _tiff(file: BinaryIO, start: bytes) -> Header:
    order = "<" if start.startswith(b"II") else ">"
    file.seek(struct.unpack_from(f"{order}I", start, 4)[0])
    entries = struct.unpack(f"{order}H", file.read(2))[0]
    found = {_TIFF_CHANNELS: 1}
    directory = file.read(12 * entries)
    for at in range(0, 12 * entries, 12):
        tag, kind = struct.unpack_from(f"{order}HH", directory, at)
        if tag in (_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_CHANNELS) and kind in _TIFF_FORMATS:
            found[tag] = struct.unpack_from(f"{order}{_TIFF_FORMATS[kind]}", directory, at + 8)[0]
    if _TIFF_WIDTH not in found or _TIFF_HEIGHT not in found:
        raise ValueError("has no size in its header")
    return Header(found[_TIFF_WIDTH], found[_TIFF_HEIGHT], found[_TIFF_CHANNELS])

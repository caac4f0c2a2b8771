"""Reads a picture file strictly: what comes out is what a camera stored, or nothing does.

Decoders are kind to people: half a JPEG comes back with gray below, an animation as its first frame, 16 bit cut down
to 8. A picture that is judged or trained on must be whole, so the container is walked here before OpenCV decodes it:

    JPEG  segments up to an end-of-image marker behind the last scan   (ITU-T T.81 annex B), and a strict decoder
    PNG   chunks with right CRCs up to IEND, no acTL (animation)       (W3C PNG, third edition)
    WebP  as many bytes as RIFF promises, no animation flag            (RFC 9649)
    BMP   as many bytes as the header promises
    TIFF  one page; libtiff itself refuses what is cut short           (TIFF 6.0)
"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from models.errors import BadPicture

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})

_JPEG = b"\xff\xd8"
_PNG = b"\x89PNG\r\n\x1a\n"
# Some cameras put a few bytes between the last row and the end of the picture; nothing of it is missing.
_PADDING = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_MOST_PADDING = 8
_END_OF_IMAGE = 0xD9
_START_OF_SCAN = 0xDA
_WEBP_ANIMATED = 0x02
_SMALLEST_BMP = 26


def read_picture(file: Path) -> NDArray[np.uint8]:
    """The file's pixels as they were stored: `(H, W)` gray or `(H, W, 3)` BGR, uint8.

    The orientation in EXIF is ignored on purpose: it is a viewer's hint, and a stored picture must come with the rows
    and columns that the camera gave, or masks and regions drawn on them would not fit. Transparency is refused: a
    transparent pixel has no gray level, and an invented one would be judged like a measured one.

    Raises:
        BadPicture: unreadable, cut short, animated, 16 bit, transparent, or no picture at all; the message names the
            file and says what to do.
    """
    try:
        # Not cv2.imread: it cannot open names outside the locale's letters on every platform, and does not say why.
        stored = np.fromfile(file, np.uint8)
    except OSError as error:
        raise BadPicture(f"{file.name} cannot be read ({error.strerror}); check the file") from error
    return decode_picture(file.name, stored)


def decode_picture(name: str, stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What `read_picture` makes of the bytes of a file, `(N,)` uint8; `name` names them in messages.

    Raises:
        BadPicture: as `read_picture`.
    """
    fault = _fault_of(stored.tobytes())
    if fault:
        raise BadPicture(f"{name} {fault}")
    return _decode_jpeg(name, stored) if stored[:2].tobytes() == _JPEG else _decode(name, stored)


def whole_size(name: str, content: bytes) -> tuple[int, int]:
    """(width, height) of a whole file; JPEG and PNG are not decoded, so that what only decoding tells stays unsaid.

    Raises:
        BadPicture: as `read_picture`.
    """
    fault = _fault_of(content)
    if fault:
        raise BadPicture(f"{name} {fault}")
    if content.startswith(_PNG):
        return _u32(content, 16, ">"), _u32(content, 20, ">")
    if content.startswith(_JPEG):
        try:
            height, width = simplejpeg.decode_jpeg_header(content)[:2]
        except ValueError as error:
            raise BadPicture(f"{name} is damaged; copy it again") from error
        return int(width), int(height)
    height, width = decode_picture(name, np.frombuffer(content, np.uint8)).shape[:2]
    return width, height


def _decode_jpeg(name: str, stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """OpenCV's very pixels (both are libjpeg-turbo), but what that library only prints as a warning is refused here:
    it decodes a picture that lost bytes in its middle, and fills what is missing with gray."""
    try:
        space = simplejpeg.decode_jpeg_header(stored)[2]
        space = "GRAY" if space == "Gray" else "BGR"
        try:
            image = simplejpeg.decode_jpeg(stored, colorspace=space, strict=True)
        except ValueError as error:
            padding = _PADDING.search(str(error))
            if padding is None or int(padding[1]) > _MOST_PADDING:
                raise
            image = simplejpeg.decode_jpeg(stored, colorspace=space, strict=False)
    except ValueError as error:
        raise BadPicture(f"{name} is damaged; copy it again") from error
    return np.asarray(image[:, :, 0] if space == "GRAY" else image, np.uint8)


def _decode(name: str, stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    try:
        image = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise BadPicture(f"{name} cannot be decoded; save it again as PNG") from error
    if image is None:
        raise BadPicture(f"{name} cannot be decoded; save it again as PNG")
    if image.dtype != np.uint8:
        raise BadPicture(f"{name} has {image.dtype.itemsize * 8} bits a channel; save it with 8 bits")
    if image.ndim == 3 and image.shape[2] != 3:
        raise BadPicture(f"{name} has an alpha channel; save it without transparency")
    return np.asarray(image, np.uint8)


def _fault_of(data: bytes) -> str:
    """Why the bytes are not one whole picture, as the end of a sentence; empty when they are."""
    if data.startswith(_JPEG):
        return "" if _jpeg_is_whole(data) else "is cut short; copy it again"
    if data.startswith(_PNG):
        return _png_fault(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp_fault(data)
    if data.startswith(b"BM"):
        return "" if _SMALLEST_BMP <= _u32(data, 2, "<") <= len(data) else "is cut short; copy it again"
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return _tiff_fault(data)
    return "is no PNG, JPEG, WebP, BMP or TIFF picture; save it as PNG"


def _u32(data: bytes, at: int, order: str) -> int:
    """An unsigned number of four bytes; beyond the end a number that no file can satisfy."""
    return int(struct.unpack_from(f"{order}I", data, at)[0]) if at + 4 <= len(data) else 2**32


def _jpeg_is_whole(data: bytes) -> bool:
    """Whether the segments lead to an end-of-image marker; one inside a thumbnail does not count."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _START_OF_SCAN:
            at = _end_of_scan(data, at)
        if data[at : at + 2] == bytes((0xFF, _END_OF_IMAGE)):
            return True
    return False


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the marker behind the entropy-coded bytes stands; stuffed zeros and restart markers belong to them."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2


def _png_fault(data: bytes) -> str:
    at = 8
    while at + 12 <= len(data):
        end = at + 8 + _u32(data, at, ">")
        kind = data[at + 4 : at + 8]
        if end + 4 > len(data):
            break
        if zlib.crc32(data[at + 4 : end]) != _u32(data, end, ">"):
            return "is damaged (a checksum in it is wrong); copy it again"
        if kind == b"acTL":
            return "is an animation; save one frame as PNG"
        if kind == b"IEND":
            return ""
        at = end + 4
    return "is cut short; copy it again"


def _webp_fault(data: bytes) -> str:
    if len(data) < 8 + _u32(data, 4, "<"):
        return "is cut short; copy it again"
    if data[12:16] == b"VP8X" and data[20:21] and data[20] & _WEBP_ANIMATED:
        return "is an animation; save one frame as PNG"
    return ""


def _tiff_fault(data: bytes) -> str:
    order = "<" if data.startswith(b"II") else ">"
    directory = _u32(data, 4, order)
    if directory + 2 > len(data):
        return "is cut short; copy it again"
    entries = struct.unpack_from(f"{order}H", data, directory)[0]
    following = _u32(data, directory + 2 + 12 * entries, order)
    if following == 2**32:
        return "is cut short; copy it again"
    return "has several pages; save one page as PNG" if following else ""

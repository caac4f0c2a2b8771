"""What EXIF says of a picture: how a viewer should turn it, what took it, and when.

EXIF is a small TIFF file (CIPA DC-008): a byte order, then a directory of entries of 12 bytes each,

    tag u16 | type u16 | count u32 | value, or where it stands, 4 bytes

In JPEG it follows "Exif\\0\\0" in an APP1 segment, in PNG it is the chunk eXIf, in WebP the chunk EXIF; a TIFF
picture is one itself. Nothing here raises: EXIF that makes no sense says nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_ORIENTATION, _MAKE, _MODEL, _CHANGED, _FURTHER, _TAKEN = 0x0112, 0x010F, 0x0110, 0x0132, 0x8769, 0x9003
_BYTES_OF_TYPE = {1: 1, 2: 1, 3: 2, 4: 4}
_MOST_ENTRIES = 512
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Exif:
    """`orientation` 1 to 8, 1 where the picture is shown as stored; `camera` and `taken` (as written) may be empty."""

    orientation: int = 1
    camera: str = ""
    taken: str = ""


def exif_of(content: bytes) -> Exif:
    """What the picture file's EXIF says; the plain `Exif()` where it has none."""
    tiff = _tiff_in(content)
    if tiff[:4] not in (b"II*\x00", b"MM\x00*"):
        return Exif()
    order = "<" if tiff.startswith(b"II") else ">"
    entries = dict(_entries(tiff, order, _number(tiff, 4, "I", order)))
    further = entries.get(_FURTHER, 0)
    if isinstance(further, int) and further:
        entries = {**dict(_entries(tiff, order, further)), **entries}
    orientation = entries.get(_ORIENTATION, 1)
    camera = " ".join(text for text in (_text(entries, _MAKE), _text(entries, _MODEL)) if text)
    known = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
    return Exif(known, camera, _text(entries, _TAKEN) or _text(entries, _CHANGED))


def _tiff_in(content: bytes) -> bytes:
    if content.startswith(b"\xff\xd8"):
        return next((body[6:] for body in _segments(content) if body.startswith(b"Exif\0\0")), b"")
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return next((body for kind, body in _chunks(content, 8, ">") if kind == b"eXIf"), b"")
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        body = next((body for kind, body in _chunks(content, 12, "<") if kind == b"EXIF"), b"")
        return body.removeprefix(b"Exif\0\0")
    return content


def _segments(content: bytes) -> Iterator[bytes]:
    """The bodies of a JPEG's APP1 segments, before its pixels."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != 0xDA:
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] == 0xE1:
            yield content[at + 4 : at + 2 + length]
        at += 2 + length


def _chunks(content: bytes, at: int, order: str) -> Iterator[tuple[bytes, bytes]]:
    """(kind, body) of PNG's chunks (length, kind, body, CRC) or of RIFF's (kind, length, body, even)."""
    png = order == ">"
    while at + 8 <= len(content):
        first, second = content[at : at + 4], content[at + 4 : at + 8]
        kind, length = (second, first) if png else (first, second)
        size = struct.unpack(f"{order}I", length)[0]
        yield kind, content[at + 8 : at + 8 + size]
        at += 8 + size + (4 if png else size % 2)


def _entries(tiff: bytes, order: str, at: int) -> Iterator[tuple[int, int | str]]:
    count = _number(tiff, at, "H", order)
    for index in range(min(count, _MOST_ENTRIES)):
        entry = at + 2 + 12 * index
        tag, kind = _number(tiff, entry, "H", order), _number(tiff, entry + 2, "H", order)
        size = _number(tiff, entry + 4, "I", order) * _BYTES_OF_TYPE.get(kind, 0)
        if kind == 2:
            start = entry + 8 if size <= 4 else _number(tiff, entry + 8, "I", order)
            text = tiff[start : start + min(size, _LONGEST_TEXT)].split(b"\0")[0]
            yield tag, text.decode("utf-8", "replace").strip()
        elif kind in (3, 4):
            yield tag, _number(tiff, entry + 8, "H" if kind == 3 else "I", order)


def _number(tiff: bytes, at: int, kind: str, order: str) -> int:
    """0 beyond the end."""
    length = 2 if kind == "H" else 4
    return int(struct.unpack_from(order + kind, tiff, at)[0]) if at + length <= len(tiff) else 0


def _text(entries: dict[int, int | str], tag: int) -> str:
    value = entries.get(tag, "")
    return value if isinstance(value, str) else ""

"""Texts inside a PNG file, so that they go wherever the picture goes.

One iTXt chunk a keyword, directly behind IHDR (W3C PNG, third edition, 11.3.3.4):

    length u32 | "iTXt" | keyword 0 | 0 (uncompressed) 0 | 0 (no language) | 0 (no translated keyword) | UTF-8 | CRC-32
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33  # signature, then IHDR: length, name, 13 bytes, CRC
_KIND = b"iTXt"


def with_text(png: bytes, keyword: str, text: str) -> bytes:
    """The same picture with a text; `png` is a whole PNG file without one of this keyword."""
    data = _prefix(keyword) + text.encode()
    chunk = struct.pack(">I", len(data)) + _KIND + data + struct.pack(">I", zlib.crc32(_KIND + data))
    return png[:_HEADER_END] + chunk + png[_HEADER_END:]


def text_of(content: bytes, keyword: str) -> bytes | None:
    """The text as it stands in a picture file, or None: no PNG, or none in it."""
    for start, end in _chunks(content, keyword):
        return content[start + 8 + len(_prefix(keyword)) : end - 4]
    return None


def without_text(content: bytes, keyword: str) -> bytes:
    """The picture file as it was before `with_text`."""
    for start, end in _chunks(content, keyword):
        return content[:start] + content[end:]
    return content


def _prefix(keyword: str) -> bytes:
    return keyword.encode() + b"\0" * 5


def _chunks(content: bytes, keyword: str) -> Iterator[tuple[int, int]]:
    """Where the chunks of a keyword start and end; they stand before the pixels."""
    prefix = _prefix(keyword)
    at = len(_SIGNATURE) if content.startswith(_SIGNATURE) else len(content)
    while at + 12 <= len(content):
        end = at + 12 + int(struct.unpack_from(">I", content, at)[0])
        kind = content[at + 4 : at + 8]
        if kind == b"IDAT" or end > len(content):
            return
        if kind == _KIND and content.startswith(prefix, at + 8):
            yield at, end
        at = end

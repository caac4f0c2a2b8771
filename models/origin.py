"""Where a collected picture comes from, carried inside its PNG file, so that it goes wherever the picture goes.

One iTXt chunk with the keyword `okng` and JSON as its text, directly behind IHDR (W3C PNG, third edition, 11.3.3.4):

    length u32 | "iTXt" | "okng" 0 | 0 (not compressed) 0 | 0 (no language) | 0 (no translated keyword) | UTF-8 | CRC-32
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = 33  # signature, then IHDR: length, name, 13 bytes, CRC
_KIND = b"iTXt"
_PREFIX = b"okng\0\0\0\0\0"


@dataclass(frozen=True, slots=True)
class Origin:
    """`taken` is ISO 8601 in UTC; `part` the station's id of the part, `part_id` the PLC's; empty where unknown."""

    taken: str
    part: str
    part_id: str
    lot: str
    trigger: str
    camera: str
    station: str
    clock: str


def with_origin(png: bytes, origin: Origin) -> bytes:
    """The same picture with its origin; `png` is a whole PNG file without one."""
    text = _PREFIX + json.dumps(asdict(origin), ensure_ascii=False).encode()
    chunk = struct.pack(">I", len(text)) + _KIND + text + struct.pack(">I", zlib.crc32(_KIND + text))
    return png[:_HEADER_END] + chunk + png[_HEADER_END:]


def origin_of(content: bytes) -> Origin | None:
    """The origin in a picture file, or None: no PNG, none in it, or one that cannot be read."""
    for start, end in _origins(content):
        try:
            known = json.loads(content[start + 8 + len(_PREFIX) : end - 4])
        except ValueError:
            return None
        names = [field.name for field in fields(Origin)]
        if not isinstance(known, dict) or not all(isinstance(known.get(name), str) for name in names):
            return None
        return Origin(**{name: known[name] for name in names})
    return None


def without_origin(content: bytes) -> bytes:
    """The picture file as it was before `with_origin`: equal pictures of different parts are equal again."""
    for start, end in _origins(content):
        return content[:start] + content[end:]
    return content


def _origins(content: bytes) -> Iterator[tuple[int, int]]:
    """Where our chunks start and end; they stand before the pixels."""
    at = len(_SIGNATURE) if content.startswith(_SIGNATURE) else len(content)
    while at + 12 <= len(content):
        end = at + 12 + int(struct.unpack_from(">I", content, at)[0])
        kind = content[at + 4 : at + 8]
        if kind == b"IDAT" or end > len(content):
            return
        if kind == _KIND and content.startswith(_PREFIX, at + 8):
            yield at, end
        at = end

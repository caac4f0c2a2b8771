"""Where a collected picture comes from, carried inside its PNG file, so that it goes wherever the picture goes.

JSON as the text of the keyword `okng`; see `models.png_text`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from models.png_text import text_of, with_text, without_text

_KEYWORD = "okng"


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
    return with_text(png, _KEYWORD, json.dumps(asdict(origin), ensure_ascii=False))


def origin_of(content: bytes) -> Origin | None:
    """The origin in a picture file, or None: no PNG, none in it, or one that cannot be read."""
    text = text_of(content, _KEYWORD)
    if text is None:
        return None
    try:
        known = json.loads(text)
    except ValueError:
        return None
    names = [field.name for field in fields(Origin)]
    if not isinstance(known, dict) or not all(isinstance(known.get(name), str) for name in names):
        return None
    return Origin(**{name: known[name] for name in names})


def without_origin(content: bytes) -> bytes:
    """The picture file as it was before `with_origin`: equal pictures of different parts are equal again."""
    return without_text(content, _KEYWORD)

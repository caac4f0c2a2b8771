"""Walking a configuration by what its values are, so that a section that is added later is examined too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

_NOT_SECRET = frozenset({"ca_file"})


def values(section: BaseModel, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """`(place, value)` of every setting but those of sections that are switched off."""
    if place and getattr(section, "enabled", True) is False:
        return
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from values(value, (*place, name))
        else:
            yield (*place, name), value


def devices(section: BaseModel) -> list[Path]:
    """Every device that a switched-on part names, whatever the key is called."""
    found = {Path(str(value)) for _, value in values(section) if isinstance(value, str | Path)}
    return sorted(path for path in found if path.is_relative_to("/dev"))


def secret_files(section: BaseModel) -> list[Path]:
    """Files that hold a password, a PIN, a token or a key."""
    return [value for place, value in values(section) if isinstance(value, Path) and names_secret_file(place[-1])]


def names_secret_file(key: str) -> bool:
    return key.endswith("_file") and key not in _NOT_SECRET


def relative_paths(section: BaseModel, written: Mapping[str, object]) -> Iterator[str]:
    """Keys whose path is relative in the file as `written`, as `[section] key`."""
    for place, value in values(section):
        if isinstance(value, Path):
            text = _at(written, place)
            if isinstance(text, str) and not Path(text).expanduser().is_absolute():
                yield f"[{place[0]}] {'.'.join(place[1:])}"


def _at(table: object, place: tuple[str, ...]) -> object:
    for key in place:
        table = table.get(key) if isinstance(table, Mapping) else None
    return table

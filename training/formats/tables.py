"""CSV tables about pictures: one line a picture, columns in any order and under the names that people use.

    image,label,split,tile             image, picture, file or filename; label or class; split or subset;
    MT_Free/Imgs/exp1.jpg,good,train,t014       group, tile, part, position, lot, series or serial; others are remarks

Commas, semicolons or tabs; UTF-8. A picture's path is relative to the table, or to the folder above it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from training.data.csv_lines import csv_lines
from training.errors import BadData, NotThere
from training.formats.hostile import read_text, safe_name

_IMAGE = ("image", "picture", "file", "filename", "file_name", "path")
_LABEL = ("label", "class", "category")
_SPLIT = ("split", "subset")
_GROUP = ("group", "tile", "part", "position", "lot", "series", "serial")


@dataclass(frozen=True, slots=True)
class Row:
    """One line; None where there is no such column or the cell is empty. `where` names the line in messages."""

    where: str
    image: str
    label: str | None
    split: str | None
    group: str | None
    tags: Mapping[str, str] = field(default_factory=dict)


def read_table(path: Path) -> tuple[Row, ...]:
    """All lines in order.

    Raises:
        NotThere: there is no such file.
        BadData: it is no table, has no column for the picture, or a line is wrong; naming the line.
    """
    text = read_text(path)
    lines = csv_lines(path, _delimiter(text), text)
    columns = _columns(path, next(lines, ("", []))[1])
    found: dict[str, Row] = {}
    for where, cells in lines:
        row = _row(where, dict(zip(columns, cells, strict=True)))
        if found.setdefault(row.image, row) is not row:
            raise BadData(f"{where} names {row.image} a second time; remove one of the two lines")
    if not found:
        raise BadData(f"{path} names no picture; write a line for each below the names of the columns")
    return tuple(found.values())


def has_pictures_column(path: Path) -> bool:
    """Whether the first line of a file looks like that of such a table."""
    with path.open("rb") as file:
        first = file.readline(10_000).decode("utf-8-sig", errors="replace")
    return bool({cell.strip().lower() for cell in first.split(_delimiter(first))} & set(_IMAGE))


def find_base(rows: tuple[Row, ...], places: Sequence[Path]) -> Path:
    """That of some folders which the table's paths are relative to: the one that holds most of its pictures.

    Raises:
        NotThere: none does; naming where was looked.
    """
    held = {place: sum(os.path.lexists(place / row.image) for row in rows[:100]) for place in places}
    best = max(places, key=lambda place: held[place])
    if not held[best]:
        looked = " nor ".join(str(place) for place in places)
        raise NotThere(
            f"{rows[0].where} names {rows[0].image}, which is not in {looked}; name its folder with --images"
        )
    return best


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)


def _columns(path: Path, names: list[str]) -> list[str]:
    """What each column is: image, label, split, group, or its own name."""
    lower = [name.lower() for name in names]
    columns = list(names)
    for meaning, called in (("image", _IMAGE), ("label", _LABEL), ("split", _SPLIT), ("group", _GROUP)):
        known = next((name for name in called if name in lower), None)
        if known is not None:
            columns[lower.index(known)] = meaning
        elif meaning == "image":
            raise BadData(f"{path}, line 1 has no column for the picture; call one of them image")
    if len(set(columns)) != len(columns) or "" in columns:
        raise BadData(f"{path}, line 1 has a column without a name or one name twice; give each its own")
    return columns


def _row(where: str, cells: dict[str, str]) -> Row:
    image = safe_name(cells.pop("image"), where)
    label, split, group = (cells.pop(name, None) or None for name in ("label", "split", "group"))
    return Row(where, image, label, split, group, {name: cell for name, cell in cells.items() if cell})

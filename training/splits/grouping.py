"""What pictures have in common, so that they must not stand on both sides of a split: part, lot, shift, position."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from training.data.dataset import listed
from training.data.subsets import decoded, file_content
from training.errors import BadData
from training.splits.census import Known, join_copies
from training.splits.files import By

_PICTURE_COLUMNS = ("image", "picture", "file")


@dataclass(frozen=True, slots=True)
class Shifts:
    """When shifts begin, local time of `zone`; the last one runs through midnight into the first."""

    begins: tuple[time, ...]
    zone: ZoneInfo

    def of(self, taken: str) -> str:
        """The shift of a moment, by the day on which it began: "2026-01-31 22:00". Raises ValueError: no moment."""
        moment = datetime.fromisoformat(taken)
        if moment.tzinfo is None:
            raise ValueError(f"{taken} says no time zone")
        local = moment.astimezone(self.zone)
        begun = [begin for begin in self.begins if begin <= local.time()]
        day = local.date() if begun else local.date() - timedelta(days=1)
        return f"{day.isoformat()} {(begun or self.begins)[-1]:%H:%M}"


THREE_SHIFTS = Shifts((time(6), time(14), time(22)), ZoneInfo("UTC"))


def shifts_from(begins: str, zone: str) -> Shifts:
    """From "06:00,14:00,22:00" and a zone such as "Asia/Shanghai".

    Raises:
        BadData: saying what is wrong.
    """
    words = [word.strip() for word in begins.split(",")]
    if not all(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", word) for word in words) or len(set(words)) != len(words):
        raise BadData("give the times at which shifts begin, each once, as 06:00,14:00,22:00")
    try:
        return Shifts(tuple(sorted(time.fromisoformat(word) for word in words)), ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadData(f"{zone} is no time zone known here; give one such as Asia/Shanghai or Europe/Berlin") from error


def groups_of(pictures: Sequence[Known], by: By, table: Mapping[str, str] | None, shifts: Shifts) -> tuple[str, ...]:
    """The group of each picture; exact copies share one.

    `table`: picture → group, by its name in the data set or before import; it counts before what pictures tell.

    Raises:
        BadData: naming the pictures of which nobody knows.
    """
    ways: Mapping[By, Callable[[Known], str]] = {
        By.GROUP: lambda one: one.group or one.name,
        By.NONE: lambda one: one.name,
        By.LOT: lambda one: (f"lot {one.origin.lot}" if one.origin and one.origin.lot else "") or one.group,
        By.PART: lambda one: f"part {one.origin.part}" if one.origin and one.origin.part else one.group,
        By.SHIFT: lambda one: _shift(one, shifts),
        By.POSITION: lambda one: "",
        By.SERIES: lambda one: one.group or one.name,
    }
    given = table or {}
    found = [
        given.get(one.name) or given.get(one.source) or one.tags.get(by.value) or ways[by](one) for one in pictures
    ]
    lost = [one.name for one, group in zip(pictures, found, strict=True) if not group]
    if lost:
        raise BadData(
            f"nothing tells the {by} of {len(lost)} pictures: {listed(lost)}; give a table with --table FILE COLUMN, "
            "or write groups.csv"
        )
    return join_copies(pictures, found)


def _shift(picture: Known, shifts: Shifts) -> str:
    if picture.origin is None:
        return ""
    try:
        return f"shift {shifts.of(picture.origin.taken)}"
    except ValueError:
        return ""


def read_group_table(path: Path, column: str) -> dict[str, str]:
    """Picture → what stands in `column` of a CSV that has a column image, picture or file, too.

    Raises:
        NotThere: there is no such file.
        BadData: it is not UTF-8, or a column is missing, or a row is short or doubled.
    """
    rows = csv.DictReader(io.StringIO(decoded(file_content(path), str(path)), newline=""), strict=True)
    found: dict[str, str] = {}
    try:
        names = [name.strip() for name in rows.fieldnames or []]
        rows.fieldnames = names
        picture = next((name for name in _PICTURE_COLUMNS if name in names), None)
        if picture is None or column not in names:
            raise BadData(f"{path} needs the columns image and {column} in its first line, not {', '.join(names)}")
        for row in rows:
            if None in row or None in row.values():
                raise BadData(f"line {rows.line_num} of {path} does not have a cell for each column; correct it")
            name, group = row[picture].strip(), row[column].strip()
            if found.setdefault(name, group) != group:
                raise BadData(f"line {rows.line_num} of {path} gives {name} another {column} than before; correct it")
    except csv.Error as error:
        raise BadData(f"line {rows.line_num} of {path} is no CSV ({error}); correct it") from error
    return found

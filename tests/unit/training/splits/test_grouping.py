"""What makes a group: lot, part, shift, a table, tags; and exact copies always."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from models.origin import Origin
from training.errors import BadData, NotThere
from training.splits.census import Known
from training.splits.files import By
from training.splits.grouping import THREE_SHIFTS, groups_of, read_group_table, shifts_from

ORIGIN = Origin("2026-01-31T21:59:59.5+00:00", "p1", "", "A", "plc", "cam", "a/b", "synced")


def known(name: str, group: str = "", origin: Origin | None = None, **further: object) -> Known:
    one = Known(Path(name), name, "good", group, f"content of {name}", origin)
    return replace(one, **further)  # type: ignore[arg-type]


def test_the_data_sets_own_groups_or_each_picture_alone() -> None:
    pictures = [known("a", "lot 1"), known("b", "lot 1"), known("c")]
    assert groups_of(pictures, By.GROUP, None, THREE_SHIFTS) == ("lot 1", "lot 1", "c")
    assert groups_of(pictures, By.NONE, None, THREE_SHIFTS) == ("a", "b", "c")


def test_lot_and_part_come_from_the_picture_and_else_from_the_table_of_groups() -> None:
    pictures = [known("a", "by hand", ORIGIN), known("b", "by hand")]
    assert groups_of(pictures, By.LOT, None, THREE_SHIFTS) == ("lot A", "by hand")
    assert groups_of(pictures, By.PART, None, THREE_SHIFTS) == ("part p1", "by hand")


@pytest.mark.parametrize(
    ("zone", "taken", "shift"),
    [
        ("UTC", "2026-01-31T21:59:59.5+00:00", "shift 2026-01-31 14:00"),
        ("UTC", "2026-01-31T22:00:00Z", "shift 2026-01-31 22:00"),
        ("UTC", "2026-02-01T05:59:59Z", "shift 2026-01-31 22:00"),
        ("UTC", "2026-02-01T06:00:00Z", "shift 2026-02-01 06:00"),
        ("Asia/Shanghai", "2026-01-31T21:59:59Z", "shift 2026-01-31 22:00"),
        ("Europe/Berlin", "2026-07-01T04:00:00Z", "shift 2026-07-01 06:00"),
    ],
)
def test_a_night_shift_belongs_to_the_day_on_which_it_began(zone: str, taken: str, shift: str) -> None:
    shifts = shifts_from("22:00, 06:00,14:00", zone)
    assert groups_of([known("a", origin=replace(ORIGIN, taken=taken))], By.SHIFT, None, shifts) == (shift,)


@pytest.mark.parametrize("taken", ["", "yesterday", "2026-01-31T08:00:00"])
def test_a_picture_that_tells_no_moment_is_named(taken: str) -> None:
    pictures = [known("a", origin=replace(ORIGIN, taken=taken)), known("b")]
    with pytest.raises(BadData, match=r"nothing tells the shift of 2 pictures: a, b; give a table"):
        groups_of(pictures, By.SHIFT, None, THREE_SHIFTS)


@pytest.mark.parametrize(
    ("begins", "zone", "says"),
    [
        ("6:00", "UTC", "as 06:00"),
        ("25:00", "UTC", "as 06:00"),
        ("06:00,06:00", "UTC", "each once"),
        ("", "UTC", "as 06:00"),
        ("06:00", "Atlantis/Port", "no time zone known here"),
        ("06:00", "../../etc/passwd", "no time zone known here"),
        ("06:00", "", "no time zone known here"),
    ],
)
def test_shifts_that_are_none_are_refused(begins: str, zone: str, says: str) -> None:
    with pytest.raises(BadData, match=says):
        shifts_from(begins, zone)


def test_a_table_counts_before_all_else_and_knows_names_before_import(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("﻿image, tile\na,t1\nraw/b.jpg,t1\n", encoding="utf-8")
    table: Mapping[str, str] = read_group_table(path, "tile")
    pictures = [known("a", "lot 1"), known("b", source="raw/b.jpg"), known("c", tags={"position": "left"})]
    assert groups_of(pictures, By.POSITION, table, THREE_SHIFTS) == ("t1", "t1", "left")


def test_exact_copies_join_their_groups() -> None:
    pictures = [known("a", "g1"), known("b", "g2", sha256="same"), known("c", "g3", sha256="same"), known("d", "g3")]
    assert groups_of(pictures, By.GROUP, None, THREE_SHIFTS) == ("g1", "g2", "g2", "g2")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "needs the columns image and tile"),
        ("name,tile\n", "needs the columns image and tile in its first line, not name, tile"),
        ("image,lot\n", "needs the columns image and tile"),
        ("image,tile\na\n", "line 2 .* a cell for each column"),
        ("image,tile\na,1\na,2\n", "line 3 .* gives a another tile"),
        ('image,tile\n"a"b,1\n', "is no CSV"),
    ],
)
def test_a_table_that_is_wrong_says_where(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(BadData, match=says):
        read_group_table(path, "tile")


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match=r"t\.csv"):
        read_group_table(tmp_path / "t.csv", "tile")

"""Copies, label conflicts and leaks of equal pictures; groups that cross subsets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.origin import Origin
from tests.fakes.looks import codes, look, series_of
from training.check.copies import check_copies
from training.check.findings import Severity
from training.check.groups import check_groups, sessions_of
from training.exif import Exif

ORIGIN = Origin("2026-01-02T03:04:05+00:00", "1", "", "A", "plc", "fake", "line 1", "synced")


def test_pictures_that_differ_are_not_spoken_of() -> None:
    assert list(check_copies(series_of(5))) == []


def test_copies_in_one_class_are_counted_once_too_often_each() -> None:
    looks = [look(f"{index}.png", pixels="same") for index in range(3)] + [look("other.png")]
    (found,) = check_copies(looks)
    assert (found.code, found.severity) == ("copies", Severity.WARNING)
    assert found.groups == (("0.png", "1.png", "2.png"),) and found.found.en.startswith("2 pictures equal")


def test_two_labels_of_one_picture_are_an_error() -> None:
    (found,) = check_copies([look("a.png", pixels="same"), look("b.png", "scratch", pixels="same")])
    assert (found.code, found.severity) == ("label-conflict", Severity.ERROR)
    assert found.remarks == (("a.png", "good"), ("b.png", "scratch"))


def test_an_unlabelled_copy_contradicts_nothing() -> None:
    assert codes(list(check_copies([look("a.png", pixels="same"), look("b.png", "", pixels="same")]))) == ["copies"]


def test_the_order_of_several_labels_is_no_conflict() -> None:
    both = ("crack", "dent")
    looks = [look("a.png", labels=both, pixels="same"), look("b.png", labels=both[::-1], pixels="same")]
    assert codes(list(check_copies(looks))) == ["copies"]


def test_a_copy_in_another_subset_is_a_leak_and_a_conflict_is_told_beside_it() -> None:
    train, test = look("a.png", pixels="same", split="train"), look("b.png", pixels="same", split="test")
    (found,) = check_copies([train, test])
    assert (found.code, found.severity) == ("copies-across-splits", Severity.ERROR)
    assert found.remarks[1] == ("b.png", "good (test)")
    both = list(check_copies([train, replace(test, labels=("dent",))]))
    assert codes(both) == ["label-conflict", "copies-across-splits"]


def test_broken_files_are_no_copies() -> None:
    assert list(check_copies([look("a.png", pixels="", fault="is cut short"), look("b.png", pixels="")])) == []


def test_without_any_group_it_is_said_so() -> None:
    (found,) = check_groups(series_of(3))
    assert (found.code, found.severity) == ("groups-missing", Severity.WARNING)


def test_the_lot_that_a_station_wrote_is_a_group() -> None:
    looks = [look(f"{index}.png", origin=replace(ORIGIN, lot=lot)) for index, lot in enumerate("AABB")]
    assert list(check_groups(looks)) == []
    (found,) = check_groups(looks[:2])
    assert found.code == "one-group" and "lot A" in found.found.en


def test_a_group_in_two_subsets_is_an_error() -> None:
    looks = [
        look(f"{at}.png", group="lot 1" if at < 2 else "lot 2", split="train" if at else "test") for at in range(4)
    ]
    (found,) = check_groups(looks)
    assert (found.code, found.severity, found.groups) == (
        "groups-across-splits",
        Severity.ERROR,
        (("0.png", "1.png"),),
    )


def test_some_without_a_group_are_named() -> None:
    (found,) = check_groups([look("a.png", group="1"), look("b.png", group="2"), look("c.png")])
    assert found.code == "groups-incomplete" and found.pictures == ("c.png",)


@pytest.mark.parametrize("by", ["origin", "exif"])
def test_sessions_come_from_the_pictures_own_times(by: str) -> None:
    looks = []
    for at, hour in enumerate((8, 14, 8, 15)):
        if by == "origin":
            facts = {"origin": replace(ORIGIN, lot="", taken=f"2026-01-02T{hour:02}:{at:02}:00+00:00")}
        else:
            facts = {"exif": Exif(1, "phone", f"2026:01:02 {hour:02}:{at:02}:00")}
        looks.append(look(f"{at}.png", **facts))
    assert sessions_of(looks) == (("0.png", "2.png"), ("1.png",), ("3.png",))
    (found,) = check_groups(looks)
    assert "3 sessions" in found.found.en and found.groups == sessions_of(looks)


def test_times_that_are_none_are_no_session() -> None:
    assert sessions_of([look("a.png", exif=Exif(1, "", "yesterday")), look("b.png")]) == ()

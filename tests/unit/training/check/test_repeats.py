"""Series of one part: in two subsets, under two labels, in one group or none."""

from __future__ import annotations

from dataclasses import replace

from tests.fakes.looks import codes, look
from training.check.findings import Severity
from training.check.repeats import check_series
from training.check.series import Series, SeriesKind


def near(*members: int, kind: SeriesKind = SeriesKind.NEAR) -> Series:
    return Series(members, kind, "alike")


def test_a_series_across_subsets_is_an_error() -> None:
    looks = [look("a.png", split="train"), look("b.png", split="test"), look("c.png", split="test")]
    (found,) = check_series(looks, [near(0, 1, kind=SeriesKind.EXPOSURE)])
    assert (found.code, found.severity, found.groups) == (
        "series-across-splits",
        Severity.ERROR,
        (("a.png", "b.png"),),
    )
    assert "1 in several exposures" in found.found.en and "多次曝光 1 组" in found.found.zh


def test_a_series_that_no_group_holds_together_is_a_warning_and_one_in_a_group_a_note() -> None:
    loose = [look("a.png"), look("b.png")]
    (torn,) = check_series(loose, [near(0, 1)])
    (kept,) = check_series([replace(one, group="lot 1") for one in loose], [near(0, 1)])
    assert (torn.code, torn.severity) == ("series", Severity.WARNING)
    assert (kept.code, kept.severity) == ("series-grouped", Severity.NOTE)


def test_a_series_with_two_labels_is_shown() -> None:
    found = list(check_series([look("a.png"), look("b.png", "dent")], [near(0, 1)]))
    assert codes(found) == ["series-across-labels", "series"]


def test_a_series_of_equal_pictures_is_left_to_the_copies() -> None:
    assert list(check_series([look("a.png", pixels="p"), look("b.png", pixels="p")], [near(0, 1)])) == []

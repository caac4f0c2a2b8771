"""Marks fit the stored picture, or the data set is refused: a mark beside its defect teaches the wrong thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.sources import picture, turned_picture
from training.errors import BadData
from training.formats.rows import fitting_size


@pytest.mark.parametrize("said", [(40, 30), (None, None), (40, None)])
def test_a_picture_that_nobody_turns_has_its_size(tmp_path: Path, said: tuple[int | None, int | None]) -> None:
    assert fitting_size(picture(tmp_path / "a.jpg", 1), said, "x.json") == (40, 30)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_marks_on_a_picture_that_was_turned_when_it_was_marked_are_refused(tmp_path: Path, orientation: int) -> None:
    with pytest.raises(BadData, match=r"x\.json marks a\.jpg as EXIF turns it, to 30x40 .* mogrify -auto-orient, and"):
        fitting_size(turned_picture(tmp_path / "a.jpg", orientation), (30, 40), "x.json")


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_marks_on_a_picture_as_it_is_stored_fit(tmp_path: Path, orientation: int) -> None:
    assert fitting_size(turned_picture(tmp_path / "a.jpg", orientation), (40, 30), "x.json") == (40, 30)


@pytest.mark.parametrize(
    ("orientation", "size", "said"),
    [
        (2, (40, 30), (40, 30)),
        (3, (40, 30), (40, 30)),
        (4, (40, 30), (40, 30)),
        (6, (40, 30), (None, None)),
        (6, (40, 40), (40, 40)),
    ],
)
def test_what_nothing_can_tell_is_refused(
    tmp_path: Path, orientation: int, size: tuple[int, int], said: tuple[int | None, int | None]
) -> None:
    with pytest.raises(BadData, match=r"nothing tells whether it was turned .* mogrify -auto-orient, else .* exiftool"):
        fitting_size(turned_picture(tmp_path / "a.jpg", orientation, size), said, "x.json")


def test_another_size_is_another_picture(tmp_path: Path) -> None:
    for path in (picture(tmp_path / "a.jpg", 1), turned_picture(tmp_path / "b.jpg", 6)):
        with pytest.raises(BadData, match=r"marks a picture of 41x30 pixels, but [ab]\.jpg has 40x30; put the picture"):
            fitting_size(path, (41, 30), "x.json")
    with pytest.raises(BadData, match=r"marks a picture of 30x40 pixels, but a\.jpg has 40x30"):
        fitting_size(tmp_path / "a.jpg", (30, 40), "x.json")

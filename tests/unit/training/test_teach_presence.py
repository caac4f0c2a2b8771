"""Emptiness is taught only where every part that was shown is far from it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from models.geometry_entry import GeometrySpec
from tests.fakes.gaps import ROI, SIZE, gap, with_part, write_gaps, write_one
from training.config import TrainConfig
from training.data.dataset import open_dataset
from training.errors import BadData
from training.presence import LIMIT, Lesson, teach_presence
from training.progress import Progress


def taught_by(root: Path) -> Lesson:
    return teach_presence(open_dataset(root), TrainConfig(geometry=GeometrySpec(roi=ROI)), Progress(io.StringIO()))


def test_empty_pictures_teach_and_are_no_defect(tmp_path: Path) -> None:
    data = open_dataset(write_gaps(tmp_path))
    assert (len(data.empty), len(data.pictures), data.defects) == (24, 20, ("stain",))
    lesson = teach_presence(data, TrainConfig(geometry=GeometrySpec(roi=ROI)), Progress(io.StringIO()))
    assert lesson.entry is not None and not lesson.refused
    assert (lesson.entry.picture_size, lesson.entry.area, lesson.entry.pictures) == (SIZE, (40, 30, 240, 180), 24)
    assert set(lesson.arrays) == {lesson.entry.median, lesson.entry.spread}
    assert lesson.entry.nearest_part > 2 * LIMIT and "24 empty pictures" in lesson.text


def test_without_empty_pictures_nothing_is_said(tmp_path: Path) -> None:
    assert taught_by(write_gaps(tmp_path, empty=0)) == Lesson()


def test_empty_pictures_change_the_data_set_s_hash(tmp_path: Path) -> None:
    before = open_dataset(write_gaps(tmp_path, empty=0)).sha256()
    write_one(tmp_path, "empty", "000", gap(0))
    assert open_dataset(tmp_path).sha256() != before


@pytest.mark.parametrize(
    ("label", "stem", "image", "why"),
    [
        ("empty", "000", with_part(50), r"empty/000.png is unlike the other empty pictures; look whether a part"),
        ("empty", "003", with_part(50, side=8), r"empty/003.png is unlike the other empty pictures"),
        ("empty", "003", with_part(50, at=(300, 120)), "empty/003.png is unlike the other empty pictures"),
        ("good", "002", gap(77), r"good/002.png is too much like an empty picture; look whether a part is on it"),
        ("stain", "001", gap(78), r"stain/001.png is too much like an empty picture"),
        ("good", "002", with_part(77, at=(320, 239), side=20), r"good/002.png is too much like an empty picture"),
    ],
)
def test_one_picture_in_the_wrong_folder_is_named(
    tmp_path: Path, label: str, stem: str, image: np.ndarray, why: str
) -> None:
    write_one(write_gaps(tmp_path), label, stem, image)
    lesson = taught_by(tmp_path)
    assert lesson.refused and lesson.entry is None and not lesson.arrays
    assert why in lesson.text and lesson.text.endswith("Without it every picture is judged as a part.")


def test_several_wrong_ones_do_not_hide_each_other(tmp_path: Path) -> None:
    write_gaps(tmp_path)
    for number in range(5):
        write_one(tmp_path, "empty", f"{number:03d}", with_part(50 + number))
    assert "empty/000.png, empty/001.png, empty/002.png, empty/003.png, empty/004.png are" in taught_by(tmp_path).text


@pytest.mark.parametrize(("light", "why"), [(0.05, "almost black (2 of 255)"), (5.0, "almost white (254 of 255)")])
def test_a_belt_without_light_or_outshone_proves_nothing(tmp_path: Path, light: float, why: str) -> None:
    write_gaps(tmp_path)
    for seed in range(24):
        write_one(tmp_path, "empty", f"{seed:03d}", gap(seed, light))
    lesson = taught_by(tmp_path)
    assert lesson.refused and why in lesson.text


def test_a_lamp_that_was_dimmer_for_the_parts_tells_nothing_of_them(tmp_path: Path) -> None:
    """Parts of the belt's own look under another light are no parts that can be told from it."""
    write_gaps(tmp_path)
    for seed in range(14):
        write_one(tmp_path, "good", f"{seed:03d}", gap(500 + seed, 0.6))
    assert "too much like an empty picture" in taught_by(tmp_path).text


def test_few_empty_pictures_teach_nothing(tmp_path: Path) -> None:
    lesson = taught_by(write_gaps(tmp_path, empty=11))
    assert lesson.refused and "empty/ holds 11 different pictures, 12 are the least" in lesson.text


def test_a_picture_that_is_a_part_and_empty_is_refused(tmp_path: Path) -> None:
    write_one(write_gaps(tmp_path), "stain", "copy", gap(3))
    with pytest.raises(BadData, match=r"or a part and empty: .*remove the wrong copy"):
        open_dataset(tmp_path)


def test_empty_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    write_one(write_gaps(tmp_path), "empty", "small", gap(99)[:120])
    with pytest.raises(BadData, match=r"2 sizes; empty/small.png"):
        open_dataset(tmp_path)

"""What an assembly data set must look like, and how each trouble is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from models.decision import Box, Severity
from tests.fakes.boards import COMPLETE, board, write_boards
from training.errors import BadData, NotThere, TrainingError
from training.rois.dataset import is_assembly, open_assembly

Change = Callable[[str], str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_boards(tmp_path / "boards", 4)


def edit(path: Path, change: Change) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")


def test_regions_labels_and_pictures_are_read(root: Path) -> None:
    data = open_assembly(root)
    assert is_assembly(root) and data.size == (240, 200) and len(data.pictures) == 4
    assert [roi.name for roi in data.rois] == ["top_left", "top_right", "bottom_left", "bottom_right"]
    first = data.rois[0]
    assert (first.box, first.expect, first.kind) == (Box(10, 8, 88, 88), "bolt", "bolt")
    assert (first.row.code, first.row.name_zh, first.row.severity) == (11, "螺栓1", Severity.CRITICAL)
    assert [data.complete(one) for one in data.pictures] == [True, False, True, False]
    assert data.pictures[0].labels == COMPLETE and data.groups == [one.picture.name for one in data.pictures]
    assert [(row.label, row.code) for row in data.catalogue.rows()][:2] == [("unknown_defect", 1), ("top_left", 11)]


def test_names_kinds_and_codes_have_defaults(root: Path) -> None:
    def bare(text: str) -> str:
        return re.sub(r'(kind|name_en|name_zh|severity|code) = ("[^"]*"|1[134])\n', "", text)

    edit(root / "rois.toml", bare)
    data = open_assembly(root)
    assert [roi.row.code for roi in data.rois] == [2, 12, 3, 4]
    assert data.rois[0].kind == data.rois[0].row.name_en == "top_left" and data.rois[0].row.severity is Severity.MAJOR


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.replace("[134, 104, 88, 88]", "[134, 104, 107, 88]"), "bottom_right in rois.toml reaches to 241"),
        (lambda t: t.replace("[134, 104, 88, 88]", "[134, 104, 88, 97]"), "reaches to 222,201, outside the pictures"),
        (lambda t: t.replace("[134, 104, 88, 88]", "[134, 104, 88, 15]"), "is 88x15; 16 pixels"),
        (lambda t: t.replace("[134, 104, 88, 88]", "[-1, 104, 88, 88]"), "wrong at roi bottom_right, box.0"),
        (lambda t: t.replace("code = 12", "code = 11"), "the code 11 2 times"),
        (lambda t: t.replace("code = 12", "code = 1"), "wrong at roi top_right, code"),
        (lambda t: t.replace('"top_right"', '"top_left"'), "the name 'top_left' 2 times"),
        (lambda t: t.replace('"top_right"', '"top right"'), "wrong at roi top right, name"),
        (lambda t: t.replace('"top_right"', '"unknown_defect"'), "rename it"),
        (lambda t: t.replace('expect = "bolt"', 'expect = "nut"', 1), "top_left in .* expects 'nut'"),
        (lambda t: t.replace('["bolt", "hole"]', '["bolt", "bolt", "hole"]'), "the class 'bolt' 2 times"),
        (lambda t: t.replace("expect", "expects", 1), "wrong at roi top_left, expect"),
        (lambda t: t + "[[roi", "cannot be understood"),
        (lambda t: 'classes = ["bolt"]', "wrong at roi: Field required"),
    ],
)
def test_wrong_regions_are_refused(root: Path, change: Change, says: str) -> None:
    edit(root / "rois.toml", change)
    with pytest.raises(BadData, match=says):
        open_assembly(root)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.replace("pictures/板001.png,top_left,", "pictures/板001.png,centre,"), "line 6 .* 'centre'"),
        (lambda t: t.replace("000.png,top_left,bolt", "000.png,top_left,bolts"), "line 2 .* label 'bolts'"),
        (lambda t: t + "pictures/板000.png,top_left,hole\n", "line 18 .* top_left of .* a second time"),
        (lambda t: t.replace("pictures/板000.png,top_left,bolt\n", ""), "no label for top_left of pictures/板000.png"),
        (lambda t: t.replace("000.png,top_left,bolt", "000.png,top_left"), "line 2 has 2 cells, the first line 3"),
        (
            lambda t: t.replace("000.png,top_left,bolt", "000.png,top_left,bolt,x"),
            "line 2 has 4 cells, the first line 3",
        ),
        (lambda t: t.replace("000.png,top_left,bolt", "000.png,top_left,"), "line 2 .* label ''"),
        (lambda t: re.sub(r".*板001.*\n", "", t), "1 pictures have no row in labels.csv: pictures/板001.png"),
        (lambda t: t.replace("picture,roi", "picture;roi"), "columns picture,roi,label"),
        (lambda t: t.replace("pictures/板001", "pictures/板999"), "1 pictures that are not in"),
    ],
)
def test_wrong_labels_are_refused(root: Path, change: Change, says: str) -> None:
    edit(root / "labels.csv", change)
    with pytest.raises(TrainingError, match=says):
        open_assembly(root)


def test_what_is_not_there_is_said(root: Path) -> None:
    (root / "labels.csv").unlink()
    with pytest.raises(NotThere, match=r"no labels\.csv"):
        open_assembly(root)
    (root / "rois.toml").unlink()
    with pytest.raises(NotThere, match=r"no rois\.toml"):
        open_assembly(root)


def test_a_broken_picture_and_other_sizes_are_refused(root: Path) -> None:
    path = root / "pictures" / "板000.png"
    whole = path.read_bytes()
    path.write_bytes(b"no picture")
    with pytest.raises(BadData, match="1 pictures cannot be used"):
        open_assembly(root)
    path.write_bytes(whole)
    small = cv2.resize(board(COMPLETE, 0), (120, 100))
    path.write_bytes(cv2.imencode(".png", small)[1].tobytes())
    with pytest.raises(BadData, match="2 sizes"):
        open_assembly(root)


def test_a_copy_is_left_out_and_may_not_contradict(root: Path) -> None:
    copy = root / "pictures" / "板900.png"
    copy.write_bytes((root / "pictures" / "板000.png").read_bytes())
    rows = [f"pictures/板900.png,{roi},bolt\n" for roi in ("top_left", "top_right", "bottom_left", "bottom_right")]
    edit(root / "labels.csv", lambda text: text + "".join(rows))
    data = open_assembly(root)
    assert len(data.pictures) == 4 and data.copies == (("pictures/板900.png", "pictures/板000.png"),)
    edit(root / "labels.csv", lambda text: text.replace("板900.png,top_left,bolt", "板900.png,top_left,hole"))
    with pytest.raises(BadData, match="same picture with different labels"):
        open_assembly(root)


def test_the_hash_tells_of_every_label_and_region(root: Path) -> None:
    before = open_assembly(root).sha256()
    edit(root / "labels.csv", lambda text: text.replace("000.png,top_left,bolt", "000.png,top_left,hole"))
    relabelled = open_assembly(root).sha256()
    edit(root / "rois.toml", lambda text: text.replace("code = 12", "code = 22"))
    assert len({before, relabelled, open_assembly(root).sha256()}) == 3

"""Masks and shapes that mark nothing, too much, or what is not there."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.fakes.looks import codes, look
from training.check.findings import Severity
from training.check.masks import (
    MaskFile,
    MaskLook,
    check_mask_files,
    check_masks,
    look_at_mask_files,
    look_at_masks,
)
from training.check.shapes import check_shapes
from training.data.marks import Mask, Raster, Shape, ShapeKind
from training.errors import BadData
from training.formats.item import Item, Source
from training.progress import Progress

SIZE = (640, 480)
FINE = MaskLook("dent/1.png", "dent", size=SIZE, share=0.01)


def quiet() -> Progress:
    return Progress(io.StringIO())


def mask_of(share: float, size: tuple[int, int] = (40, 50)) -> Callable[[], Mask]:
    def read() -> Mask:
        mask = np.zeros(size, np.bool_)
        mask.reshape(-1)[: round(share * mask.size)] = True
        return mask

    return read


def broken() -> Mask:
    raise BadData("the mask x.png is no readable picture; remove it or copy it again")


def test_masks_are_read_once_and_only_their_extent_is_kept() -> None:
    rasters = (Raster("dent", mask_of(0.25)), Raster("crack", mask_of(0.0)), Raster("chip", broken))
    source = Source(Path("/data"), "okng", (Item(Path("a"), "dent/1.png", ("dent",), rasters=rasters),), ("dent",))
    dent, crack, chip = look_at_masks(source, quiet())
    assert dent == MaskLook("dent/1.png", "dent", "", (50, 40), 0.25) and crack.share == 0.0
    assert "no readable picture" in chip.fault
    assert look_at_masks(Source(Path("/data"), "okng", (), ()), quiet()) == ()


def test_a_mask_that_fits_is_not_spoken_of() -> None:
    assert list(check_masks([look("dent/1.png", "dent")], [FINE])) == []


@pytest.mark.parametrize(
    ("mask", "code", "severity"),
    [
        (MaskLook("dent/1.png", "dent", "no picture"), "mask-unreadable", Severity.ERROR),
        (MaskLook("dent/1.png", "dent", "", (480, 640), 0.1), "mask-size", Severity.ERROR),
        (MaskLook("dent/1.png", "dent", "", SIZE, 0.0), "mask-empty", Severity.WARNING),
        (MaskLook("dent/1.png", "dent", "", SIZE, 0.95), "mask-full", Severity.WARNING),
    ],
)
def test_each_trouble_of_a_mask_is_told(mask: MaskLook, code: str, severity: Severity) -> None:
    (found,) = check_masks([look("dent/1.png", "dent")], [mask, FINE])
    assert (found.code, found.severity, found.pictures) == (code, severity, ("dent/1.png",))
    assert found.found.en.startswith("1 mask.")


def test_a_class_of_empty_masks_alone_is_asked_about_once_and_good_ones_are_fine() -> None:
    empty = [MaskLook(f"free/{at}.png", "free", size=SIZE) for at in range(3)]
    (found,) = check_masks([], [*empty, FINE])
    assert found.code == "class-unmarked" and found.remarks == (("free", "3"),) and found.pictures == ()
    assert list(check_masks([], [replace(mask, label="good") for mask in empty])) == []


def test_a_good_picture_with_something_marked_is_an_error() -> None:
    (found,) = check_masks([], [replace(FINE, label="good")])
    assert (found.code, found.severity) == ("good-marked", Severity.ERROR)


def test_the_mask_of_a_picture_that_cannot_be_read_has_no_size_to_fit() -> None:
    assert list(check_masks([look("dent/1.png", fault="is cut short")], [FINE])) == []


def painted(path: Path, values: list[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", np.array([values] * 10, np.uint8))[1].tobytes())


def test_files_of_masks_are_told_gray_lost_or_of_good(tmp_path: Path) -> None:
    painted(tmp_path / "ground_truth" / "dent" / "1.png", [0, 0, 255, 255])
    painted(tmp_path / "ground_truth" / "dent" / "2_mask.png", [0, 1, 1, 0])
    painted(tmp_path / "ground_truth" / "dent" / "gray.png", [0, 100, 200, 255])
    painted(tmp_path / "ground_truth" / "dent" / "1.second.png", [0, 0, 255, 255])
    painted(tmp_path / "ground_truth" / "good" / "1.png", [0, 0, 0, 255])
    painted(tmp_path / "ground_truth" / "good" / "2.png", [0, 0, 0, 0])
    (tmp_path / "ground_truth" / "dent" / "text.png").write_text("none")
    files = look_at_mask_files(tmp_path, quiet())
    assert {file.name.removeprefix("ground_truth/") for file in files if file.fault} == {"dent/text.png"}
    names = ("dent/1.png", "dent/2.jpg", "dent/gray.png", "test/good/1.png", "test/good/2.png")
    items = [Item(tmp_path / name, name) for name in names]
    named = frozenset({"ground_truth/dent/1.second.png"})
    found = {finding.code: finding.pictures for finding in check_mask_files(files, items, named)}
    assert found == {
        "mask-gray": ("ground_truth/dent/gray.png",),
        "mask-of-good": ("ground_truth/good/1.png",),
        "mask-without-picture": ("ground_truth/dent/text.png",),
    }


def test_without_masks_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert look_at_mask_files(tmp_path, quiet()) == ()
    assert (
        list(check_mask_files([MaskFile("ground_truth/dent/1.png")], [Item(Path("x"), "dent/1.png")], frozenset()))
        == []
    )


def box(left: float, top: float, right: float, bottom: float) -> Shape:
    return Shape("dent", ShapeKind.BOX, ((left, top), (right, bottom)))


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (box(600, 400, 700, 470), "shape-outside"),
        (box(-5, 0, 10, 10), "shape-outside"),
        (box(10, 10, 10, 30), "shape-flat"),
        (Shape("dent", ShapeKind.POLYGON, ((1, 1), (5, 1), (9, 1))), "shape-flat"),
    ],
)
def test_shapes_outside_or_without_area_are_told(shape: Shape, code: str) -> None:
    items = [Item(Path("x"), "dent/1.png", ("dent",), (shape, box(0, 0, 640.5, 480.5)))]
    (found,) = check_shapes([look("dent/1.png", "dent")], items)
    assert (found.code, found.pictures) == (code, ("dent/1.png",)) and found.remarks[0][0] == "dent/1.png"


def test_defects_marked_in_some_pictures_alone_are_a_note() -> None:
    marked = Item(Path("x"), "dent/1.png", ("dent",), (box(1, 1, 5, 5),))
    bare, good = Item(Path("x"), "dent/2.png", ("dent",)), Item(Path("x"), "good/1.png", ("good",))
    (found,) = check_shapes([], [marked, bare, good])
    assert (found.code, found.severity, found.pictures) == ("marks-missing", Severity.NOTE, ("dent/2.png",))
    assert "In 1 there are boxes alone" in found.found.en
    assert codes(list(check_shapes([], [bare, good]))) == []

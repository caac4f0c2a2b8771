"""No format makes a background, a picture in which there is nothing to find, of one that is not known to be good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.sources import box, painted, picture, polygon
from training.data.marks import Shape
from training.formats.backgrounds import in_picture
from training.formats.coco import Coco
from training.formats.item import Item, Source
from training.formats.voc import Voc
from training.formats.yolo import Yolo

SIZE = (40, 30)


def _items(root: Path) -> tuple[Item, ...]:
    said: dict[str, dict[str, object]] = {
        "good.png": {"labels": ("good",)},
        "marked.png": {"labels": ("crack", "pit"), "shapes": (box("crack", 1, 1, 5, 5),)},
        "empty mask.png": {"rasters": (painted("crack", SIZE),)},
        "labelled, empty mask.png": {"labels": ("crack",), "rasters": (painted("crack", SIZE),)},
        "beside.png": {"shapes": (polygon("crack", (50, 1), (60, 1), (60, 9)), box("pit", -9, -9, -2, -2))},
        "label.png": {"labels": ("crack",)},
        "no part.png": {"labels": ("empty",)},
        "nobody.png": {},
    }
    return tuple(
        Item(picture(root / name, seed), name, **facts)  # type: ignore[arg-type]
        for seed, (name, facts) in enumerate(said.items())
    )


def _coco(out: Path) -> set[str]:
    content = json.loads((out / "annotations" / "instances_default.json").read_text(encoding="utf-8"))
    marked = {row["image_id"] for row in content["annotations"]}
    return {Path(row["file_name"]).stem for row in content["images"] if row["id"] not in marked}


def _yolo(out: Path) -> set[str]:
    pictures = {path.stem for path in (out / "images").rglob("*.png")}
    return pictures - {path.stem for path in (out / "labels").rglob("*.txt") if path.read_text(encoding="utf-8")}


def _voc(out: Path) -> set[str]:
    return {path.stem for path in (out / "Annotations").rglob("*.xml") if "<object>" not in path.read_text("utf-8")}


@pytest.mark.parametrize(("form", "backgrounds"), [(Coco(), _coco), (Yolo(), _yolo), (Voc(), _voc)])
def test_only_good_pictures_become_backgrounds(form: Coco | Yolo | Voc, backgrounds: object, tmp_path: Path) -> None:
    source = Source(tmp_path, "made", _items(tmp_path / "raw"), ("crack", "pit"))
    notes = form.write(source, tmp_path / "out")
    assert callable(backgrounds) and backgrounds(tmp_path / "out") == {"good"}
    assert any(note.startswith("6 pictures without a mark that are not known to be good") for note in notes)
    assert any(note.startswith("1 pictures show a class that is marked nowhere") for note in notes)


@pytest.mark.parametrize(
    ("shape", "inside"),
    [
        (box("crack", 0, 0, 0, 0), True),
        (box("crack", -5, -5, 0, 0), True),
        (box("crack", 40, 30, 90, 90), True),
        (box("crack", -5, 0, -1, 9), False),
        (box("crack", 41, 0, 50, 9), False),
        (box("crack", 0, -5, 9, -1), False),
        (polygon("crack", (0, 31), (9, 31), (9, 40)), False),
    ],
)
def test_what_lies_beside_the_picture(shape: Shape, inside: bool) -> None:
    assert in_picture(shape, SIZE) is inside

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes.sources import painted, picture
from training.data.marks import Shape, ShapeKind, filled
from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.item import Item, Source
from training.formats.labelme import LabelMe
from training.formats.registry import recognise

BSDATA = Path(__file__).parents[5] / "shared/data/bsdata"

# What labelme 6.3.1 itself wrote with write_label_file (labelme/_label_file.py), shortened to one line a shape.
OWN: dict[str, Any] = {
    "version": "6.3.1",
    "flags": {"blurred": False, "reject": True},
    "shapes": [
        {
            "label": "scratch",
            "points": [[10.5, 3.25], [14.0, 3.0], [12.0, 9.75]],
            "group_id": None,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
            "mask": None,
        },
        {
            "label": "dent",
            "points": [[40.0, 20.0], [30.0, 12.5]],
            "group_id": 1,
            "shape_type": "rectangle",
            "flags": {},
        },
        {
            "label": "dent",
            "points": [[20.0, 30.0], [20.0, 34.0]],
            "group_id": None,
            "shape_type": "circle",
            "flags": {},
        },
        {
            "label": "stain",
            "points": [[50.0, 40.0], [54.0, 43.0]],
            "group_id": None,
            "shape_type": "mask",
            "flags": {},
            "mask": "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAEAQAAAABuSMjtAAAAEElEQVR4nGNoYPrAxMDAAQAIVAF9d/v1ugAAAABJRU5Erk"
            "Jggg==",
        },
        {"label": "burr", "points": [[5.0, 5.0]], "group_id": None, "shape_type": "point", "flags": {"deep": True}},
    ],
    "imagePath": "part 1.png",
    "imageData": None,
    "imageHeight": 48,
    "imageWidth": 64,
}


def read(root: Path, images: Path | None = None) -> Source:
    return LabelMe().read(root, ReadOptions(images=images))


def json_file(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def labelled(folder: Path, document: Any = OWN, name: str = "part 1.json") -> Path:
    part(folder / "part 1.png")
    return json_file(folder / name, document)


def part(path: Path) -> Path:
    return picture(path, 1, (64, 48))


def with_shape(**fields: object) -> dict[str, object]:
    shape = {"label": "scratch", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon", **fields}
    return {**OWN, "flags": {}, "shapes": [shape]}


def test_reads_what_labelme_wrote(tmp_path: Path) -> None:
    labelled(tmp_path)
    (item,) = read(tmp_path).items
    assert (item.name, item.labels) == ("part 1.png", ("reject", "burr"))
    scratch, dent, circle = item.shapes
    assert scratch == Shape("scratch", ShapeKind.POLYGON, ((10.5, 3.25), (14.0, 3.0), (12.0, 9.75)))
    assert dent == Shape("dent", ShapeKind.BOX, ((30.0, 12.5), (40.0, 20.0)))
    assert circle.bounds == pytest.approx((16, 26, 24, 34), abs=0.2)
    (stain,) = item.rasters
    mask = stain.read()
    assert mask.shape == (48, 64)
    assert mask[40:44, 50:55].tolist() == [[1, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 1]]
    assert mask.sum() == 8


def test_says_what_it_cannot_hold(tmp_path: Path) -> None:
    labelled(tmp_path)
    notes = "\n".join(read(tmp_path).notes)
    assert "1 circles became polygons" in notes
    assert "1 point marks have no area; their class became a label of the whole picture" in notes
    assert "group_id" in notes
    assert "have flags, which are left out" in notes


@pytest.mark.parametrize("kind", ["point", "points", "line", "linestrip"])
def test_a_mark_without_an_area_never_leaves_its_picture_unmarked(tmp_path: Path, kind: str) -> None:
    labelled(tmp_path, with_shape(shape_type=kind))
    assert read(tmp_path).items[0].classes == ("scratch",)


def test_a_picture_without_a_file_is_unlabelled(tmp_path: Path) -> None:
    labelled(tmp_path)
    part(tmp_path / "other.png")
    assert [item.classes for item in read(tmp_path).items if item.name == "other.png"] == [()]


def test_leaves_out_what_is_flagged_to_be_ignored(tmp_path: Path) -> None:
    labelled(tmp_path, {**OWN, "flags": {"__ignore__": True}})
    source = read(tmp_path)
    assert source.items == ()
    assert "1 pictures are flagged __ignore__" in source.notes[0]


@pytest.mark.parametrize(
    "said", ["../data/part 1.png", "C:\\Users\\li\\part 1.png", "/home/li/part 1.png", "part 1.png"]
)
def test_finds_a_picture_in_another_folder(tmp_path: Path, said: str) -> None:
    part(tmp_path / "data/part 1.png")
    json_file(tmp_path / "label/part 1.json", {**OWN, "imagePath": said})
    assert read(tmp_path).items[0].name == "data/part 1.png"


def test_a_picture_beside_its_file_goes_before_one_of_the_same_name(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        labelled(tmp_path / folder)
    assert [item.name for item in read(tmp_path).items] == ["a/part 1.png", "b/part 1.png"]


def test_two_files_about_one_picture_are_refused(tmp_path: Path) -> None:
    labelled(tmp_path)
    labelled(tmp_path, name="again.json")
    with pytest.raises(BadData, match=r"is about part 1.png, as .* is; make one of the two"):
        read(tmp_path)


def test_the_ambiguous_is_refused(tmp_path: Path) -> None:
    part(tmp_path / "x/part 1.png")
    part(tmp_path / "y/part 1.png")
    json_file(tmp_path / "label/part 1.json", OWN)
    with pytest.raises(BadData, match=r"may be x/part 1.png or y/part 1.png .*--images"):
        read(tmp_path)
    assert len(read(tmp_path / "label/part 1.json", tmp_path / "x").items) == 1


def _inside(folder: Path, content: bytes, **fields: object) -> Path:
    data = base64.b64encode(content).decode()
    return json_file(folder / "part 1.json", {**OWN, "imageData": data, **fields})


def test_takes_out_a_picture_that_is_only_inside(tmp_path: Path) -> None:
    content = part(tmp_path / "elsewhere.png").read_bytes()
    for folder in ("a", "b"):
        _inside(tmp_path / "labels" / folder, content, imagePath="..\\data\\part 1.png")
    items = read(tmp_path / "labels").items
    assert [item.name for item in items] == ["a/part 1.png", "b/part 1.png"]
    assert all(item.path.read_bytes() == content and len(item.shapes) == 3 for item in items)


def test_a_picture_on_disk_goes_before_the_one_inside(tmp_path: Path) -> None:
    beside = part(tmp_path / "part 1.png")
    _inside(tmp_path, b"\x89PNG nothing that could be read")
    assert read(tmp_path).items[0].path == beside


def test_a_picture_inside_gets_the_suffix_of_what_it_is(tmp_path: Path) -> None:
    content = part(tmp_path / "elsewhere.jpg").read_bytes()
    _inside(tmp_path / "labels", content, imagePath="part 1.bmp")
    assert read(tmp_path / "labels").items[0].name == "part 1.jpg"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"imageData": "%%%"}, "no PNG or JPEG in base64"),
        ({"imageData": "aGVsbG8="}, "no PNG or JPEG in base64"),
        ({"imagePath": "a\0.png"}, "cannot be a file's name"),
        ({"imagePath": ".."}, "leads out"),
        ({"imageWidth": 65}, "65x48 pixels, but part 1.png has 64x48"),
    ],
)
def test_refuses_a_picture_inside_with_a_sentence(tmp_path: Path, fields: dict[str, object], sentence: str) -> None:
    _inside(tmp_path / "labels", part(tmp_path / "elsewhere.png").read_bytes(), **fields)
    with pytest.raises(BadData, match=rf"part 1\.json.*{sentence}"):
        read(tmp_path / "labels")


def test_what_was_taken_out_goes_with_the_program(tmp_path: Path) -> None:
    _inside(tmp_path / "labels", part(tmp_path / "elsewhere.png").read_bytes())
    (tmp_path / "tmp").mkdir()
    program = (
        "import sys; from pathlib import Path; from training.formats.base import ReadOptions\n"
        "from training.formats.labelme import LabelMe\n"
        "print(LabelMe().read(Path(sys.argv[1]), ReadOptions()).items[0].path.is_file())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "labels"],
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "True\n"
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({**OWN, "imageWidth": 48, "imageHeight": 64}, "48x64 pixels, but part 1.png has 64x48; put the picture there"),
        ({**OWN, "imageWidth": 65}, "65x48 pixels, but part 1.png has 64x48; put the picture there"),
        ({**OWN, "imageHeight": -1}, "imageHeight"),
        ({**OWN, "imageHeight": 10**30}, "imageHeight"),
        ({**OWN, "shapes": {}}, "shapes"),
        ({**OWN, "imagePath": 7}, "imagePath"),
        ({**OWN, "imagePath": "../../etc/passwd"}, "not below"),
        ({**OWN, "imagePath": "a\0.png"}, r"'a\\x00.png', which is not below"),
        ({**OWN, "imagePath": ""}, "not below"),
        (with_shape(label=""), "label"),
        (with_shape(label=7), "label"),
        (with_shape(points=[[1, 1], [2, 2]]), "shape 1: a polygon needs three corners"),
        (with_shape(points=[[1, 1], [2, 2], [1e9, 3]]), "shape 1: a corner lies farther out"),
        (with_shape(points=[[1, 1, 1]]), "points"),
        (with_shape(shape_type="cuboid"), "shape 1: 'cuboid' with 3 points is unknown"),
        (with_shape(shape_type="circle", points=[[1, 1], [1, 1]]), "radius above zero"),
    ],
)
def test_refuses_with_a_sentence(tmp_path: Path, document: dict[str, object], sentence: str) -> None:
    labelled(tmp_path, document)
    with pytest.raises(BadData, match=sentence):
        read(tmp_path)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"mask": "%%%"}, "no base64"),
        ({"mask": "aGVsbG8="}, "no PNG"),
        ({"mask": None}, "no PNG"),
        ({"points": [[50, 40], [55, 43]]}, "not as large as its corners"),
        ({"points": [[62, 46], [66, 49]]}, "outside the picture"),
    ],
)
def test_refuses_a_mask_with_a_sentence(tmp_path: Path, fields: dict[str, object], sentence: str) -> None:
    painted = OWN["shapes"][3]
    labelled(tmp_path, {**OWN, "shapes": [{**painted, **fields}]})
    (raster,) = read(tmp_path).items[0].rasters
    with pytest.raises(BadData, match=f"shape 1: its mask.*{sentence}"):
        raster.read()


def test_another_json_is_told_apart(tmp_path: Path) -> None:
    labelled(tmp_path)
    other = json_file(tmp_path / "coco.json", {"images": [], "annotations": []})
    assert "1 JSON files are no LabelMe files and were not read (first: coco.json)" in read(tmp_path).notes
    with pytest.raises(BadData, match="no LabelMe file"):
        read(other)
    assert LabelMe().recognises(tmp_path)
    assert not LabelMe().recognises(other)


def test_a_mask_without_a_pixel_keeps_its_class(tmp_path: Path) -> None:
    item = Item(picture(tmp_path / "a.png", 1), "a.png", rasters=(painted("stain", (40, 30)),))
    (tmp_path / "out").mkdir()
    notes = LabelMe().write(Source(tmp_path, "made", (item,), ("stain",)), tmp_path / "out")
    assert notes == ("1 empty masks became a label of the whole picture (first: a.png)",)
    assert read(tmp_path / "out").items[0].labels == ("stain",)


def test_nothing_is_written_for_a_picture_that_nobody_labelled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    item = Item(picture(tmp_path / "a.png", 1), "a.png")
    LabelMe().write(Source(tmp_path, "made", (item,), ()), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "labels.txt"]


def test_classes_keep_the_order_of_labels_txt(tmp_path: Path) -> None:
    labelled(tmp_path)
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\nstain\nnever seen\n", encoding="utf-8")
    assert read(tmp_path).classes == ("stain", "never seen", "burr", "dent", "reject", "scratch")


def test_reads_the_ball_screws() -> None:
    assert recognise(BSDATA).name == "labelme"
    source = read(BSDATA)
    marked = [item for item in source.items if item.shapes]
    assert (len(source.items), len(marked), source.classes) == (1035, 325, ("Pitting",))
    assert sum(len(item.shapes) for item in marked) == 357
    assert not any(item.classes for item in source.items if not item.shapes)
    pixels = [filled(item.shapes, (1130, 460)) for item in marked[:5]]
    assert all(np.count_nonzero(mask) > 20 for mask in pixels)


def test_the_picture_that_was_marked_must_be_as_large(tmp_path: Path) -> None:
    labelled(tmp_path, {**OWN, "imageWidth": None, "imageHeight": None})
    assert read(tmp_path).items[0].rasters[0].read().shape == (48, 64)

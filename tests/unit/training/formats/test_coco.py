"""COCO: as published, as CVAT, Roboflow and Label Studio write it, and back through COCO's own reader."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from tests.fakes.sources import box, painted, picture, polygon, rich_source
from training.data.marks import ShapeKind, filled
from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.coco import Coco
from training.formats.item import Item, Source

SIZE = (40, 30)
# As https://cocodataset.org/#format-data prints it, with ids as they are published: with gaps, not from 1.
PUBLISHED: dict[str, object] = {
    "info": {"description": "COCO 2017 Dataset", "url": "http://cocodataset.org", "version": "1.0", "year": 2017},
    "licenses": [{"id": 1, "name": "Attribution License", "url": "http://creativecommons.org/licenses/by/2.0/"}],
    "images": [
        {
            "license": 1,
            "file_name": "000000397133.jpg",
            "coco_url": "http://images.cocodataset.org/val2017/000000397133.jpg",
            "height": 30,
            "width": 40,
            "date_captured": "2013-11-14 17:02:52",
            "id": 397133,
        },
        {"file_name": "000000037777.jpg", "height": 30, "width": 40, "id": 37777},
    ],
    "annotations": [
        {
            "segmentation": [[10.5, 3.0, 20.25, 3.0, 20.25, 12.0]],
            "area": 43.875,
            "iscrowd": 0,
            "image_id": 397133,
            "bbox": [10.5, 3.0, 9.75, 9.0],
            "category_id": 44,
            "id": 82445,
        },
        {
            "segmentation": {"counts": [300, 5, 25, 5, 865], "size": [30, 40]},
            "area": 10,
            "iscrowd": 1,
            "image_id": 397133,
            "bbox": [10, 0, 2, 5],
            "category_id": 1,
            "id": 900100397133,
        },
        {
            "segmentation": [[1, 1, 5, 1, 5, 5, 1, 5], [20, 20, 30, 20, 30, 25, 20, 25]],
            "area": 66,
            "iscrowd": 0,
            "image_id": 397133,
            "bbox": [1, 1, 29, 24],
            "category_id": 67,
            "id": 82446,
        },
    ],
    "categories": [
        {"supercategory": "furniture", "id": 67, "name": "dining table"},
        {"supercategory": "person", "id": 1, "name": "person"},
        {"supercategory": "kitchen", "id": 44, "name": "bottle"},
    ],
}


def published(root: Path, split: str = "val2017") -> Path:
    write(root / "annotations" / f"instances_{split}.json", PUBLISHED)
    for seed, name in enumerate(("000000397133.jpg", "000000037777.jpg")):
        picture(root / split / name, seed)
    return root


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def small(*annotations: Mapping[str, object], **image: object) -> dict[str, object]:
    """One picture, one class."""
    return {
        "images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 30} | image],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1} | dict(row) for row in annotations],
        "categories": [{"id": 1, "name": "crack"}],
    }


def read(root: Path, **options: Path) -> Source:
    assert Coco().recognises(root)
    return Coco().read(root, ReadOptions(**options))


def test_the_published_layout(tmp_path: Path) -> None:
    source = read(published(tmp_path))
    assert source.classes == ("person", "bottle", "dining table"), "in order of their ids"
    unmarked, marked = source.items
    assert (unmarked.name, unmarked.classes, unmarked.split) == ("000000037777.jpg", (), "val2017")
    assert marked.path == tmp_path / "val2017" / "000000397133.jpg"
    assert marked.shapes == (polygon("bottle", (10.5, 3.0), (20.25, 3.0), (20.25, 12.0)),)
    crowd, table = marked.rasters
    assert crowd.label == "person" and crowd.read()[:5, 10:12].all() and int(crowd.read().sum()) == 10
    rings = (
        polygon("", (1, 1), (5, 1), (5, 5), (1, 5)),
        polygon("", (20, 20), (30, 20), (30, 25), (20, 25)),
    )
    assert table.label == "dining table" and (table.read() == filled(rings, SIZE)).all()
    assert any("iscrowd are left out (1 annotations)" in note for note in source.notes)


def test_one_label_file_alone_finds_its_pictures(tmp_path: Path) -> None:
    published(tmp_path)
    write(tmp_path / "annotations" / "instances_train2017.json", PUBLISHED)
    with pytest.raises(BadData, match=r"instances_val2017.json: images\[0\] names .*--images"):
        Coco().read(tmp_path / "annotations" / "instances_val2017.json", ReadOptions(images=tmp_path / "annotations"))
    source = read(tmp_path / "annotations" / "instances_val2017.json")
    assert [item.split for item in source.items] == ["val2017", "val2017"]


def test_two_splits_may_give_two_pictures_one_name(tmp_path: Path) -> None:
    published(tmp_path)
    write(tmp_path / "annotations" / "instances_train2017.json", PUBLISHED)
    write(tmp_path / "annotations" / "captions_val2017.json", PUBLISHED)
    for seed, name in enumerate(("000000397133.jpg", "000000037777.jpg", "000000000001.jpg"), 9):
        picture(tmp_path / "train2017" / name, seed)
    source = read(tmp_path)
    assert [item.name for item in source.items] == [
        f"{split}2017/000000{number}.jpg" for split in ("train", "val") for number in ("037777", "397133")
    ]
    assert any("captions_val2017.json is left out" in note for note in source.notes)
    assert any("1 pictures are left out, for no label file names them: train2017" in note for note in source.notes)


def test_one_picture_in_two_splits_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "annotations" / "instances_train.json", small())
    write(tmp_path / "annotations" / "instances_val.json", small())
    picture(tmp_path / "images" / "a.png", 1)
    with pytest.raises(BadData, match=r"instances_val.json: images\[0\] names .*a.png, as .*instances_train.json"):
        Coco().read(tmp_path, ReadOptions())


@pytest.mark.parametrize(
    ("label_file", "folder", "file_name", "split"),
    [
        # CVAT: docs.cvat.ai, "COCO 1.0 export"; Roboflow: one _annotations.coco.json a split; Label Studio: result.json
        # with names as on Windows.
        ("annotations/instances_default.json", "images", "line 2/a.png", None),
        ("train/_annotations.coco.json", "train", "a.png", "train"),
        ("result.json", "images", "1\\a.png", None),
        ("annotations/train.json", "images/train", "a.png", "train"),
        ("划痕.json", "", "图.png", None),
    ],
)
def test_layouts_of_tools(tmp_path: Path, label_file: str, folder: str, file_name: str, split: str | None) -> None:
    write(tmp_path / label_file, small({"bbox": [1, 2, 3.5, 4], "segmentation": []}, file_name=file_name))
    picture(tmp_path / folder / file_name.replace("\\", "/"), 1)
    (item,) = read(tmp_path).items
    assert item.shapes == (box("crack", 1, 2, 4.5, 6),) and item.split == split
    assert item.name == file_name.replace("\\", "/")


def test_what_is_no_object_is_counted(tmp_path: Path) -> None:
    content = small(
        {"bbox": [1, 2, 3, 4], "keypoints": [1, 1, 2], "attributes": {"occluded": False}},
        {"bbox": [1, 2, 3, 4], "category_id": None},
        {"caption": "a crack", "category_id": None},
    )
    write(tmp_path / "a.json", content)
    picture(tmp_path / "a.png", 1)
    source = read(tmp_path)
    assert len(source.items[0].shapes) == 1
    for name in ("keypoints", "attributes", "captions", "annotations of no category"):
        assert f"{name} are left out (1 annotations)" in source.notes


def test_images_without_labels_are_read_as_unlabelled(tmp_path: Path) -> None:
    published(tmp_path)
    content: dict[str, object] = {"images": [{"id": 1, "file_name": "b.png"}], "categories": []}
    write(tmp_path / "annotations" / "image_info_test2017.json", content)
    picture(tmp_path / "test2017" / "b.png", 8)
    assert [(item.classes, item.split) for item in read(tmp_path).items if item.name == "b.png"] == [((), "test2017")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (small({"bbox": [1, 2, -3, 4]}), r"annotations\[0\]: a box needs left before right"),
        (small({"bbox": [1, 2, 3]}), "bbox of four numbers"),
        (small({}), "bbox of four numbers"),
        (small({"segmentation": [[1, 2, 3, 4]]}), "three corners"),
        (small({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}), "pairs of numbers"),
        (small({"segmentation": [[1, 2, 3, 4, 5, 1e12]]}), "farther out"),
        (small({"segmentation": [[1, 2, 3, 4, 5, 10**300]]}), "farther out"),
        (small({"segmentation": "0 1 2"}), "segmentation"),
        (small({"segmentation": {"size": [30, 40], "counts": "zz"}}), r"annotations\[0\]: the run lengths"),
        (small({"bbox": [1, 2, 3, 4], "image_id": 9}), "of the image 9, which the file does not have"),
        (small({"bbox": [1, 2, 3, 4], "category_id": 9}), "of the category 9, which the file does not have"),
        (small(file_name="../../etc/passwd.png"), "without .."),
        (small(file_name="/etc/passwd.png"), "outside the data set"),
        (small(file_name="C:\\a.png"), "outside the data set"),
        (small(file_name="a\0.png"), "cannot be a file's name"),
        (small(file_name=3), "file_name"),
        (small() | {"annotations": {}}, None),
        (small() | {"annotations": {"a": 1}}, "annotations is no list"),
        (small() | {"annotations": [3]}, r"annotations\[0\]"),
        (small() | {"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}, "an id of its own"),
        (small() | {"categories": [{"id": 1, "name": " "}]}, "has no name"),
        (small() | {"images": [{"id": 1, "file_name": "a.png"}] * 2}, r"images\[1\] has the id 1, as .*images\[0\]"),
        (
            small() | {"images": [{"id": number, "file_name": "a.png"} for number in (1, 2)]},
            r"images\[1\] names .*, as .*images\[0\] does",
        ),
    ],
)
def test_nonsense_is_refused_with_its_entry(tmp_path: Path, content: object, said: str | None) -> None:
    write(tmp_path / "labels.json", content)
    picture(tmp_path / "a.png", 1)
    if said is None:
        assert Coco().read(tmp_path / "labels.json", ReadOptions()).items
        return
    with pytest.raises(BadData, match=f"labels.json.*{said}"):
        Coco().read(tmp_path / "labels.json", ReadOptions())


def test_a_missing_picture_says_that_nothing_is_downloaded(tmp_path: Path) -> None:
    published(tmp_path)
    (tmp_path / "val2017" / "000000397133.jpg").unlink()
    with pytest.raises(BadData, match=r"000000397133.jpg.*downloads nothing from a coco_url"):
        Coco().read(tmp_path, ReadOptions())


def test_a_mask_of_another_size_than_its_picture_is_refused_when_it_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.json", small({"segmentation": {"size": [3, 2], "counts": [1, 5]}}))
    picture(tmp_path / "a.png", 1)
    (item,) = Coco().read(tmp_path, ReadOptions()).items
    with pytest.raises(BadData, match=r"annotations\[0\].*a.png.*a picture of 2x3 pixels"):
        item.rasters[0].read()


def test_other_json_is_not_taken_for_coco(tmp_path: Path) -> None:
    for name, content in (
        ("labelme.json", {"version": "5.0", "shapes": [], "imagePath": "a.png"}),
        ("tasks.json", [{"images": [], "annotations": []}]),
        ("a.json", {"images": {}, "annotations": 3}),
    ):
        write(tmp_path / name, content)
        assert not Coco().recognises(tmp_path) and not Coco().recognises(tmp_path / name)
    with pytest.raises(BadData, match="no label file of COCO"):
        Coco().read(tmp_path, ReadOptions())


def opened(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def test_cocos_own_reader_finds_the_same_pixels_and_boxes(tmp_path: Path) -> None:
    source = rich_source(tmp_path / "raw")
    Coco().write(source, tmp_path / "out")
    seen = 0
    for path in sorted((tmp_path / "out" / "annotations").glob("instances_*.json")):
        coco = opened(path)
        names = {key: row["name"] for key, row in coco.cats.items()}
        assert list(names.values()) == ["scratch", "crack", "stain"]
        for image in coco.imgs.values():
            (item,) = (item for item in source.items if item.name == image["file_name"])
            rows = coco.imgToAnns[image["id"]]
            assert (image["width"], image["height"]) == SIZE and len(rows) == len(item.shapes) + len(item.rasters)
            for row, shape in zip(rows, item.shapes, strict=False):
                left, top, right, bottom = shape.bounds
                assert names[row["category_id"]] == shape.label
                assert row["bbox"] == pytest.approx([left, top, right - left, bottom - top])
                if shape.kind is ShapeKind.POLYGON:
                    # COCO draws the outline of a polygon by a rule of its own: within a pixel of ours.
                    theirs, ours = coco.annToMask(row).astype(bool), filled([shape], SIZE)
                    assert not (theirs & ~ours).any() and row["area"] == pytest.approx(theirs.sum(), rel=0.15)
            for row, raster in zip(rows[len(item.shapes) :], item.rasters, strict=True):
                assert (coco.annToMask(row).astype(bool) == raster.read()).all() and row["area"] == raster.read().sum()
            seen += 1
    assert seen == 7


def test_no_picture_that_nobody_labelled_stands_where_trainers_take_it_for_a_background(tmp_path: Path) -> None:
    source = rich_source(tmp_path / "raw")
    notes = Coco().write(source, tmp_path / "out")
    annotations = tmp_path / "out" / "annotations"
    in_instances = {
        image["file_name"]: len(coco.imgToAnns[image["id"]])
        for coco in map(opened, annotations.glob("instances_*.json"))
        for image in coco.imgs.values()
    }
    backgrounds = {name for name, marks in in_instances.items() if not marks}
    assert backgrounds == {item.name for item in source.items if item.labels == ("good",)}
    assert any("5 pictures without a mark that are not known to be good" in note for note in notes)
    assert any("1 pictures show a class that is marked nowhere" in note for note in notes)


def test_an_object_of_several_rings_stays_one_and_keeps_its_pixels(tmp_path: Path) -> None:
    source = read(published(tmp_path / "raw"))
    Coco().write(source, tmp_path / "out")
    again = read(tmp_path / "out")
    assert again.classes == source.classes
    for before, after in zip(source.items, again.items, strict=True):
        assert (before.name, before.shapes, before.split) == (
            after.name,
            after.shapes,
            after.split,
        ) or not before.shapes
        assert [raster.label for raster in before.rasters] == [raster.label for raster in after.rasters]
        for one, other in zip(before.rasters, after.rasters, strict=True):
            assert np.array_equal(one.read(), other.read())


@pytest.mark.parametrize("split", ["a/b", "default", ".hidden", "x\ny"])
def test_a_split_that_can_be_no_file_is_refused(tmp_path: Path, split: str) -> None:
    item = Item(picture(tmp_path / "a.png", 1), "a.png", ("good",), split=split)
    with pytest.raises(BadData, match="the split"):
        Coco().write(Source(tmp_path, "made", (item,), ()), tmp_path / "out")


def test_a_mask_that_does_not_fit_its_picture_is_not_written(tmp_path: Path) -> None:
    item = Item(picture(tmp_path / "a.png", 1), "a.png", rasters=(painted("crack", (7, 5), (1, 1, 2, 2)),))
    with pytest.raises(BadData, match=r"a mask of a.png is not as large"):
        Coco().write(Source(tmp_path, "made", (item,), ("crack",)), tmp_path / "out")
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(BadData, match=r"b.png"):
        Coco().write(Source(tmp_path, "made", (Item(tmp_path / "b.png", "b.png"),), ()), tmp_path / "out2")

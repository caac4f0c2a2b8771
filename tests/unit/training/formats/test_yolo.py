"""YOLO: data.yaml in all its ways, Darknet's layout, backgrounds, and back as Ultralytics would read it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.fakes.sources import box, painted, picture, polygon, rich_source
from training.data.marks import Shape, ShapeKind, filled
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.item import Item, Source
from training.formats.yolo import Yolo, label_name

SIZE = (40, 30)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def read(root: Path, **options: Path) -> Source:
    assert Yolo().recognises(root)
    return Yolo().read(root, ReadOptions(**options))


def labelled(root: Path, name: str, lines: str, seed: int = 1) -> None:
    picture(root / name, seed)
    write(root / label_name(name), lines)


def one(root: Path, lines: str, more: str = "", size: tuple[int, int] = SIZE) -> Source:
    """A data set of one picture."""
    write(root / "data.yaml", f"train: images\nval: images\nnames: [crack, scratch]\n{more}")
    picture(root / "images" / "a.png", 1, size)
    write(root / "labels" / "a.txt", lines)
    return read(root)


def test_the_published_layout(tmp_path: Path) -> None:
    # docs.ultralytics.com/datasets/detect: coco8.yaml
    write(
        tmp_path / "coco8.yaml",
        "path: coco8 # dataset root dir\ntrain: images/train # 4 images\nval: images/val\ntest: # test images "
        "(optional)\n\n# Classes\nnames:\n  0: person\n  1: bicycle\n  2: car\n",
    )
    labelled(tmp_path, "images/train/000000000009.jpg", "2 0.5 0.5 0.25 0.2\n0 0.1 0.1 0.2 0.2\n", 1)
    labelled(tmp_path, "images/val/000000000036.jpg", "1 0.5 0.5 1 1", 2)
    first, second = read(tmp_path).items
    assert (first.name, first.split) == ("000000000009.jpg", "train")
    assert first.shapes == (box("car", 15, 12, 25, 18), box("person", 0, 0, 8, 6))
    assert (second.split, second.shapes) == ("val", (box("bicycle", 0, 0, 40, 30),))
    assert read(tmp_path / "coco8.yaml").classes == ("person", "bicycle", "car")


def test_polygons_as_the_documents_print_them(tmp_path: Path) -> None:
    # docs.ultralytics.com/datasets/segment
    lines = (
        "0 0.681 0.485 0.670 0.487 0.676 0.487\n"
        "1 0.504 0.000 0.501 0.004 0.498 0.004 0.493 0.010 0.492 0.0104\n"
        "0 0.5 0.5 0.1 0.1\n"
    )
    (item,) = one(tmp_path, lines, size=(1000, 500)).items
    assert item.shapes == (
        polygon("crack", (681, 242.5), (670, 243.5), (676, 243.5)),
        polygon("scratch", (504, 0), (501, 2), (498, 2), (493, 5), (492, 5.2)),
        box("crack", 450, 225, 550, 275),
    )


def test_key_points_are_counted_and_left_out(tmp_path: Path) -> None:
    source = one(tmp_path, "0 0.5 0.5 0.5 0.5 0.1 0.1 2 0.2 0.2 1\n", "kpt_shape: [2, 3]\n")
    assert source.items[0].shapes == (box("crack", 10, 7.5, 30, 22.5),)
    assert any("1 objects have key points" in note for note in source.notes)


@pytest.mark.parametrize(
    ("config", "folder", "splits"),
    [
        # Roboflow writes paths that start one folder too high; CVAT a list of pictures a split.
        ("train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnc: 1\nnames: ['0']", "{}/images", "tv"),
        ("path: ./\ntrain: train.txt\nval: valid.txt\nnames:\n  0: '0'", "images/{}", "tv"),
        ("path: /content/data\ntrain: [images/train]\nval: images\\valid\nnames: ['0']", "images/{}", "tv"),
        ("train: images\nval: images\nnames: [no]", "images/{}", ""),
    ],
)
def test_layouts_of_tools(tmp_path: Path, config: str, folder: str, splits: str) -> None:
    write(tmp_path / "data.yaml", config)
    for seed, split in enumerate(("train", "valid")):
        labelled(tmp_path, f"{folder.format(split)}/图 {split}.jpg", "0 0.5 0.5 0.5 0.5", seed)
        write(tmp_path / f"{split}.txt", f"./{folder.format(split)}/图 {split}.jpg\n")
    source = read(tmp_path)
    assert [item.split for item in source.items] == (["train", "val"] if splits else [None, None])
    assert source.classes == (("0",) if splits else ("no",)) and all(len(item.shapes) == 1 for item in source.items)


def test_darknets_layout_as_cvat_writes_it(tmp_path: Path) -> None:
    # docs.cvat.ai, "YOLO": obj.data, obj.names, obj_<subset>_data, train.txt
    write(tmp_path / "obj.data", "classes = 2\nnames = data/obj.names\ntrain = data/train.txt\nbackup = backup/\n")
    write(tmp_path / "obj.names", "cat\ndog\n")
    write(tmp_path / "train.txt", "data/obj_train_data/image1.jpg\nobj_train_data/image2.jpg\n")
    labelled(tmp_path, "obj_train_data/image1.jpg", "1 0.3 0.8 0.1 0.3\n1 0.7 0.2 0.3 0.1\n", 1)
    picture(tmp_path / "obj_train_data" / "image2.jpg", 2)
    first, second = read(tmp_path).items
    assert (first.name, first.split, len(first.shapes)) == ("obj_train_data/image1.jpg", "train", 2)
    assert (second.shapes, second.classes) == ((), ())


@pytest.mark.parametrize("folder", ["", "images/"])
def test_classes_txt_beside_the_labels(tmp_path: Path, folder: str) -> None:
    write(tmp_path / "classes.txt", "划痕\ncrack\n")
    labelled(tmp_path, f"{folder}a.png", "0 0.5 0.5 0.5 0.5")
    (item,) = read(tmp_path).items
    assert item.shapes == (box("划痕", 10, 7.5, 30, 22.5),) and item.split is None


def test_pictures_in_another_place(tmp_path: Path) -> None:
    write(tmp_path / "a" / "data.yaml", "train: nowhere\nval: nowhere\nnames: [crack]")
    write(tmp_path / "a" / "labels" / "x" / "1.txt", "0 0.5 0.5 0.5 0.5")
    picture(tmp_path / "b" / "x" / "1.png", 1)
    with pytest.raises(BadData, match="names 'nowhere'"):
        Yolo().read(tmp_path / "a", ReadOptions())
    (item,) = read(tmp_path / "a", images=tmp_path / "b").items
    assert item.name == "x/1.png" and item.path == tmp_path / "b" / "x" / "1.png" and len(item.shapes) == 1


def test_backgrounds_are_no_good_parts_until_somebody_says_so(tmp_path: Path) -> None:
    write(tmp_path / "data.yaml", "train: images\nval:\nnames: [crack]")
    labelled(tmp_path, "images/a.png", "\n")
    picture(tmp_path / "images" / "b.png", 2)
    source = read(tmp_path)
    assert all(item.classes == () for item in source.items)
    assert any("1 pictures have an empty label file and 1 have none" in note for note in source.notes)


def test_what_programs_round_is_taken_for_the_edge(tmp_path: Path) -> None:
    source = one(tmp_path, "0 0.5 0.5 1.0000008 1\n1 -0.0000004 0 1.000001 0 0.5 1\n0 0.9 0.5 0.4 0.2\n")
    assert source.items[0].shapes == (
        box("crack", 0, 0, 40, 30),
        polygon("scratch", (0, 0), (40, 0), (20, 30)),
        box("crack", 28, 12, 40, 18),
    )
    assert any("1 boxes reach over the picture's edge" in note for note in source.notes)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 0.5 0.5 0.5", "this line has 3"),
        ("0", "this line has 0"),
        ("0 0.5 0.5 0.5 0.5 0.9", "a score"),
        ("0 0.5 0.5 0.5 0.5 0.9 0.1 0.2", "this line has 7"),
        ("2 0.5 0.5 0.5 0.5", "no class 2: names has 2"),
        ("-1 0.5 0.5 0.5 0.5", "number of its class"),
        ("crack 0.5 0.5 0.5 0.5", "number of its class"),
        ("0.5 0.5 0.5 0.5 0.5", "number of its class"),
        ("9" * 5000 + " 0.5 0.5 0.5 0.5", "number of its class"),
        ("0 0.5 0.5 1.2 0.5", "outside of 0 to 1"),
        ("0 0.5 0.5 -0.2 0.5", "outside of 0 to 1"),
        ("0 250 100 20 30", "outside of 0 to 1"),
        ("0 0.1 0.1 0.2 0.2 3 0.3", "outside of 0 to 1"),
        ("0 nan 0.5 0.5 0.5", "outside of 0 to 1"),
        ("0 inf 0.5 0.5 0.5", "outside of 0 to 1"),
        ("0 1e999 0.5 0.5 0.5", "outside of 0 to 1"),
        ("0 0,5 0.5 0.5 0.5", "'0,5' is no number"),
    ],
)
def test_a_line_that_says_nonsense_is_refused_with_its_place(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(BadData, match=rf"labels/a.txt, line 2: .*{said}"):
        one(tmp_path, f"0 0.5 0.5 0.5 0.5\n{line}\n")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("train: images\nnames: {", "line 2: this is no YAML"),
        ("train: images\nnames:\n", "has no names"),
        ("train: images\nnames: crack", "has no names"),
        ("train: images\nnames: {a: crack}", "no number and name"),
        ("train: images\nnames: [[crack]]", "no number and name"),
        ("train: images\nnames: ['']", "no number and name"),
        ("train: {a: b}\nnames: [crack]", "train is no folder"),
        ("train: ../../etc\nnames: [crack]", "names '../../etc', which is not in"),
        ("train: /etc\nnames: [crack]", "names '/etc', which is not in"),
        ("path: ../..\ntrain: etc\nnames: [crack]", "names 'etc', which is not in"),
        ("train: images\nval: gone\nnames: [crack]", "names 'gone'"),
        ("train: list.txt\nnames: [crack]", "list.txt, line 1 .*without .."),
        ("train: gone.txt\nnames: [crack]", "names 'gone.txt'"),
        ("train: images\nnames: [crack]\nkpt_shape: 3", "kpt_shape"),
        ("train: images\nval: part.txt\nnames: [crack]", "images/a.png in train and in val"),
        ("train: [images, images]\nnames: [crack]", "images/a.png twice in train"),
        ("names: [crack]\ntrain: " + "[" * 100_000, "no YAML"),
        ("names: [crack]\nokng: [3]", "okng needs a list"),
        ("names: [crack]\nokng: [{folder: ../x}]", "without .."),
        ("names: [crack]\ntrain: !!python/object:os.system x", "names 'x'"),
        ("? [a]\n: b\nnames: [crack]\ntrain: x", "no YAML"),
    ],
)
def test_a_configuration_that_says_nonsense_is_refused(tmp_path: Path, config: str, said: str) -> None:
    write(tmp_path / "data.yaml", config)
    write(tmp_path / "list.txt", "../../etc/passwd.png\n")
    write(tmp_path / "part.txt", "images/a.png\n")
    picture(tmp_path / "images" / "a.png", 1)
    picture(tmp_path / "images" / "b.png", 2)
    with pytest.raises(BadData, match=f"{tmp_path}.*{said}"):
        Yolo().read(tmp_path, ReadOptions())


def test_a_bomb_of_aliases_stays_small(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    write(tmp_path / "data.yaml", "\n".join([*lines, "train: *a29", "names: *a29"]))
    with pytest.raises(BadData, match="no number and name"):
        Yolo().read(tmp_path, ReadOptions())


def test_a_label_file_without_its_picture_is_a_defect_that_went_missing(tmp_path: Path) -> None:
    one(tmp_path, "0 0.5 0.5 0.5 0.5")
    write(tmp_path / "labels" / "classes.txt", "crack\n")
    write(tmp_path / "labels" / "notes.txt", "2 cracks in lot 7\n")
    assert len(read(tmp_path).items) == 1
    write(tmp_path / "labels" / "gone.txt", "0 0.5 0.5 0.5 0.5")
    with pytest.raises(BadData, match=r"1 label files in .* have no picture: labels/gone.txt"):
        Yolo().read(tmp_path, ReadOptions())


def test_pictures_without_a_size_and_lists_without_pictures(tmp_path: Path) -> None:
    one(tmp_path, "0 0.5 0.5 0.5 0.5")
    (tmp_path / "images" / "a.png").write_bytes(b"no picture")
    with pytest.raises(BadData, match=r"images/a\.png"):
        Yolo().read(tmp_path, ReadOptions())
    write(tmp_path / "list.txt", "images/gone.png\n")
    write(tmp_path / "data.yaml", "train: list.txt\nnames: [crack]")
    with pytest.raises(BadData, match=r"list.txt, line 1: there is no images/gone.png"):
        Yolo().read(tmp_path, ReadOptions())


def test_what_is_no_yolo_is_not_taken_for_it(tmp_path: Path) -> None:
    write(tmp_path / "docker-compose.yaml", "services:\n  train: x\n")
    write(tmp_path / "classes.txt", "a\n")
    assert not Yolo().recognises(tmp_path) and not Yolo().recognises(tmp_path / "gone")
    with pytest.raises(BadData, match=r"no data.yaml"):
        Yolo().read(tmp_path, ReadOptions())
    for name in ("a.yaml", "b.yml"):
        write(tmp_path / name, "train: x\nnames: [a]")
    with pytest.raises(BadData, match=r"has a.yaml, b.yml; name the one"):
        Yolo().recognises(tmp_path)
    write(tmp_path / "dark" / "obj.data", "names = obj.names\n")
    with pytest.raises(NotThere, match=r"obj.names"):
        Yolo().read(tmp_path / "dark", ReadOptions())


def test_the_label_file_lies_where_ultralytics_looks(tmp_path: Path) -> None:
    for name, label in (
        ("images/a.png", "labels/a.txt"),
        ("images/train/images/a.b.png", "images/train/labels/a.b.txt"),
        ("my images/a.png", "my images/a.txt"),
        ("a.png", "a.txt"),
    ):
        assert label_name(name) == label


def as_ultralytics(path: Path, size: tuple[int, int]) -> list[tuple[int, list[float], np.ndarray | None]]:
    """(class, box, polygon) as Ultralytics' `verify_image_label` takes them: one long line makes all lines polygons."""
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    values = [[float(word) for word in line[1:]] for line in lines]
    assert all(0 <= value <= 1 for row in values for value in row)
    found = []
    for line, row in zip(lines, values, strict=True):
        if any(len(one) > 6 for one in lines):
            points = np.array(row).reshape(-1, 2) * size
            found.append((int(line[0]), [*points.min(axis=0), *points.max(axis=0)], points))
        else:
            x, y, width, height = row
            edges = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
            found.append((int(line[0]), list(edges * [*size, *size]), None))
    return found


def test_ultralytics_would_find_every_mark_and_no_false_background(tmp_path: Path) -> None:
    source = rich_source(tmp_path / "raw")
    notes = Yolo().write(source, tmp_path / "out")
    config = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text(encoding="utf-8"))
    assert config["names"] == {0: "scratch", 1: "crack", 2: "stain"}
    assert (config["train"], config["val"], config["test"]) == ("images/train", "images/train", "images/test")
    backgrounds = set()
    for item in source.items:
        found = list((tmp_path / "out" / "images").glob(f"*/{item.name}"))
        if not found:
            assert item.labels != ("good",) and not item.shapes and not item.rasters
            continue
        label = tmp_path / "out" / label_name(found[0].relative_to(tmp_path / "out").as_posix())
        rows = as_ultralytics(label, SIZE)
        for (number, edges, _), shape in zip(rows, item.shapes, strict=False):
            assert config["names"][number] == shape.label and edges == pytest.approx(shape.bounds)
        backgrounds |= set() if rows else {item.name}
    assert backgrounds == {item.name for item in source.items if item.labels == ("good",)}
    assert any("5 pictures without a mark" in note and "unlabelled/" in note for note in notes)
    assert any("no split for validation" in note for note in notes)
    assert any("images/unsplit" in note for note in notes)


def test_a_box_beside_a_polygon_comes_back_as_a_box_and_a_rectangle_as_a_polygon(tmp_path: Path) -> None:
    closed = polygon("stain", (1, 1), (9, 1), (9, 5), (1, 5), (1, 1))
    item = Item(
        picture(tmp_path / "a.png", 1),
        "a.png",
        shapes=(box("crack", 1.5, 2, 8, 9.25), closed, polygon("crack", (20, 3), (36, 5), (25, 24))),
        split="train",
    )
    Yolo().write(Source(tmp_path, "made", (item,), ("stain", "crack")), tmp_path / "out")
    (again,) = read(tmp_path / "out").items
    assert again.shapes == (item.shapes[0], Shape("stain", ShapeKind.POLYGON, closed.points[:-1]), item.shapes[2])
    assert (filled(again.shapes, SIZE) == filled(item.shapes, SIZE)).all()
    assert (again.name, again.split) == ("a.png", "train")


def test_marks_that_leave_the_picture_are_cut_to_the_pixel_and_named(tmp_path: Path) -> None:
    leaving = polygon("crack", (-10, -5), (20, 10), (60, 40))
    item = Item(picture(tmp_path / "a.png", 1), "a.png", shapes=(leaving, box("crack", -5, 2, 8, 90)))
    notes = Yolo().write(Source(tmp_path, "made", (item,), ("crack",)), tmp_path / "out")
    assert any("a.png" in note and "cut" in note for note in notes)
    (again,) = read(tmp_path / "out").items
    assert (filled(again.shapes, SIZE) == filled([leaving], SIZE)).all()
    assert again.shapes[-1] == box("crack", 0, 2, 8, 30)


def test_painted_pixels_come_back_as_polygons_of_the_same_pixels(tmp_path: Path) -> None:
    size = (1301, 977)
    spots = ((3, 4, 9, 12), (3, 4, 30, 5), (500, 500, 501, 501), (700, 100, 1301, 977))
    item = Item(picture(tmp_path / "a.png", 1, size), "a.png", rasters=(painted("crack", size, *spots),))
    Yolo().write(Source(tmp_path, "made", (item,), ("crack",)), tmp_path / "out")
    (again,) = read(tmp_path / "out").items
    assert (filled(again.shapes, size) == item.rasters[0].read()).all()


@pytest.mark.parametrize("split", ["unsplit", "a/b", ".."])
def test_a_split_that_can_be_no_folder_is_refused(tmp_path: Path, split: str) -> None:
    item = Item(picture(tmp_path / "a.png", 1), "a.png", ("good",), split=split)
    with pytest.raises(BadData, match="the split"):
        Yolo().write(Source(tmp_path, "made", (item,), ()), tmp_path / "out")


def test_splits_that_ultralytics_does_not_know_are_told_and_come_back(tmp_path: Path) -> None:
    items = tuple(
        Item(picture(tmp_path / f"{number}.png", number), f"{number}.png", ("good",), split=split)
        for number, split in enumerate(("calibration", "validation", "training", None))
    )
    notes = Yolo().write(Source(tmp_path, "made", items, ("crack",)), tmp_path / "out")
    config = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text(encoding="utf-8"))
    assert (config["train"], config["val"]) == ("images/training", "images/validation")
    assert sum("Ultralytics does not see" in note for note in notes) == 2
    assert [item.split for item in read(tmp_path / "out").items] == ["calibration", "validation", "training", None]

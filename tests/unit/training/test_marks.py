"""What is marked in a picture, and its line in annotations.jsonl."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.training.test_dataset import draw
from training.data.annotations import Annotation, annotations_text, read_annotations
from training.data.dataset import open_dataset
from training.data.marks import Shape, ShapeKind, filled
from training.data.masks import class_masks, defect_mask
from training.errors import BadData

SQUARE = ((2.0, 3.0), (6.0, 3.0), (6.0, 5.0), (2.0, 5.0))


def test_a_polygon_covers_the_pixels_inside_it_and_what_its_edge_touches() -> None:
    mask = filled([Shape("crack", ShapeKind.POLYGON, SQUARE)], (10, 8))
    assert mask.shape == (8, 10) and mask[3:5, 2:6].all()
    assert not mask[:2].any() and not mask[6:].any() and not mask[:, :1].any() and not mask[:, 8:].any()


def test_a_polygon_that_leaves_the_picture_is_cut_and_a_box_covers_nothing() -> None:
    outside = Shape("crack", ShapeKind.POLYGON, ((-50, -50), (4, -50), (4, 900), (-50, 900)))
    assert filled([outside], (10, 8))[:, :4].all()
    assert not filled([Shape("crack", ShapeKind.BOX, ((1, 1), (5, 5)))], (10, 8)).any()


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        (ShapeKind.POLYGON, ((0, 0), (1, 1))),
        (ShapeKind.POLYGON, ((0, 0), (1, 1), (float("nan"), 0))),
        (ShapeKind.POLYGON, ((0, 0), (1, 1), (1e12, 0))),
        (ShapeKind.BOX, ((5, 1), (2, 3))),
        (ShapeKind.BOX, ((5, 1),)),
    ],
)
def test_a_shape_that_cannot_be_drawn_is_refused(kind: ShapeKind, points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match=r"corner|box"):
        Shape("crack", kind, points)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for index in range(4):
        draw(tmp_path / "good" / f"{index}.png", index)
    draw(tmp_path / "crack" / "a.png", 10)
    return tmp_path


def write(root: Path, text: str) -> None:
    (root / "annotations.jsonl").write_text(text, encoding="utf-8")


LINE = """{"picture": "crack/a.png", "labels": ["crack", "scratch"], "tags": {"by": "李\u2028"}, "source": "x/y.JPG",
"shapes": [{"label": "crack", "kind": "polygon", "points": [[2,3],[6,3],[6,5],[2,5]]}],
"masks": [{"label": "scratch", "file": "ground_truth/crack/a.scratch.png"}]}""".replace("\n", "")


def test_a_line_survives_being_read_and_written(root: Path) -> None:
    write(root, LINE + "\n\n")
    read = read_annotations(root)
    write(root, annotations_text(read.values()))
    assert read_annotations(root) == read and read["crack/a.png"].tags == {"by": "李\u2028"}
    assert annotations_text([Annotation(picture="a.png")]) == '{"picture": "a.png"}\n'


def test_polygons_and_further_masks_become_masks_by_class(root: Path) -> None:
    painted = np.zeros((32, 40), np.uint8)
    painted[20:22, 30] = 255
    (root / "ground_truth" / "crack").mkdir(parents=True)
    (root / "ground_truth" / "crack" / "a.scratch.png").write_bytes(cv2.imencode(".png", painted)[1].tobytes())
    write(root, LINE)
    picture = open_dataset(root, min_good=4).defective[0]
    masks = class_masks(picture)
    assert picture.labels == ("crack", "scratch") and picture.marks.outlined
    assert set(masks) == {"crack", "scratch"} and int(masks["scratch"].sum()) == 2 and masks["crack"][4, 3]
    whole = defect_mask(picture)
    assert whole is not None and int(whole.sum()) == int(masks["crack"].sum()) + 2


def test_a_changed_shape_changes_the_hash_of_the_data(root: Path) -> None:
    write(root, LINE.split(', "masks"')[0].split('"masks"')[0].rstrip(",") + "}")
    before = open_dataset(root, min_good=4).sha256()
    write(root, (root / "annotations.jsonl").read_text(encoding="utf-8").replace("[6,5]", "[7,5]"))
    assert open_dataset(root, min_good=4).sha256() != before


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1"),
        ('{"labels": []}', "picture"),
        ('{"picture": "../../etc/passwd"}', "no path inside"),
        ('{"picture": "/etc/passwd"}', "no path inside"),
        ('{"picture": "crack/a.png", "masks": [{"label": "x", "file": "../../secret.png"}]}', "no path inside"),
        ('{"picture": "crack/a.png", "shapes": [{"label": "x", "kind": "box", "points": [[5,1],[2,3]]}]}', "a box"),
        ('{"picture": "crack/a.png", "size": 3}', "size"),
        ('{"picture": "crack/a.png"}\n{"picture": "crack/a.png"}', "line 2"),
        ('{"picture": "crack/gone.png"}', "not there"),
        ('{"picture": "good/1.png", "labels": ["crack"]}', "marks defects in good"),
    ],
)
def test_a_line_that_says_nonsense_is_refused_with_its_place(root: Path, line: str, said: str) -> None:
    write(root, line)
    with pytest.raises(BadData, match=said):
        open_dataset(root, min_good=4)


def test_what_nobody_labelled_is_never_trained_on_and_the_copy_beside_a_labelled_one(root: Path) -> None:
    before = open_dataset(root, min_good=4).sha256()
    draw(root / "unlabelled" / "z.png", 99)
    draw(root / "unlabelled" / "same.png", 10)
    data = open_dataset(root, min_good=4)
    assert [picture.name for picture in data.unlabelled] == ["unlabelled/z.png"]
    assert data.copies == (("unlabelled/same.png", "crack/a.png"),)
    assert len(data.pictures) == 5 and data.defects == ("crack",) and data.sha256() == before

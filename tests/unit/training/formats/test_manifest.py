from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.fakes.sources import box, painted, picture, polygon, turned_picture
from training.data.marks import filled
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.item import Item, Source
from training.formats.manifest import Manifest
from training.formats.registry import read_source

COOKIES = Path(__file__).parents[5] / "shared/data/aws_cookies"

# "Output data" of the SageMaker developer guide (sms-data-output), with its examples' pictures made small.
KIND = "groundtruth/"
SPECIES: dict[str, Any] = {
    "source-ref": "s3://AWSDOC-EXAMPLE-BUCKET/example_image.jpg",
    "species": "0",
    "species-metadata": {
        "class-name": "dog",
        "confidence": 0.00,
        "type": "groundtruth/image-classification",
        "job-name": "identify-animal-species",
        "human-annotated": "yes",
        "creation-date": "2018-10-18T22:18:13.527256",
    },
}
SEVERAL = {
    "source-ref": "s3://AWSDOC-EXAMPLE-BUCKET/example_image.jpg",
    "image-label-attribute-name": [1, 0, 8],
    "image-label-attribute-name-metadata": {
        "job-name": "labeling-job/image-label-attribute-name",
        "class-map": {"1": "bicycle", "0": "person", "8": "clothing"},
        "human-annotated": "yes",
        "creation-date": "2020-02-27T21:36:25.000201",
        "confidence-map": {"1": 0.95, "0": 0.77, "8": 0.2},
        "type": "groundtruth/image-classification-multilabel",
    },
}
BOXES = {
    "source-ref": "s3://AWSDOC-EXAMPLE-BUCKET/example_image.jpg",
    "bounding-box": {
        "image_size": [{"width": 500, "height": 400, "depth": 3}],
        "annotations": [
            {"class_id": 0, "left": 111, "top": 134, "width": 61, "height": 128},
            {"class_id": 5, "left": 161, "top": 250, "width": 30, "height": 30},
            {"class_id": 5, "left": 20, "top": 20, "width": 30, "height": 30},
        ],
    },
    "bounding-box-metadata": {
        "objects": [{"confidence": 0.8}, {"confidence": 0.9}, {"confidence": 0.9}],
        "class-map": {"0": "dog", "5": "bone"},
        "type": "groundtruth/object-detection",
        "human-annotated": "yes",
        "creation-date": "2018-10-18T22:18:13.527256",
        "job-name": "identify-dogs-and-toys",
    },
}
ADJUSTED = {
    "adjusted-bounding-box": {
        "image_size": [{"width": 500, "height": 400, "depth": 3}],
        "annotations": [{"class_id": 0, "left": 110, "top": 135, "width": 61, "height": 128}],
    },
    "adjusted-bounding-box-metadata": {
        "objects": [{"confidence": 0.8}],
        "class-map": {"0": "dog", "5": "bone"},
        "type": "groundtruth/object-detection",
        "human-annotated": "yes",
        "creation-date": "2018-11-20T22:18:13.527256",
        "job-name": "adjust-bounding-boxes-on-dogs-and-toys",
        "adjustment-status": "adjusted",
    },
}
VERIFIED = {
    "verify-bounding-box": "1",
    "verify-bounding-box-metadata": {
        "class-name": "bad",
        "confidence": 0.93,
        "type": "groundtruth/label-verification",
        "job-name": "verify-bounding-boxes",
        "human-annotated": "yes",
        "creation-date": "2018-11-20T22:18:13.527256",
        "worker-feedback": [{"comment": "The bird on the upper right is not labeled."}],
    },
}
STREETS = {
    "source-ref": "s3://AWSDOC-EXAMPLE-BUCKET/example_image.jpg",
    "city-streets-ref": "s3://AWSDOC-EXAMPLE-BUCKET/annotations/example_mask.png",
    "city-streets-ref-metadata": {
        "internal-color-map": {
            "0": {"class-name": "BACKGROUND", "confidence": 0.9, "hex-color": "#ffffff"},
            "1": {"class-name": "buildings", "confidence": 0.9, "hex-color": "#2acf59"},
            "2": {"class-name": "road", "confidence": 0.9, "hex-color": "#f28333"},
        },
        "type": "groundtruth/semantic-segmentation",
        "human-annotated": "yes",
        "creation-date": "2018-10-18T22:18:13.527256",
        "job-name": "label-city-streets",
    },
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    picture(tmp_path / "example_image.jpg", 1, (500, 400))
    return tmp_path


def read(root: Path, *lines: Any, images: Path | None = None) -> Source:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (root / "output.manifest").write_text(text, encoding="utf-8")
    return Manifest().read(root / "output.manifest", ReadOptions(images=images))


def one(root: Path, *lines: Any) -> Item:
    (item,) = read(root, *lines).items
    return item


def mask(root: Path, pixels: np.ndarray[Any, Any]) -> Path:
    path = root / "annotations/example_mask.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


def test_reads_a_class(root: Path) -> None:
    assert one(root, SPECIES).labels == ("dog",)


def test_reads_several_classes(root: Path) -> None:
    assert one(root, SEVERAL).labels == ("bicycle", "person", "clothing")


def test_reads_boxes(root: Path) -> None:
    assert one(root, BOXES).shapes == (
        box("dog", 111, 134, 172, 262),
        box("bone", 161, 250, 191, 280),
        box("bone", 20, 20, 50, 50),
    )


def test_what_was_adjusted_counts(root: Path) -> None:
    source = read(root, {**BOXES, **ADJUSTED})
    assert source.items[0].shapes == (box("dog", 110, 135, 171, 263),)
    assert "adjusted by a later job" in source.notes[0]


def test_says_what_was_called_bad(root: Path) -> None:
    source = read(root, {**BOXES, **VERIFIED})
    assert len(source.items[0].shapes) == 3
    assert "1 pictures have labels that a verification job called bad" in source.notes[0]


@pytest.mark.parametrize("metadata", ["city-streets-ref-metadata", "city-streets-metadata"])
def test_reads_masks_by_colour(root: Path, metadata: str) -> None:
    pixels = np.full((400, 500, 3), 255, np.uint8)
    pixels[10:20, 30:40] = (0x59, 0xCF, 0x2A)
    pixels[50:60, 30:70] = (0x33, 0x83, 0xF2)
    mask(root, pixels)
    line = {key: value for key, value in STREETS.items() if not key.endswith("-metadata")}
    item = one(root, {**line, metadata: STREETS["city-streets-ref-metadata"]})
    assert {raster.label: int(raster.read().sum()) for raster in item.rasters} == {"buildings": 100, "road": 400}
    assert item.rasters[0].read()[10:20, 30:40].all()


def test_a_class_of_the_map_without_a_pixel_is_not_in_the_picture(root: Path) -> None:
    pixels = np.full((400, 500, 3), 255, np.uint8)
    pixels[0, 0] = (0x33, 0x83, 0xF2)
    mask(root, pixels)
    assert one(root, STREETS).classes == ("road",)


def test_reads_masks_of_class_numbers(root: Path) -> None:
    pixels = np.zeros((400, 500), np.uint8)
    pixels[5, :3] = 2
    mask(root, pixels)
    (road,) = one(root, STREETS).rasters
    assert (road.label, int(road.read().sum())) == ("road", 3)


def test_reads_transparency_as_no_mark(root: Path) -> None:
    pixels = np.zeros((400, 500, 4), np.uint8)
    pixels[5, :4] = (0x33, 0x83, 0xF2, 0)
    pixels[5, :4, 3] = (0, 127, 128, 255)
    mask(root, pixels)
    assert int(one(root, STREETS).rasters[0].read().sum()) == 2


def test_an_unknown_colour_is_refused(root: Path) -> None:
    pixels = np.full((400, 500, 3), 255, np.uint8)
    pixels[3, 7] = (1, 2, 3)
    mask(root, pixels)
    with pytest.raises(BadData, match=r"line 1: .*example_mask.png has the colour #030201 at 7,3"):
        read(root, STREETS)


def test_a_mask_of_another_size_is_refused(root: Path) -> None:
    pixels = np.full((40, 50, 3), 255, np.uint8)
    pixels[3, 7] = (0x33, 0x83, 0xF2)
    mask(root, pixels)
    (road,) = one(root, STREETS).rasters
    with pytest.raises(BadData, match="has 50x40 pixels, its picture 500x400"):
        road.read()


def test_a_mask_that_is_no_picture_is_refused(root: Path) -> None:
    mask(root, np.zeros((1, 1), np.uint8)).write_bytes(b"no picture")
    with pytest.raises(BadData, match="no readable picture"):
        read(root, STREETS)


def test_anomaly_says_nothing_beside_a_defect(root: Path) -> None:
    anomaly = {"a": 1, "a-metadata": {"class-name": "anomaly", "type": f"{KIND}image-classification"}}
    assert one(root, {**BOXES, **anomaly}).labels == ()
    assert one(root, {"source-ref": "example_image.jpg", **anomaly}).labels == ("anomaly",)


def test_a_picture_called_normal_and_marked_is_refused(root: Path) -> None:
    normal = {"a": 0, "a-metadata": {"class-name": "normal", "type": f"{KIND}image-classification"}}
    read(root, {**BOXES, **normal})
    with pytest.raises(BadData, match="said to be good or empty and to show something else"):
        read_source(root / "output.manifest", "manifest", ReadOptions())


@pytest.mark.parametrize(("marked", "classes"), [(True, ("normal", "cracked")), (False, ("normal",))])
def test_the_pixels_say_whether_a_good_picture_is_marked(root: Path, marked: bool, classes: tuple[str, ...]) -> None:
    pixels = np.zeros((400, 500, 3), np.uint8)
    if marked:
        pixels[3, 7] = (0x33, 0x83, 0xF2)
    mask(root, pixels)
    about = {"internal-color-map": {"0": {"class-name": "cracked", "hex-color": "#F28333"}}}
    line = {
        "source-ref": "example_image.jpg",
        "a": 0,
        "a-metadata": {"class-name": "normal", "type": f"{KIND}image-classification"},
        "m-ref": "example_mask.png",
        "m-ref-metadata": {**about, "type": f"{KIND}semantic-segmentation"},
    }
    assert one(root, line).classes == classes


def test_reads_further_remarks(root: Path) -> None:
    item = one(root, {**SPECIES, "split": "train", "group": "lot 7", "camera": "2", "speed": 7})
    assert (item.split, item.group, dict(item.tags)) == ("train", "lot 7", {"camera": "2"})


def test_tells_failed_and_automatic_labels(root: Path) -> None:
    failed = {"source-ref": "example_image.jpg", "species-metadata": {"failure-reason": "timed out"}}
    source = read(root, failed)
    assert source.items[0].classes == ()
    assert "1 labelling jobs failed" in source.notes[0]
    machine = {**SPECIES, "species-metadata": {**SPECIES["species-metadata"], "human-annotated": "no"}}
    assert "1 labels were given by a machine" in read(root, machine).notes[0]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({"source": "The food was delicious"}, "needs source-ref"),
        ("[1]", "needs source-ref"),
        ('{"source-ref": "a', "this is no JSON"),
        ({**SPECIES, "species-metadata": 7}, "species-metadata: "),
        ({**SPECIES, "species-metadata": {"type": f"{KIND}image-classification"}}, "needs a class-name"),
        ({**SPECIES, "species-metadata": {"type": f"{KIND}video-object-detection"}}, "says nothing of a still"),
        ({**SPECIES, "source-ref": "s3://bucket/other.jpg"}, "is not below"),
        ({**SPECIES, "source-ref": "../../../etc/passwd"}, "is not below"),
        ({**SEVERAL, "image-label-attribute-name": [7]}, "the class 7, which its class-map does not name"),
        ({**BOXES, "bounding-box": {"annotations": [{"class_id": 0}]}}, "annotations.0.left"),
        ({**STREETS, "city-streets-ref": "nowhere.png"}, "is not below"),
        ({**STREETS, "city-streets-ref": None}, "city-streets-ref: value"),
    ],
)
def test_refuses_with_the_line(root: Path, line: Any, sentence: str) -> None:
    with pytest.raises(BadData, match=f"output.manifest, line 2.*{sentence}"):
        read(root, "", line)


@pytest.mark.parametrize(
    ("sides", "sentence"),
    [({"width": -7}, "box 1: a box needs left before right"), ({"left": 1e8}, "box 1: a corner lies farther out")],
)
def test_refuses_an_impossible_box(root: Path, sides: dict[str, float], sentence: str) -> None:
    row = {"class_id": 0, "left": 1, "top": 1, "width": 5, "height": 5, **sides}
    with pytest.raises(BadData, match=sentence):
        read(root, {**BOXES, "bounding-box": {"annotations": [row]}})


def test_refuses_boxes_of_another_picture(root: Path) -> None:
    picture(root / "example_image.jpg", 1, (400, 500))
    with pytest.raises(BadData, match=r"marks a picture of 500x400 pixels, but example_image.jpg has 400x500"):
        read(root, BOXES)


def test_refuses_boxes_and_masks_on_a_picture_that_exif_turns(root: Path) -> None:
    turned_picture(root / "example_image.jpg", 3, (500, 400))
    bare = {"annotations": [{"class_id": 0, "left": 1, "top": 1, "width": 5, "height": 5}]}
    pixels = np.zeros((400, 500), np.uint8)
    pixels[5, :3] = 2
    mask(root, pixels)
    for line in ({**BOXES, "bounding-box": bare}, STREETS):
        with pytest.raises(BadData, match=r"line 1: EXIF turns example_image\.jpg"):
            read(root, line)
    assert one(root, SPECIES).labels == ("dog",)


def test_refuses_two_lines_about_one_picture(root: Path) -> None:
    with pytest.raises(BadData, match=r"line 2 is about example_image.jpg, as .*line 1 is"):
        read(root, SPECIES, SPECIES)


def test_the_longest_common_end_of_a_path_decides(tmp_path: Path) -> None:
    for name in ("train/example_image.jpg", "test/example_image.jpg"):
        picture(tmp_path / name, 1)
    assert one(tmp_path, {**SPECIES, "source-ref": "s3://b/x/test/example_image.jpg"}).name == "test/example_image.jpg"
    with pytest.raises(BadData, match=r"may be test/example_image.jpg or train/example_image.jpg"):
        read(tmp_path, SPECIES)


def test_a_folder_must_hold_one_manifest(root: Path) -> None:
    read(root, SPECIES)
    assert len(Manifest().read(root, ReadOptions()).items) == 1
    (root / "other.manifest").write_text("")
    with pytest.raises(BadData, match=r"holds 2 manifests \(other.manifest, output.manifest\); name one"):
        Manifest().read(root, ReadOptions())
    with pytest.raises(NotThere, match=r"no \*.manifest"):
        Manifest().read(picture(root / "sub/a.png", 1).parent, ReadOptions())
    with pytest.raises(NotThere, match="--images"):
        read(root, SPECIES, images=root / "nowhere")


def test_writes_polygons_as_pixels_and_classes_that_overlap_apart(tmp_path: Path) -> None:
    corners = polygon("scratch", (2, 2), (20, 2), (20, 12.5))
    stain = painted("stain", (40, 30), (10, 5, 30, 12))
    item = Item(picture(tmp_path / "raw/a.png", 1), "a.png", (), (corners,), (stain,))
    out = tmp_path / "out"
    out.mkdir()
    Manifest().write(Source(tmp_path, "made", (item,), ("scratch", "stain")), out)
    assert sorted(path.name for path in (out / "masks").iterdir()) == ["a-2.png", "a.png"]
    (again,) = Manifest().read(out, ReadOptions()).items
    masks = {raster.label: raster.read() for raster in again.rasters}
    assert np.array_equal(masks["scratch"], filled([corners], (40, 30)))
    assert np.array_equal(masks["stain"], stain.read())


def test_a_remark_never_takes_the_place_of_a_label(tmp_path: Path) -> None:
    tags = {"label": "x", "boxes-metadata": "y", "line": "3"}
    item = Item(picture(tmp_path / "raw/a.png", 1), "a.png", ("crack",), tags=tags)
    out = tmp_path / "out"
    out.mkdir()
    notes = Manifest().write(Source(tmp_path, "made", (item,), ("crack",)), out)
    assert sum("a name that a manifest uses itself" in note for note in notes) == 2
    (again,) = Manifest().read(out, ReadOptions()).items
    assert (again.labels, dict(again.tags)) == (("crack",), {"line": "3"})


@pytest.mark.parametrize(
    # Pictures to test with, and masks that a manifest does not use.
    ("name", "defect", "left_out"),
    [("train_class", "anomaly", 55), ("train_segmentation", "cracked", 23)],
)
def test_reads_the_cookies(name: str, defect: str, left_out: int) -> None:
    source = read_source(COOKIES / f"{name}.manifest", None, ReadOptions())
    assert len(source.items) == 63
    assert sum(item.classes == ("good",) for item in source.items) == 31
    assert sum(item.classes == (defect,) for item in source.items) == 32
    (note,) = source.notes
    assert note.startswith(f"{left_out} pictures are left out, for no label file names them: ")


def test_reads_the_masks_of_the_cookies() -> None:
    source = read_source(COOKIES / "train_segmentation.manifest", None, ReadOptions())
    masks = {item.path.stem: item.rasters[0].read() for item in source.items[:3]}
    assert all(found.shape == (768, 576) for found in masks.values())
    # As Pillow counts the pixels of #23A436 that are at least half opaque.
    assert {stem: int(found.sum()) for stem, found in masks.items()} == {
        "anomaly-1": 7676,
        "anomaly-10": 8601,
        "anomaly-11": 5312,
    }

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.fakes.sources import box, painted, picture, polygon
from training.data.marks import ShapeKind
from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.brush import packed
from training.formats.item import Item, Source
from training.formats.label_studio import LabelStudio
from training.formats.label_studio_writing import write_tasks
from training.formats.registry import read_source, recognise
from training.formats.tally import Tally

# "Label Studio JSON format of annotated tasks" (labelstud.io/guide/task_format), with a second annotation's fields.
MOONWALKER: dict[str, Any] = {
    "id": 1,
    "created_at": "2021-03-09T21:52:49.513742Z",
    "updated_at": "2021-03-09T22:16:08.746926Z",
    "project": 83,
    "data": {"image": "https://example.com/opensource/label-studio/1.jpg"},
    "annotations": [
        {
            "id": "1001",
            "result": [
                {
                    "from_name": "tag",
                    "id": "Dx_aB91ISN",
                    "source": "$image",
                    "to_name": "img",
                    "type": "rectanglelabels",
                    "value": {
                        "height": 10.458911419423693,
                        "rectanglelabels": ["Moonwalker"],
                        "rotation": 0,
                        "width": 12.4,
                        "x": 50.8,
                        "y": 5.869797225186766,
                    },
                }
            ],
            "was_cancelled": False,
            "ground_truth": False,
            "created_at": "2021-03-09T22:16:08.728353Z",
            "updated_at": "2021-03-09T22:16:08.728378Z",
            "lead_time": 4.288,
            "result_count": 0,
            "task": 1,
            "completed_by": 10,
        }
    ],
    "predictions": [
        {
            "created_ago": "3 hours",
            "model_version": "model 1",
            "result": [
                {
                    "from_name": "tag",
                    "id": "t5sp3TyXPo",
                    "source": "$image",
                    "to_name": "img",
                    "type": "rectanglelabels",
                    "value": {
                        "height": 11.612284069097889,
                        "rectanglelabels": ["Moonwalker"],
                        "rotation": 0,
                        "width": 39.6,
                        "x": 13.2,
                        "y": 34.702495201535505,
                    },
                }
            ],
        }
    ],
}


def read(root: Path, *tasks: Any, images: Path | None = None) -> Source:
    (root / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
    return LabelStudio().read(root / "export.json", ReadOptions(images=images))


def region(kind: str, label: str = "crack", **value: object) -> dict[str, object]:
    size = {"original_width": 40, "original_height": 30, "image_rotation": 0}
    return {"id": "r1", "type": kind, **size, "value": {**value, kind: [label]}}


def choices(*labels: str) -> dict[str, object]:
    return {"id": "c1", "type": "choices", "value": {"choices": list(labels)}}


def annotated(*results: object, **fields: object) -> dict[str, object]:
    return {"result": list(results), "was_cancelled": False, **fields}


def task(*annotations: object, **data: object) -> dict[str, object]:
    return {"id": 7, "data": {"image": "a.png", **data}, "annotations": list(annotations)}


def one(root: Path, *results: object) -> Item:
    picture(root / "a.png", 1)
    (item,) = read(root, task(annotated(*results))).items
    return item


def test_reads_the_example_of_the_documentation(tmp_path: Path) -> None:
    picture(tmp_path / "1.jpg", 1, (500, 937))
    source = read(tmp_path, MOONWALKER)
    (shape,) = source.items[0].shapes
    assert (shape.label, shape.kind) == ("Moonwalker", ShapeKind.BOX)
    assert np.allclose(shape.bounds, (254, 55, 316, 153), atol=1e-3)
    assert source.notes == (f"1 predictions are no labels; they were left out (first: {tmp_path}/export.json, task 1)",)


def test_reads_polygons_and_choices(tmp_path: Path) -> None:
    points = [[25, 10], [50, 10], [37.5, 20]]
    item = one(tmp_path, region("polygonlabels", points=points, closed=True), choices("reject", "greasy"))
    assert item.shapes == (polygon("crack", (10, 3), (20, 3), (15, 6)),)
    assert item.labels == ("reject", "greasy")


def test_turns_a_rectangle_about_its_left_top_corner(tmp_path: Path) -> None:
    place = {"x": 50, "y": 10, "width": 25, "height": 10, "rotation": 90}
    (shape,) = one(tmp_path, region("rectanglelabels", **place)).shapes
    assert shape.kind is ShapeKind.POLYGON
    assert np.allclose(shape.points, [(20, 3), (20, 13), (17, 13), (17, 3)])


def test_an_ellipse_becomes_a_polygon(tmp_path: Path) -> None:
    (shape,) = one(tmp_path, region("ellipselabels", x=50, y=50, radiusX=25, radiusY=10, rotation=0)).shapes
    assert np.allclose(shape.bounds, (10, 12, 30, 18), atol=0.2)


def test_reads_brush_strokes(tmp_path: Path) -> None:
    mask = painted("x", (40, 30), (3, 4, 9, 12)).read()
    (raster,) = one(tmp_path, region("brushlabels", format="rle", rle=list(packed(mask)))).rasters
    assert (raster.label, np.array_equal(raster.read(), mask)) == ("crack", True)


def test_a_region_may_have_several_labels(tmp_path: Path) -> None:
    row = region("rectanglelabels", x=10, y=10, width=10, height=10)
    row["value"] = {**row["value"], "rectanglelabels": ["crack", "rust"]}
    assert [shape.label for shape in one(tmp_path, row).shapes] == ["crack", "rust"]


def test_a_region_and_its_labels_come_as_one(tmp_path: Path) -> None:
    """<Rectangle> with <Labels>, and a <Choices perRegion> and a text about it."""
    place = {"x": 25, "y": 10, "width": 25, "height": 10, "rotation": 0}
    bare = {**region("rectangle", **place), "value": place}
    item = one(
        tmp_path,
        bare,
        region("labels", **place),
        {**bare, "type": "choices", "value": {**place, "choices": ["deep"]}},
        {**bare, "type": "textarea", "value": {**place, "text": ["see there"]}},
    )
    assert item.shapes == (box("crack", 10, 3, 20, 6),)
    assert item.labels == ()


@pytest.mark.parametrize(
    "result",
    [
        region("keypointlabels", x=10, y=10, width=1),
        region("bitmasklabels", imageDataURL="data:image/png;base64,AAAA"),
        region("vectorlabels", vertices=[]),
        region("timeserieslabels", start=1),
        {"type": "taxonomy", "value": {"taxonomy": [["damage", "crack"]]}},
    ],
)
def test_what_is_no_area_never_leaves_its_picture_unmarked(tmp_path: Path, result: object) -> None:
    item = one(tmp_path, result)
    assert (item.labels, item.shapes) == (("crack",), ())


def test_says_which_answers_it_leaves_out(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    source = read(tmp_path, task(annotated({"type": "textarea", "value": {"text": ["hm"]}}), weights=[1]))
    assert any("answers of the kind 'textarea' name no class" in note for note in source.notes)
    assert any("entries 'weights' in data are no text" in note for note in source.notes)
    assert any("were submitted without a mark" in note for note in source.notes)


def test_further_data_is_remarks(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    (item,) = read(tmp_path, task(split="train", group="lot 7", shift="night")).items
    assert (item.split, item.group, dict(item.tags)) == ("train", "lot 7", {"shift": "night"})


def test_skipped_drafts_and_predictions_are_no_labels(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    row = task(annotated(choices("good"), was_cancelled=True))
    row |= {"drafts": [annotated(choices("good"))], "predictions": [{"result": [choices("good")]}]}
    source = read(tmp_path, row)
    assert source.items[0].classes == ()
    assert len(source.notes) == 3


def test_the_latest_of_equal_answers_counts(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    early = annotated(region("rectanglelabels", x=0, y=0, width=50, height=50), updated_at="2024-01-01T10:00:00Z")
    late = annotated(region("rectanglelabels", x=0, y=0, width=25, height=10), updated_at="2024-01-02T10:00:00Z")
    source = read(tmp_path, task(late, early))
    assert source.items[0].shapes == (box("crack", 0, 0, 10, 3),)
    assert "have several annotations" in source.notes[0]


def test_the_ground_truth_counts_before_the_latest(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    starred = annotated(choices("crack"), ground_truth=True, updated_at="2024-01-01T10:00:00Z")
    late = annotated(choices("good"), updated_at="2024-01-02T10:00:00Z")
    assert read(tmp_path, task(starred, late)).items[0].labels == ("crack",)


@pytest.mark.parametrize("latest", [annotated(choices("good")), annotated()])
def test_annotators_who_disagree_are_never_settled_by_time(tmp_path: Path, latest: dict[str, object]) -> None:
    picture(tmp_path / "a.png", 1)
    first = annotated(choices("crack"), updated_at="2024-01-01T10:00:00Z")
    with pytest.raises(BadData, match=r"in 1 tasks the annotators disagree: .*task 7 \(crack or .*\); star the right"):
        read(tmp_path, task(first, {**latest, "updated_at": "2024-01-02T10:00:00Z"}))


@pytest.mark.parametrize(
    "said",
    [
        "/data/upload/12/1a2b3c4d-line_2_划痕.png",
        "/data/upload/12/1a2b3c4d-line_2_%E5%88%92%E7%97%95.png",
        "/data/local-files/?d=raw%2Fline%202%20%28%E5%88%92%E7%97%95%29.png",
        "http://localhost:8080/data/local-files/?d=raw/line 2 (划痕).png",
        "s3://bucket/raw/line 2 (划痕).png",
        "gs://bucket/line 2 (划痕).png",
        "https://b.s3.amazonaws.com/raw/line%202%20%28%E5%88%92%E7%97%95%29.png?X-Amz-Signature=0",
        "raw\\line 2 (划痕).png",
    ],
)
def test_finds_a_picture_whatever_became_of_its_name(tmp_path: Path, said: str) -> None:
    picture(tmp_path / "mine/line 2 (划痕).png", 1)
    row = {"data": {"image": said}, "annotations": []}
    assert read(tmp_path, row, images=tmp_path / "mine").items[0].name == "line 2 (划痕).png"


def test_a_picture_that_no_task_names_is_told(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    picture(tmp_path / "b.png", 2)
    assert read(tmp_path, task()).notes == ("1 pictures are left out, for no label file names them: b.png",)


def test_an_upload_that_may_be_two_pictures_is_refused(tmp_path: Path) -> None:
    for name in ("a 1.png", "a_1.png", "x/a_1.png"):
        picture(tmp_path / name, 1)
    with pytest.raises(BadData, match=r"may be a_1\.png or x/a_1\.png"):
        read(tmp_path, {"data": {"image": "/data/upload/1/1a2b3c4d-a_1.png"}})
    for name in ("a_1.png", "x/a_1.png"):
        (tmp_path / name).rename(tmp_path / name.replace("_1", "(_1)"))
    with pytest.raises(BadData, match="is not below"):
        read(tmp_path, {"data": {"image": "/data/upload/1/1a2b3c4d-a_1.png"}})


def test_reads_json_min(tmp_path: Path) -> None:
    """As `prettify_result` of label_studio_sdk 2.1.2 makes it."""
    picture(tmp_path / "a.png", 1)
    place = {"x": 25, "y": 10, "width": 25, "height": 10, "rotation": 0, "rectanglelabels": ["crack"]}
    row = {
        "image": "/data/upload/1/1a2b3c4d-a.png",
        "id": 1,
        "lot": "7",
        "label": [{**place, "original_width": 40, "original_height": 30}],
        "choice": "reject",
        "remark": "a text",
        "annotator": 1,
        "annotation_id": 3,
        "created_at": "2024-01-01T10:00:00Z",
        "updated_at": "2024-01-01T10:00:00Z",
        "lead_time": 2.5,
    }
    source = read(tmp_path, row)
    (item,) = source.items
    assert (item.labels, item.shapes) == (("reject",), (box("crack", 10, 3, 20, 6),))
    assert dict(item.tags) == {"lot": "7", "remark": "a text"}
    with pytest.raises(BadData, match="annotators disagree"):
        read(tmp_path, row, {**row, "choice": {"choices": ["good", "spot"]}, "annotation_id": 4})


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ({**region("rectanglelabels", x=1, y=1, width=1, height=1), "image_rotation": 90}, "turned by 90 degrees"),
        ({**region("rectanglelabels", x=1, y=1, width=1, height=1), "original_width": 30}, "of 30x30 pixels"),
        (region("rectanglelabels", x=1, y=1, width=-1, height=1), "a box needs left before right"),
        (region("rectanglelabels", x="a", y=1, width=1, height=1), "result 1: x: "),
        (region("rectanglelabels", x=1e9, y=1, width=1, height=1), "result 1: x: "),
        (region("rectanglelabels", y=1, width=1, height=1, x=None), "result 1: x: "),
        (region("rectanglelabels", label="", x=1, y=1, width=1, height=1), "labels.0"),
        (region("polygonlabels", points=[[1, 1], [2, 2]]), "needs three corners"),
        (region("polygonlabels", points=[[1, 1], [2, 2], [3]]), "points.2"),
        (region("ellipselabels", x=1, y=1, radiusX=0, radiusY=1), "radius above zero"),
        (region("brushlabels", rle=[256]), "rle.0"),
        ({"type": "rectangle", "value": {"x": 1, "y": 1, "width": 1, "height": 1}}, "a region without a label"),
        ({"type": "choices", "value": {"choices": [7]}}, "choices.0"),
        (7, "annotations.0.result.0"),
    ],
)
def test_refuses_a_result_with_its_task(tmp_path: Path, result: object, sentence: str) -> None:
    with pytest.raises(BadData, match=f"export.json, task 7.*{sentence}"):
        one(tmp_path, result)


@pytest.mark.parametrize("rle", [[], [0, 0, 0, 80, 57], [0, 0, 18, 192, 255, 255, 255, 255]])
def test_refuses_damaged_brush_strokes_with_their_task(tmp_path: Path, rle: list[int]) -> None:
    (raster,) = one(tmp_path, region("brushlabels", format="rle", rle=rle)).rasters
    with pytest.raises(BadData, match=r"task 7, result 1: its brush strokes are .*; correct it in Label Studio"):
        raster.read()


@pytest.mark.parametrize(
    ("tasks", "sentence"),
    [
        ([7], "is no list of tasks"),
        ([{"data": {}}], "has no picture in its data"),
        ([{"data": {"one": "a.png", "two": "b.png"}}], r"has 2 pictures \(one, two\)"),
        ([{"data": {"image": "data:image/png;base64,AAAA"}}], "holds its picture inside"),
        ([{"data": {"image": "b.png"}}], "is not below"),
        ([{"data": {"image": "../../../etc/passwd"}}], "is not below"),
        ([{"data": {"image": "/data/local-files/?d=../../etc/passwd"}}], "is not below"),
        ([{"data": {"image": "http://["}}], "is not below"),
        ([{"data": []}], "data: "),
        ([{"id": 1, "data": {"image": "a.png"}}, {"id": 2, "data": {"image": "a.png"}}], "task 2 is about a.png, as"),
    ],
)
def test_refuses_a_task_with_a_sentence(tmp_path: Path, tasks: list[Any], sentence: str) -> None:
    picture(tmp_path / "a.png", 1)
    with pytest.raises(BadData, match=f"export.json.*{sentence}"):
        read(tmp_path, *tasks)


def test_one_task_alone_is_no_export(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(json.dumps(MOONWALKER), encoding="utf-8")
    with pytest.raises(BadData, match="is no list of tasks; export it from Label Studio as JSON"):
        LabelStudio().read(tmp_path / "export.json", ReadOptions())


def test_is_told_from_other_json(tmp_path: Path) -> None:
    picture(tmp_path / "1.jpg", 1)
    read(tmp_path, MOONWALKER)
    assert recognise(tmp_path).name == recognise(tmp_path / "export.json").name == "label_studio"
    (tmp_path / "export.json").write_text('{"data": [], "annotations": []}')
    assert not LabelStudio().recognises(tmp_path)


def _written(folder: Path, item: Item) -> Path:
    out = folder / "out"
    out.mkdir()
    LabelStudio().write(Source(folder, "made", (item,), ("rust", "crack")), out)
    return out


def test_writes_an_interface_with_every_class(tmp_path: Path) -> None:
    out = _written(tmp_path, Item(picture(tmp_path / "a.png", 1), "a.png", ('<"划痕">',)))
    view = ElementTree.parse(out / "config.xml").getroot()
    labels = ["rust", "crack", '<"划痕">']
    assert [one.get("value") for one in view.iter("Choice")] == labels
    for tag in ("RectangleLabels", "PolygonLabels", "BrushLabels"):
        assert [one.get("value") for one in view.iterfind(f"{tag}/Label")] == labels


def test_every_answer_has_its_control_in_the_interface(tmp_path: Path) -> None:
    marks = (box("rust", 1, 2, 3, 4), polygon("crack", (1, 1), (9, 1), (9, 9)))
    stain = painted("crack", (40, 30), (10, 5, 30, 12))
    out = _written(tmp_path, Item(picture(tmp_path / "a.png", 1), "a.png", ("bad",), marks, (stain,)))
    controls = {one.get("name"): one.tag.lower() for one in ElementTree.parse(out / "config.xml").getroot()}
    (row,) = json.loads((out / "tasks.json").read_text(encoding="utf-8"))
    results = row["annotations"][0]["result"]
    assert len(results) == 4
    assert all(controls[one["from_name"]] == one["type"] and one["to_name"] == "image" for one in results)


def test_a_remark_never_takes_the_place_of_the_picture(tmp_path: Path) -> None:
    item = Item(picture(tmp_path / "a.png", 1), "a.png", tags={"image": "x", "split": "y", "shift": "night"})
    (again,) = LabelStudio().read(_written(tmp_path, item), ReadOptions()).items
    assert (again.name, again.split, dict(again.tags)) == ("a.png", None, {"shift": "night"})


def test_what_a_model_marked_is_a_prediction_and_never_read_as_a_label(tmp_path: Path) -> None:
    item = Item(picture(tmp_path / "images/a.png", 1), "a.png", ("crack",), (box("crack", 1, 2, 3, 4),))
    write_tasks([(item, "images/a.png")], tmp_path, Tally(), model="lid 3")
    (row,) = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    assert row["annotations"] == []
    assert row["predictions"][0]["model_version"] == "lid 3"
    assert [one["type"] for one in row["predictions"][0]["result"]] == ["choices", "rectanglelabels"]
    assert read_source(tmp_path, None, ReadOptions()).items[0].classes == ()


def test_a_mask_without_a_pixel_keeps_its_class(tmp_path: Path) -> None:
    item = Item(picture(tmp_path / "a.png", 1), "a.png", rasters=(painted("stain", (40, 30)),))
    assert LabelStudio().read(_written(tmp_path, item), ReadOptions()).items[0].labels == ("stain",)

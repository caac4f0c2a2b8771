"""Tasks as Label Studio imports them, and the labelling interface that shows them.

`config.xml` goes into the project's labelling interface, `tasks.json` into its import. Label Studio reads the pictures
where they are if it is started with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and
LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT set to the folder of both, and `images/` added to the project as local storage.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from training.data.marks import Shape, ShapeKind
from training.formats.brush import packed
from training.formats.item import Item, Source
from training.formats.label_studio_names import LOCAL
from training.formats.sizes import size_of
from training.formats.tally import Tally
from training.formats.xml_entries import writable

TASKS, CONFIG = "tasks.json", "config.xml"
SPLIT, GROUP = "split", "group"
_PICTURE = "image"
_CLASS = "class"
_TAGS = {"box": "RectangleLabels", "polygon": "PolygonLabels", "brush": "BrushLabels"}
_RESERVED = frozenset({_PICTURE, SPLIT, GROUP})


def write_tasks(placed: Iterable[tuple[Item, str]], folder: Path, tally: Tally, model: str | None = None) -> None:
    """Write `tasks.json`. `placed`: pictures with their places below the folder.

    `model`: who marked them, where nobody looked at it: the marks become predictions, which Label Studio shows as
    suggestions and never counts as labels.
    """
    rows = []
    for number, (item, name) in enumerate(placed, 1):
        results = list(_results(item, f"{number}", tally))
        annotations = [{"result": results, "was_cancelled": False, "ground_truth": False}] if results else []
        data = {_PICTURE: f"{LOCAL}?d={quote(name)}", **_data(item, tally)}
        task: dict[str, object] = {"id": number, "data": data, "annotations": annotations, "predictions": []}
        if model is not None:
            task |= {"annotations": [], "predictions": [{"model_version": model, "result": results}] if results else []}
        rows.append(json.dumps(task, ensure_ascii=False))
    (folder / TASKS).write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


def write_config(source: Source, folder: Path) -> None:
    """Write `config.xml` with every class of the data set.

    Raises:
        BadData: a class cannot be written into XML.
    """
    labels = dict.fromkeys([*source.classes, *(label for item in source.items for label in item.classes)])
    view = Element("View")
    SubElement(view, "Image", {"name": _PICTURE, "value": f"${_PICTURE}", "zoom": "true"})
    choices = SubElement(view, "Choices", {"name": _CLASS, "toName": _PICTURE, "choice": "multiple"})
    for label in labels:
        SubElement(choices, "Choice", {"value": writable(label, "the class")})
    for name, tag in _TAGS.items():
        marks = SubElement(view, tag, {"name": name, "toName": _PICTURE})
        for label in labels:
            SubElement(marks, "Label", {"value": label})
    indent(view)
    (folder / CONFIG).write_text(tostring(view, encoding="unicode") + "\n", encoding="utf-8")


def _data(item: Item, tally: Tally) -> dict[str, str]:
    places = {SPLIT: item.split, GROUP: item.group}
    data = {key: value for key, value in places.items() if value is not None}
    for key, value in item.tags.items():
        if key in _RESERVED:
            tally.add(f"remarks {key!r}", "have a name that the tasks use themselves; they were left out", item.name)
        else:
            data[key] = value
    return data


def _results(item: Item, task: str, tally: Tally) -> Iterator[dict[str, object]]:
    width, height = size_of(item.path) if item.shapes or item.rasters else (0, 0)
    about = {"original_width": width, "original_height": height, "image_rotation": 0}
    labels, regions = list(item.labels), []
    for shape in item.shapes:
        regions.append((shape.kind.value, shape.label, _place(shape, (width, height))))
    for raster in item.rasters:
        mask = raster.read()
        if mask.any():
            regions.append(("brush", raster.label, {"format": "rle", "rle": list(packed(mask))}))
        else:
            labels.append(raster.label)
            tally.add("empty masks", "became a label of the whole picture", item.name)
    if labels:
        value = {"choices": list(dict.fromkeys(labels))}
        yield {"id": f"{task}-0", "from_name": _CLASS, "to_name": _PICTURE, "type": "choices", "value": value}
    for number, (name, label, place) in enumerate(regions, 1):
        kind = _TAGS[name].lower()
        head = {"id": f"{task}-{number}", "from_name": name, "to_name": _PICTURE, "type": kind}
        yield {**head, **about, "value": {**place, kind: [label]}}


def _place(shape: Shape, size: tuple[int, int]) -> dict[str, object]:
    width, height = size
    if shape.kind is ShapeKind.POLYGON:
        return {"points": [[x * 100 / width, y * 100 / height] for x, y in shape.points], "closed": True}
    left, top, right, bottom = shape.bounds
    sides = {"width": (right - left) * 100 / width, "height": (bottom - top) * 100 / height}
    return {"x": left * 100 / width, "y": top * 100 / height, **sides, "rotation": 0}

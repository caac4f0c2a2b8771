"""Manifests of Amazon SageMaker Ground Truth, Rekognition Custom Labels and Lookout for Vision: a JSON object a line.

    {"source-ref": "s3://bucket/train/001.jpg",
     "anomaly-label": 1,      "anomaly-label-metadata": {"class-name": "anomaly", "type": "groundtruth/…"}
     "boxes": {"annotations": [{"class_id": 0, "left": 111, "top": 134, "width": 61, "height": 128}], …},
                              "boxes-metadata": {"class-map": {"0": "crack"}, "type": "groundtruth/…"}
     "masks-ref": "s3://…",   "masks-ref-metadata": {"internal-color-map": {…}, "type": "groundtruth/…"}}

The attributes may have any name; their metadata's `type` says what they are ("Output data" in the developer guide of
SageMaker). Where a later job adjusted an attribute, the adjusted one counts. A class `anomaly` says no more than that
something is wrong: it is left out where the line names the defect too. Texts without metadata are `split`, `group` and
further remarks. Pictures that no line names are not part of the data set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import numpy as np

from training.data.marks import Mask, ShapeKind, filled
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.copying import Copies
from training.formats.hostile import read_json_lines
from training.formats.item import Fact, Item, Source
from training.formats.lookup import IMAGES, Lookup, picture_folder
from training.formats.manifest_lines import BOXES, CLASS, CLASSES, KIND, MASK, MASK_ENDING, METADATA, PICTURE, Lines
from training.formats.manifest_masks import BACKGROUND, BACKGROUND_COLOUR, colour_of, layers, png_of
from training.formats.peek import begins_with, label_files
from training.formats.sizes import picture_size
from training.formats.tally import Tally

SUFFIX = ".manifest"
MASKS = "masks"
_LABEL, _BOX, _MASK = "label", "boxes", "masks"
_SPLIT, _GROUP = "split", "group"


class Manifest:
    name = "manifest"
    holds = frozenset(Fact) - {Fact.POLYGON, Fact.REGIONS}

    def recognises(self, root: Path) -> bool:
        return any(begins_with(path, b'"source-ref"') for path in label_files(root, SUFFIX))

    def read(self, root: Path, options: ReadOptions) -> Source:
        manifest, tally = _manifest(root), Tally()
        pictures = Lookup(picture_folder(root, options))
        beside = options.images or manifest.parent
        lines = Lines(pictures, pictures if beside == pictures.base else Lookup(beside), tally)
        read = [lines.item(document, where) for where, document in read_json_lines(manifest)]
        items = tuple(sorted(read, key=lambda item: item.name))
        classes = sorted({label for item in items for label in item.classes})
        return Source(root, self.name, items, tuple(classes), (*tally.sentences(), *pictures.left_out()))

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        copies, tally = Copies(folder), Tally()
        numbers = list(dict.fromkeys([*source.classes, *(label for item in source.items for label in item.classes)]))
        lines = []
        for item in source.items:
            new = copies.add(item, f"{IMAGES}/{PurePosixPath(item.name).parent}".removesuffix("/."))
            line = _Line(item, folder, new, numbers).document(tally)
            lines.append(json.dumps(line, ensure_ascii=False) + "\n")
        (folder / f"dataset{SUFFIX}").write_text("".join(lines), encoding="utf-8")
        remedy = (
            f"{PICTURE} and masks are relative to this folder; put s3://BUCKET/ before them once they are in a bucket"
        )
        return (*copies.notes(), *tally.sentences(), remedy)


def _manifest(root: Path) -> Path:
    if root.is_file():
        return root
    found = sorted(label_files(root, SUFFIX))
    if not found:
        raise NotThere(f"there is no *{SUFFIX} below {root}; name the file")
    if len(found) > 1:
        names = ", ".join(path.relative_to(root).as_posix() for path in found[:5])
        raise BadData(f"{root} holds {len(found)} manifests ({names}); name one of them instead of the folder")
    return found[0]


class _Line:
    """One picture's line; its masks are written on the way."""

    def __init__(self, item: Item, folder: Path, name: str, numbers: list[str]) -> None:
        self._item, self._folder, self._name, self._numbers = item, folder, name, numbers
        taken = (folder / name).stat().st_mtime
        self._about = {
            "human-annotated": "yes",
            "creation-date": datetime.fromtimestamp(taken, UTC).replace(tzinfo=None).isoformat(timespec="microseconds"),
        }

    def document(self, tally: Tally) -> dict[str, object]:
        item, masks = self._item, self._masks()
        empty = [raster.label for raster in item.rasters if raster.label not in masks]
        tally.add("empty masks", "became a label of the whole picture", item.name, len(empty))
        line: dict[str, object] = {PICTURE: self._name}
        line |= self._classes(list(dict.fromkeys([*item.labels, *empty])))
        line |= self._boxes()
        for number, layer in enumerate(layers(masks), 1):
            line |= self._layer(layer, number)
        line |= {name: value for name, value in ((_SPLIT, item.split), (_GROUP, item.group)) if value is not None}
        for name, value in item.tags.items():
            if name in line or name in (_SPLIT, _GROUP) or name.endswith((METADATA, MASK_ENDING)):
                tally.add(f"remarks {name!r}", "have a name that a manifest uses itself; they were left out", item.name)
            else:
                line[name] = value
        return line

    def _masks(self) -> dict[str, Mask]:
        """Class → pixels of its polygons and masks; only of classes that have any."""
        polygons = [shape for shape in self._item.shapes if shape.kind is ShapeKind.POLYGON]
        size = picture_size(self._item.path) if polygons else (0, 0)
        drawn = [(shape.label, filled([shape], size)) for shape in polygons]
        painted = [(raster.label, raster.read()) for raster in self._item.rasters]
        found: dict[str, Mask] = {}
        for label, mask in (*drawn, *painted):
            if mask.any():
                found[label] = np.logical_or(found[label], mask) if label in found else mask
        return found

    def _classes(self, labels: list[str]) -> dict[str, object]:
        if not labels:
            return {}
        numbers = [self._numbers.index(label) for label in labels]
        if len(labels) == 1:
            return self._attribute(_LABEL, numbers[0], CLASS, {"class-name": labels[0], "confidence": 1})
        named = {str(number): label for number, label in zip(numbers, labels, strict=True)}
        sure = dict.fromkeys(named, 1)
        return self._attribute(_LABEL, numbers, CLASSES, {"class-map": named, "confidence-map": sure})

    def _boxes(self) -> dict[str, object]:
        boxes = [shape for shape in self._item.shapes if shape.kind is ShapeKind.BOX]
        if not boxes:
            return {}
        width, height = picture_size(self._item.path)
        rows = [{"class_id": self._numbers.index(box.label), **_sides(box.bounds)} for box in boxes]
        named = {str(self._numbers.index(box.label)): box.label for box in boxes}
        value = {"image_size": [{"width": width, "height": height, "depth": 3}], "annotations": rows}
        return self._attribute(_BOX, value, BOXES, {"class-map": named, "objects": [{"confidence": 1}] * len(rows)})

    def _layer(self, layer: Mapping[str, Mask], number: int) -> dict[str, object]:
        name = PurePosixPath(MASKS) / PurePosixPath(self._name).relative_to(IMAGES)
        name = name.with_name(f"{name.stem}{f'-{number}' if number > 1 else ''}.png")
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png_of(layer, self._numbers))
        colours: dict[str, object] = {"0": _colour(BACKGROUND, BACKGROUND_COLOUR)}
        for label in layer:
            index = self._numbers.index(label) + 1
            colours[str(index)] = _colour(label, colour_of(index))
        attribute = f"{_MASK}{f'-{number}' if number > 1 else ''}{MASK_ENDING}"
        return self._attribute(attribute, name.as_posix(), MASK, {"internal-color-map": colours})

    def _attribute(self, name: str, value: object, kind: str, about: Mapping[str, object]) -> dict[str, object]:
        metadata = {**about, "type": f"{KIND}{kind}", "job-name": f"labeling-job/{name}", **self._about}
        return {name: value, f"{name}{METADATA}": metadata}


def _colour(name: str, colour: int) -> dict[str, object]:
    return {"class-name": name, "hex-color": f"#{colour:06x}", "confidence": 1}


def _sides(bounds: tuple[float, float, float, float]) -> dict[str, float]:
    left, top, right, bottom = bounds
    sides = {"left": left, "top": top, "width": right - left, "height": bottom - top}
    # Ground Truth counts whole pixels; what lies between stays as it is.
    return {name: int(side) if float(side).is_integer() else side for name, side in sides.items()}

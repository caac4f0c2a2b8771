"""COCO: one JSON a split, pictures beside it (https://cocodataset.org/#format-data).

    ROOT/annotations/instances_train2017.json   ROOT/train2017/000000000009.jpg     as published
    ROOT/annotations/instances_default.json     ROOT/images/001.png                 CVAT, and what is written here
    ROOT/train/_annotations.coco.json           ROOT/train/001.jpg                  Roboflow
    ROOT/result.json                            ROOT/images/001.png                 Label Studio

A picture without annotations is one that nobody labelled as much as one without defects, so it comes without a label,
and whoever imports it has to say which (`--unmarked`). The other way round trainers take a picture without annotations
for one without defects. So a picture that nobody labelled, or of whose defect only the class is known, is written into
`image_info_<split>.json`, where COCO lists pictures without their labels; `instances_…` holds marked and good ones.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from training.data.marks import Mask, Raster, Shape, ShapeKind
from training.errors import BadData
from training.formats.backgrounds import Backgrounds, drawn_classes, in_picture
from training.formats.base import ReadOptions
from training.formats.coco_file import CocoFile, CocoImage, Painted, read_coco
from training.formats.copying import Copies, refuse_unfit_split
from training.formats.finder import Finder
from training.formats.item import Fact, Item, Source
from training.formats.run_lengths import compressed
from training.formats.sizes import size_of

_KEYS = re.compile(rb'"(images|annotations|categories)"\s*:\s*\[')
_LOOK = 1 << 16
# A folder of more is one of a file a picture.
_MOST_FILES = 50
_INSTANCES, _WITHOUT_LABELS = "instances", "image_info"
_NO_SPLIT = "default"
_SPLIT = re.compile(r"(?:train|val|valid|validation|test|calibration|regression)\d*", re.IGNORECASE)


class Coco:
    name = "coco"
    holds = frozenset({Fact.BOX, Fact.POLYGON, Fact.MASK, Fact.SPLIT})

    def recognises(self, root: Path) -> bool:
        return bool(_label_files(root)[0])

    def read(self, root: Path, options: ReadOptions) -> Source:
        paths, others = _label_files(root)
        if not paths:
            raise BadData(
                f"{root} holds no label file of COCO, a JSON with images and annotations; name another folder"
            )
        folder = options.images or _folder_of(root)
        finder = Finder(folder)
        files = [(read_coco(path), _split_of(path, len(paths) > 1)) for path in paths]
        found = [
            (image, finder.find(image.file_name, image.where, _near(folder, file.path, split)), split)
            for file, split in files
            for image in file.images
        ]
        urls = any(image.coco_url for image, _, _ in found)
        finder.refuse_missing("; okng downloads nothing from a coco_url" if urls else "")
        times = Counter(image.file_name for image, _, _ in found)
        items = [
            _item(image, path, image.file_name if times[image.file_name] == 1 else finder.name(path), split)
            for image, path, split in found
        ]
        classes = tuple(dict.fromkeys(label for file, _ in files for label in file.classes))
        notes = (*_notes(file for file, _ in files), *(f"{path} is left out: it holds no objects" for path in others))
        in_order = tuple(sorted(items, key=lambda item: item.name))
        return Source(root, self.name, in_order, classes, (*notes, *finder.notes()))

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        numbers = {label: number for number, label in enumerate(drawn_classes(source), 1)}
        copies, backgrounds = Copies(folder / "images"), Backgrounds()
        files: dict[str, _Written] = defaultdict(_Written)
        for number, item in enumerate(source.items, 1):
            width, height = size_of(item.path)
            objects = list(_objects(item, (width, height)))
            apart = backgrounds.keep_apart(item, [label for label, _ in objects])
            word = _NO_SPLIT if item.split is None else refuse_unfit_split(item.split, _NO_SPLIT)
            file = files[f"{_WITHOUT_LABELS if apart else _INSTANCES}_{word}"]
            parent = PurePosixPath(item.name).parent.as_posix()
            file_name = copies.add(item, "" if parent == "." else parent)
            file.images.append({"id": number, "file_name": file_name, "width": width, "height": height})
            for label, said in objects:
                row = {"id": len(file.annotations) + 1, "image_id": number, "category_id": numbers[label]}
                file.annotations.append(row | said | {"iscrowd": 0})
        categories = [{"id": number, "name": label, "supercategory": ""} for label, number in numbers.items()]
        (folder / "annotations").mkdir(parents=True, exist_ok=True)
        for name, file in files.items():
            said = {"info": {"description": "written by okng"}, "licenses": [], "categories": categories}
            text = json.dumps(said | {"images": file.images, "annotations": file.annotations}, ensure_ascii=False)
            (folder / "annotations" / f"{name}.json").write_text(text, encoding="utf-8")
        return (*copies.notes(), *backgrounds.notes(f"annotations/{_WITHOUT_LABELS}_*.json"))


@dataclass(slots=True)
class _Written:
    images: list[dict[str, object]] = field(default_factory=list)
    annotations: list[dict[str, object]] = field(default_factory=list)


def _label_files(root: Path) -> tuple[list[Path], list[Path]]:
    """Those with objects, or with pictures alone; and those that hold something else for the same pictures."""
    if root.is_file():
        return ([root] if _looks_right(root) else []), []
    candidates = [
        *_json_files(root / "annotations"),
        *_json_files(root),
        *sorted(root.glob("*/_annotations.coco.json")),
    ]
    found = [path for path in dict.fromkeys(candidates) if _looks_right(path)]
    published = [path for path in found if path.stem.startswith(_INSTANCES)]
    if not published:
        return found, []
    kept = [path for path in found if path in published or path.stem.startswith(_WITHOUT_LABELS)]
    return kept, [path for path in found if path not in kept]


def _json_files(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.glob("*.json") if path.is_file() and not path.name.startswith("."))
    return paths if len(paths) <= _MOST_FILES else []


def _looks_right(path: Path) -> bool:
    """Whether the beginning and the end name two of the three lists; these files have hundreds of megabytes."""
    if path.suffix.lower() != ".json":
        return False
    with path.open("rb") as file:
        start = file.read(_LOOK)
        file.seek(max(0, path.stat().st_size - _LOOK))
        end = file.read(_LOOK)
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and len(set(_KEYS.findall(start + end))) >= 2


def _split_of(path: Path, several: bool) -> str | None:
    """`train2017` of `instances_train2017.json`, `train` of `train/_annotations.coco.json`."""
    for kind in (_INSTANCES, _WITHOUT_LABELS):
        if path.stem.startswith(f"{kind}_"):
            word = path.stem.removeprefix(f"{kind}_")
            return None if word == _NO_SPLIT else word
    if path.stem == "_annotations.coco":
        return path.parent.name
    return path.stem if several or _SPLIT.fullmatch(path.stem) else None


def _folder_of(root: Path) -> Path:
    """Where to look for pictures: the folder above `annotations` when a label file is named."""
    if root.is_dir():
        return root
    return root.parent.parent if root.parent.name == "annotations" else root.parent


def _near(folder: Path, path: Path, split: str | None) -> tuple[str, ...]:
    """The folders in which pictures of a label file lie, as usual."""
    beside = path.parent.relative_to(folder).as_posix() if path.parent.is_relative_to(folder) else "."
    named = (split, f"images/{split}", f"{split}/images") if split else ()
    return (*named, *(() if beside == "." else (beside, f"{beside}/images")), "images", "")


def _item(image: CocoImage, path: Path, name: str, split: str | None) -> Item:
    shapes = tuple(mark for mark in image.marks if isinstance(mark, Shape))
    painted = [mark for mark in image.marks if isinstance(mark, Painted)]
    rasters = tuple(Raster(mark.label, partial(_paint, mark, path)) for mark in painted)
    return Item(path, name, (), shapes, rasters, split)


def _paint(painted: Painted, path: Path) -> Mask:
    try:
        return painted.mask(size_of(path))
    except ValueError as error:
        raise BadData(f"{painted.where}: {path} cannot be painted: {error}; label it again") from error


def _notes(files: Iterable[CocoFile]) -> tuple[str, ...]:
    left_out: Counter[str] = Counter()
    for file in files:
        left_out.update(file.left_out)
    return tuple(f"{name} are left out ({times} annotations)" for name, times in sorted(left_out.items()))


def _objects(item: Item, size: tuple[int, int]) -> Iterator[tuple[str, dict[str, object]]]:
    """(class, what COCO says of it) of every mark that lies in the picture and is not empty."""
    for shape in (shape for shape in item.shapes if in_picture(shape, size)):
        left, top, right, bottom = shape.bounds
        ring = [value for point in shape.points for value in point] if shape.kind is ShapeKind.POLYGON else []
        area = _area(shape) if ring else (right - left) * (bottom - top)
        box = [left, top, right - left, bottom - top]
        yield shape.label, {"segmentation": [ring] if ring else [], "area": area, "bbox": box}
    for raster in item.rasters:
        mask = raster.read()
        if (mask.shape[1], mask.shape[0]) != size:
            raise BadData(f"a mask of {item.name} is not as large as its picture; draw it again")
        if not mask.any():
            continue
        box = [float(value) for value in cv2.boundingRect(mask.astype(np.uint8))]
        yield raster.label, {"segmentation": compressed(mask), "area": int(mask.sum()), "bbox": box}


def _area(shape: Shape) -> float:
    """As surveyors reckon it (Gauss)."""
    pairs = zip(shape.points, (*shape.points[1:], shape.points[0]), strict=True)
    return abs(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in pairs)) / 2

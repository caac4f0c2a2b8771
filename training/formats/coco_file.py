"""One label file of COCO, checked entry by entry (https://cocodataset.org/#format-data, object detection).

    {"images": [{"id": 7, "file_name": "line 2/001.png", "width": 640, "height": 480, "coco_url": "…"}],
     "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "iscrowd": 0,
                      "bbox": [x, y, width, height],
                      "segmentation": [[x, y, x, y, …], …]      rings of one object, or its run lengths, or [] }],
     "categories": [{"id": 3, "name": "crack"}]}

Pixels count as `training.data.marks` does. An object of one ring becomes a polygon. One of several rings, or of run
lengths, becomes a painted mask, so that it stays one object; what several rings cover is what `filled` says, as for
one. An object without either becomes its box, and with either its box is left out, for it says nothing more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from training.data.marks import Mask, Shape, ShapeKind, filled
from training.errors import BadData
from training.formats.hostile import read_json, safe_name
from training.formats.run_lengths import RunLengths, parse_run_lengths

Key = int | str


@dataclass(frozen=True, slots=True)
class Painted:
    """An object of several rings, or of run lengths. `where`: its entry, for messages."""

    label: str
    where: str
    pixels: RunLengths | tuple[Shape, ...]

    def mask(self, size: tuple[int, int]) -> Mask:
        """`(H, W)` for a picture of `size` (width, height). Raises ValueError: the run lengths are of another size."""
        if not isinstance(self.pixels, RunLengths):
            return filled(self.pixels, size)
        if self.pixels.size != size:
            width, height = self.pixels.size
            raise ValueError(f"its run lengths are of a picture of {width}x{height} pixels")
        return self.pixels.decode()


@dataclass(frozen=True, slots=True)
class CocoImage:
    """`where`: its entry, for messages."""

    file_name: str
    coco_url: str
    where: str
    marks: tuple[Shape | Painted, ...]


@dataclass(frozen=True, slots=True)
class CocoFile:
    """`classes`: in order of their ids, which trainers number by. `left_out`: what is not read → how often."""

    path: Path
    images: tuple[CocoImage, ...]
    classes: tuple[str, ...]
    left_out: Mapping[str, int]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


RowT = TypeVar("RowT", bound=_Row)


class _Image(_Row):
    id: Key
    file_name: str
    coco_url: str | None = None


class _Category(_Row):
    id: Key
    name: str


class _Annotation(_Row):
    image_id: Key
    category_id: Key | None = None
    iscrowd: int = 0
    bbox: list[float] | None = None
    segmentation: list[list[float]] | dict[str, object] | None = None
    keypoints: object = None
    caption: str | None = None
    attributes: object = None


def read_coco(path: Path) -> CocoFile:
    """The whole file.

    Raises:
        NotThere: there is no such file.
        BadData: an entry says nonsense; which one, and what is wrong.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise BadData(f"{path} has no list of images; name a label file of COCO")
    names = _categories(path, _rows(content, "categories", path))
    images: dict[Key, tuple[str, _Image]] = {}
    for where, said in _rows(content, "images", path):
        image = _checked(_Image, said, where)
        if image.id in images:
            raise BadData(f"{where} has the id {image.id}, as {images[image.id][0]}; give each image an id of its own")
        images[image.id] = (where, image)
    marks: dict[Key, list[Shape | Painted]] = {key: [] for key in images}
    left_out: Counter[str] = Counter()
    for where, said in _rows(content, "annotations", path):
        row = _checked(_Annotation, said, where)
        if row.image_id not in marks:
            raise BadData(f"{where} is of the image {row.image_id!r}, which the file does not have; correct it there")
        left_out.update(_not_held(row))
        if row.category_id is not None:
            marks[row.image_id].append(_mark(row, row.category_id, names, where))
    return CocoFile(
        path,
        tuple(
            CocoImage(safe_name(image.file_name, where), image.coco_url or "", where, tuple(marks[key]))
            for key, (where, image) in images.items()
        ),
        tuple(dict.fromkeys(names[key] for key in sorted(names, key=_by_number))),
        left_out,
    )


def _rows(content: Mapping[str, object], kind: str, path: Path) -> list[tuple[str, object]]:
    rows = content.get(kind) or []
    if not isinstance(rows, list):
        raise BadData(f"{path}: {kind} is no list; export it again")
    return [(f"{path}: {kind}[{number}]", row) for number, row in enumerate(rows)]


def _checked(model: type[RowT], said: object, where: str) -> RowT:
    try:
        return model.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f" {step}:" for step in first["loc"] if isinstance(step, str))
        raise BadData(f"{where}:{place} {first['msg']}; correct it there, or export it again") from error


def _categories(path: Path, rows: Sequence[tuple[str, object]]) -> dict[Key, str]:
    names: dict[Key, str] = {}
    for where, said in rows:
        row = _checked(_Category, said, where)
        if not row.name.strip():
            raise BadData(f"{where} has no name; give it one")
        if names.setdefault(row.id, row.name) != row.name:
            raise BadData(f"{where} has the id {row.id}, as {names[row.id]!r} has; give each category an id of its own")
    return names


def _by_number(key: Key) -> tuple[bool, int, str]:
    return isinstance(key, str), key if isinstance(key, int) else 0, str(key)


def _not_held(row: _Annotation) -> list[str]:
    found = {
        "keypoints": bool(row.keypoints),
        "captions": row.caption is not None,
        "attributes": bool(row.attributes),
        "the mark iscrowd": row.iscrowd != 0,
        "annotations of no category": row.category_id is None and row.caption is None,
    }
    return [name for name, there in found.items() if there]


def _mark(row: _Annotation, category: Key, names: Mapping[Key, str], where: str) -> Shape | Painted:
    if category not in names:
        raise BadData(f"{where} is of the category {category!r}, which the file does not have; correct it there")
    label = names[category]
    try:
        if isinstance(row.segmentation, dict):
            return Painted(label, where, parse_run_lengths(row.segmentation))
        rings = tuple(_ring(label, ring) for ring in row.segmentation or ())
        if len(rings) > 1:
            return Painted(label, where, rings)
        return rings[0] if rings else _box(label, row.bbox)
    except ValueError as error:
        raise BadData(f"{where}: {error}; correct it there") from error


def _ring(label: str, numbers: list[float]) -> Shape:
    if len(numbers) % 2:
        raise ValueError(f"a ring needs pairs of numbers, this one has {len(numbers)}")
    return Shape(label, ShapeKind.POLYGON, tuple(zip(numbers[::2], numbers[1::2], strict=True)))


def _box(label: str, numbers: list[float] | None) -> Shape:
    if numbers is None or len(numbers) != 4:
        raise ValueError("an object without segmentation needs a bbox of four numbers, x, y, width and height")
    left, top, width, height = numbers
    return Shape(label, ShapeKind.BOX, ((left, top), (left + width, top + height)))

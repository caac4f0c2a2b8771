"""LabelMe: one JSON a picture, as `labelme` 3 to 6 writes it (https://github.com/wkentaro/labelme).

    {"version": "5.5.0", "flags": {"good": true}, "imagePath": "../data/001.jpg", "imageData": null,
     "imageHeight": 460, "imageWidth": 1130,
     "shapes": [{"label": "crack", "shape_type": "polygon", "points": [[10.5, 3], [14, 3], [12, 9]],
                 "group_id": null, "flags": {}}]}

Set flags of the picture are its labels; a picture that is flagged `__ignore__` is left out. What has no area (points,
lines) is left out too, but its class stays as a label of the picture. A picture without a JSON was not labelled. One
that lies nowhere is taken out of `imageData`. `labels.txt`, as `labelme --labels` takes it, gives the order of classes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from pydantic import Field

from training.data.marks import Point, Raster, Shape, ShapeKind
from training.errors import BadData
from training.formats.base import ReadOptions
from training.formats.copying import Copies
from training.formats.hostile import read_json, read_text, safe_name
from training.formats.item import Fact, Item, Source
from training.formats.labelme_inside import Inside
from training.formats.labelme_masks import mask_row, painted
from training.formats.lookup import Lookup, path_in, picture_folder
from training.formats.peek import begins_with, label_files
from training.formats.rows import Entry, Label, Side, entry, fitting_size
from training.formats.sizes import picture_size
from training.formats.tally import Tally
from training.formats.turned import ellipse
from training.formats.walk import files_under

CLASSES = "labels.txt"
# One of them stands before a mask or a picture in base64 can have filled the beginning of a file.
_KEYS = (b'"shapes"', b'"imagePath"'), (b'"shapes"', b'"shape_type"'), (b'"shapes"', b'"group_id"')
_IGNORED, _BACKGROUND = "__ignore__", "_background_"
_VERSION = "5.5.0"
_NO_AREAS = frozenset({"point", "points", "line", "linestrip"})
# LabelMe's own name, and that of X-AnyLabeling, which writes the same files.
_TURNED = frozenset({"oriented_rectangle", "rotation"})


class _Shape(Entry):
    label: Label
    points: tuple[Point, ...] = Field(max_length=100_000)
    shape_type: str | None = "polygon"
    group_id: int | None = None
    flags: Mapping[str, bool] | None = None
    mask: str | None = None


class _File(Entry):
    picture: str = Field(alias="imagePath")
    width: Side | None = Field(None, alias="imageWidth")
    height: Side | None = Field(None, alias="imageHeight")
    embedded: str | None = Field(None, alias="imageData")
    flags: Mapping[str, bool] | None = None
    shapes: tuple[_Shape, ...]


class LabelMe:
    name = "labelme"
    holds = frozenset({Fact.GOOD, Fact.LABEL, Fact.MANY_LABELS, Fact.BOX, Fact.POLYGON, Fact.MASK})

    def recognises(self, root: Path) -> bool:
        return any(begins_with(path, *words) for path in label_files(root, ".json") for words in _KEYS)

    def read(self, root: Path, options: ReadOptions) -> Source:
        lookup, inside, tally = Lookup(picture_folder(root, options)), Inside(), Tally()
        read = [item for path in _label_files(root) for item in _item(root, path, lookup, inside, tally)]
        if root.is_dir():
            read += [Item(path, name) for path, name in lookup.unclaimed()]
        items = tuple(sorted(read, key=lambda item: item.name))
        return Source(root, self.name, items, _classes(root, items), tally.sentences())

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        copies, tally = Copies(folder), Tally()
        for item in source.items:
            new = copies.add(item, PurePosixPath(item.name).parent.as_posix())
            # LabelMe shows a picture without a file as one that is still to be labelled.
            if item.classes:
                text = json.dumps(_document(item, folder / new, tally), ensure_ascii=False, indent=2)
                (folder / new).with_suffix(".json").write_text(text, encoding="utf-8")
        names = [_IGNORED, _BACKGROUND, *source.classes]
        (folder / CLASSES).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        return (*copies.notes(), *tally.sentences())


def _label_files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    yield from (path for path in files_under(root) if path.suffix.lower() == ".json")


def _item(root: Path, path: Path, lookup: Lookup, inside: Inside, tally: Tally) -> Iterator[Item]:
    """The one picture that a JSON is about; none where it is no LabelMe file or flagged to be ignored."""
    document = read_json(path)
    if not isinstance(document, dict) or not {"shapes", "imagePath"} <= document.keys():
        if root.is_file():
            raise BadData(f"{path} is no LabelMe file: it needs shapes and imagePath; export it again")
        tally.add("JSON files", "are no LabelMe files and were not read", path.name)
        return
    file = entry(_File, document, path)
    picture, name = _picture(file, root, path, lookup, inside)
    set_flags = [flag for flag, is_set in (file.flags or {}).items() if is_set]
    if _IGNORED in set_flags:
        tally.add("pictures", f"are flagged {_IGNORED} and were left out", name)
        return
    shapes, rasters, more = [], [], []
    size = fitting_size(picture, (file.width, file.height), path) if file.shapes else (0, 0)
    for number, row in enumerate(file.shapes, 1):
        if row.label == _IGNORED:
            tally.add(f"areas marked {_IGNORED}", "were left out", path.name)
            continue
        mark = _mark(row, size, f"{path}, shape {number}", tally)
        if isinstance(mark, Shape):
            shapes.append(mark)
        elif isinstance(mark, Raster):
            rasters.append(mark)
        else:
            more.append(row.label)
    yield Item(picture, name, tuple(dict.fromkeys((*set_flags, *more))), tuple(shapes), tuple(rasters))


def _picture(file: _File, root: Path, path: Path, lookup: Lookup, inside: Inside) -> tuple[Path, str]:
    """(path, name) of the picture on disk, else of the one inside the label file."""
    said = PurePosixPath(path_in(file.picture))
    folder = path.parent.relative_to(root if root.is_dir() else root.parent)
    if not lookup.holds(said.name) and file.embedded:
        return inside.unpack(file.embedded, safe_name((folder / said.name).as_posix(), path), path)
    steps: list[str] = []
    for part in (*folder.parts, *said.parts):
        steps = steps[:-1] if part == ".." else [*steps, part]
    return lookup.claim("/".join(steps), path)


def _mark(row: _Shape, size: tuple[int, int], where: str, tally: Tally) -> Shape | Raster | None:
    """None: what was marked has no area."""
    tally.add("shapes", "belong to a group (group_id), which is left out", where, row.group_id is not None)
    tally.add("shapes", "have flags, which are left out", where, any((row.flags or {}).values()))
    kind = row.shape_type or "polygon"
    if kind in _NO_AREAS:
        tally.add(f"{kind} marks", "have no area; their class became a label of the whole picture", where)
        return None
    try:
        if kind == "mask":
            read = partial(painted, row.mask or "", row.points, size, where)
            return Raster(row.label, read)
        if kind == "rectangle" and len(row.points) in (2, 4):
            return Shape(row.label, ShapeKind.BOX, _bounds(row.points))
        if kind == "circle" and len(row.points) == 2:
            (x, y), (edge_x, edge_y) = row.points
            radius = ((edge_x - x) ** 2 + (edge_y - y) ** 2) ** 0.5
            tally.add("circles", "became polygons", where)
            return Shape(row.label, ShapeKind.POLYGON, ellipse((x, y), (radius, radius)))
        if kind in _TURNED and len(row.points) == 4:
            tally.add("turned rectangles", "became polygons", where)
            return Shape(row.label, ShapeKind.POLYGON, row.points)
        if kind == "polygon":
            return Shape(row.label, ShapeKind.POLYGON, row.points)
    except ValueError as error:
        raise BadData(f"{where}: {error}; draw it again in LabelMe, or take it out") from error
    raise BadData(
        f"{where}: {kind!r} with {len(row.points)} points is unknown; draw it again in LabelMe, or take it out"
    )


def _bounds(points: tuple[Point, ...]) -> tuple[Point, Point]:
    xs, ys = zip(*points, strict=True)
    return (min(xs), min(ys)), (max(xs), max(ys))


def _classes(root: Path, items: tuple[Item, ...]) -> tuple[str, ...]:
    seen = sorted({label for item in items for label in item.classes})
    listed = root / CLASSES
    if not root.is_dir() or not listed.is_file():
        return tuple(seen)
    named = [line.strip() for line in read_text(listed, limit_mb=1).splitlines()]
    kept = [name for name in named if name and name not in (_IGNORED, _BACKGROUND)]
    return tuple(dict.fromkeys([*kept, *seen]))


def _document(item: Item, picture: Path, tally: Tally) -> dict[str, object]:
    width, height = picture_size(picture)
    labels = list(item.labels)
    shapes = [_row(shape.label, _KINDS[shape.kind], shape.points, None) for shape in item.shapes]
    for raster in item.rasters:
        made = mask_row(raster.read())
        if made is None:
            labels.append(raster.label)
            tally.add("empty masks", "became a label of the whole picture", item.name)
        else:
            shapes.append(_row(raster.label, "mask", made[0], made[1]))
    return {
        "version": _VERSION,
        "flags": dict.fromkeys(labels, True),
        "shapes": shapes,
        "imagePath": picture.name,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }


_KINDS = {ShapeKind.BOX: "rectangle", ShapeKind.POLYGON: "polygon"}


def _row(label: str, kind: str, points: tuple[Point, ...], mask: str | None) -> dict[str, object]:
    return {
        "label": label,
        "points": [list(point) for point in points],
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
        "mask": mask,
    }

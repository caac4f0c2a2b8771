"""Painted objects of Pascal VOC: which object a pixel is of, and which class.

SegmentationObject/<picture>.png      0 background, 1, 2, … the objects of the annotation file in its order, 255 void
SegmentationClass/<picture>.png       0 background, 1, 2, … the classes, 255 void
labelmap.txt                          name:red,green,blue:parts:actions, a class a line, as CVAT writes it; without
                                      it the classes are VOC's own twenty
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from training.data.marks import Mask, Raster, Shape, ShapeKind, filled
from training.errors import BadData
from training.formats.backgrounds import in_picture
from training.formats.hostile import read_text
from training.formats.item import Item
from training.formats.palette_png import VOC_COLOURS, VOID, Colour, Indices, read_indices, voc_colour
from training.formats.voc_xml import VocAnnotation, edges, pixel_box

LABELMAP = "labelmap.txt"
BACKGROUND = "background"
_TWENTY = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog"),
    *("horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
_MOST = VOID - 1
Box = tuple[int, int, int, int]
Edges = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class LabelMap:
    """`names`: number → class, without the background; `colours`: colour → number. `own`: the data set says so."""

    names: Mapping[int, str]
    colours: Mapping[Colour, int]
    own: bool

    def label(self, number: int, said: VocAnnotation) -> str | None:
        """VOC's own twenty only where the annotation file says so too: other people's class 1 is no aeroplane."""
        label = self.names.get(number)
        return label if self.own or any(one.label == label for one in said.objects) else None


@dataclass(frozen=True, slots=True)
class Instance:
    """One painted object, or all of a class where objects are not told apart. `bounds`: (left, top, right, bottom)."""

    raster: Raster
    bounds: Edges


@dataclass(frozen=True, slots=True)
class Masks:
    """`void`: whether pixels are of no object and not of the background either."""

    instances: tuple[Instance, ...] = ()
    void: bool = False


@dataclass(frozen=True, slots=True)
class Painting:
    """`boxes`: of every object, painted ones and others; `lost`: pixels that another object covers."""

    boxes: tuple[tuple[str, Box], ...]
    objects: Indices
    lost: int
    widened: bool


def read_labelmap(home: Path) -> LabelMap:
    """VOC's own twenty where the data set says nothing.

    Raises:
        BadData: a line says nonsense.
    """
    path = home / LABELMAP
    if not path.is_file():
        return LabelMap(dict(enumerate(_TWENTY, 1)), VOC_COLOURS, own=False)
    names: list[str] = []
    colours: dict[Colour, int] = {}
    for number, line in enumerate(read_text(path, 1).split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, rest = line.partition(":")
        colour = _colour(rest.partition(":")[0], f"{path}, line {number}")
        is_background = name == BACKGROUND
        names += [] if is_background else [name]
        if colour is not None:
            colours[colour] = 0 if is_background else len(names)
    if len(names) > _MOST:
        raise BadData(f"{path} has {len(names)} classes, and VOC counts to {_MOST}; split the data set")
    black: Colour = (0, 0, 0)
    return LabelMap(dict(enumerate(names, 1)), {black: 0, voc_colour(VOID): VOID, **colours}, own=True)


def labelmap_text(classes: Sequence[str]) -> str:
    """Raises BadData: too many classes, or a name that no line can hold."""
    for label in classes:
        if ":" in label or label.startswith("#") or label != label.strip() or "\n" in label or label == BACKGROUND:
            raise BadData(f"the class {label!r} cannot stand in {LABELMAP}; rename it with --rename {label!r}=NAME")
    if len(classes) > _MOST:
        raise BadData(f"the data set has {len(classes)} classes, and VOC counts to {_MOST}; split it")
    lines = [f"{name}:{','.join(map(str, voc_colour(number)))}::" for number, name in enumerate((BACKGROUND, *classes))]
    return "\n".join(["# label:color_rgb:parts:actions", *lines, ""])


def read_masks(home: Path, name: str, said: VocAnnotation, labelmap: LabelMap) -> Masks:
    """The painted objects of the picture `name`; none where it has no masks.

    Raises:
        BadData: a mask is no such picture, or shows an object or a class that nothing names.
    """
    by_object, by_class = (home / folder / f"{name}.png" for folder in ("SegmentationObject", "SegmentationClass"))
    classes = read_indices(by_class, labelmap.colours) if by_class.is_file() else None
    if by_object.is_file():
        objects = read_indices(by_object, VOC_COLOURS)
        numbers = _present(objects)
        labels = [_label(number, objects, classes, said, labelmap, by_object) for number in numbers]
        return _masks(by_object, VOC_COLOURS, objects, dict(zip(numbers, labels, strict=True)))
    if classes is None:
        return Masks()
    found = {}
    for number in _present(classes):
        label = labelmap.label(number, said)
        if label is None:
            raise BadData(f"{by_class} shows class {number}, which nothing names; add {LABELMAP} beside ImageSets")
        found[number] = label
    return _masks(by_class, labelmap.colours, classes, found)


def paint(item: Item, size: tuple[int, int]) -> Painting:
    """The marks of a picture as VOC has them, shapes first; where masks overlap, the later one is seen.

    Raises:
        BadData: there are more than VOC can number, or a mask is not as large as its picture.
    """
    marks: list[tuple[str, Mask | Shape]] = [
        (shape.label, shape if shape.kind is ShapeKind.BOX else filled([shape], size)) for shape in item.shapes
    ]
    marks += [(raster.label, raster.read()) for raster in item.rasters]
    # A mark without a pixel, empty or drawn beside the picture, is none.
    marks = [
        (label, mark) for label, mark in marks if (in_picture(mark, size) if isinstance(mark, Shape) else mark.any())
    ]
    if len(marks) > _MOST:
        raise BadData(f"{item.name} has {len(marks)} marks, and VOC counts to {_MOST}; join some of them")
    objects: Indices = np.zeros((size[1], size[0]), np.uint8)
    boxes: list[tuple[str, Box]] = []
    lost, widened = 0, False
    for number, (label, mark) in enumerate(marks, 1):
        if isinstance(mark, Shape):
            boxes.append((label, pixel_box(mark, size)))
            widened |= edges(boxes[-1][1]) != mark.bounds
            continue
        if mark.shape != objects.shape:
            raise BadData(f"a mask of {item.name} is not as large as its picture; draw it again")
        lost += int((objects[mark] > 0).sum())
        objects[mark] = number
        left, top, right, bottom = _bounds(mark)
        boxes.append((label, (int(left) + 1, int(top) + 1, int(right), int(bottom))))
    return Painting(tuple(boxes), objects, lost, widened)


def _colour(text: str, where: str) -> Colour | None:
    """None where the line gives none, as CVAT allows."""
    words = text.split(",")
    if not text.strip():
        return None
    if len(words) != 3 or not all(word.strip().isdecimal() and len(word.strip()) < 4 for word in words):
        raise BadData(f"{where}: {text[:40]!r} is no colour; write name:red,green,blue::")
    return int(words[0]), int(words[1]), int(words[2])


def _present(indices: Indices) -> list[int]:
    return [int(number) for number in np.flatnonzero(np.bincount(indices.ravel(), minlength=256)) if 0 < number < VOID]


def _label(
    number: int, objects: Indices, classes: Indices | None, said: VocAnnotation, labelmap: LabelMap, path: Path
) -> str:
    """As the mask of classes says, else as the annotation file; programs do not agree on the order of objects."""
    if classes is not None and classes.shape == objects.shape:
        counts = np.bincount(classes[objects == number], minlength=256)
        counts[[0, VOID]] = 0
        label = labelmap.label(int(counts.argmax()), said) if counts.any() else None
        if label is not None:
            return label
    if number > len(said.objects):
        raise BadData(f"{path} shows an object {number}, which the annotation file does not have; paint it again")
    return said.objects[number - 1].label


def _masks(path: Path, colours: Mapping[Colour, int], indices: Indices, labels: Mapping[int, str]) -> Masks:
    instances = (
        Instance(Raster(label, partial(_pixels, path, colours, number)), _bounds(indices == number))
        for number, label in labels.items()
    )
    return Masks(tuple(instances), bool((indices == VOID).any()))


def _pixels(path: Path, colours: Mapping[Colour, int], number: int) -> Mask:
    return np.asarray(read_indices(path, colours) == number, np.bool_)


def _bounds(mask: Mask) -> Edges:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)

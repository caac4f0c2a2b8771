"""One annotation file of Pascal VOC (development kit of 2012, chapter 4; the sample is VOC's own).

    <annotation>
        <folder>VOC2012</folder>
        <filename>2007_000033.jpg</filename>
        <size><width>500</width><height>366</height><depth>3</depth></size>
        <segmented>1</segmented>
        <object>
            <name>aeroplane</name> <pose>Unspecified</pose> <truncated>0</truncated> <difficult>0</difficult>
            <bndbox><xmin>9</xmin><ymin>107</ymin><xmax>499</xmax><ymax>263</ymax></bndbox>
        </object>
    </annotation>

A box there names its first and its last pixel and counts from 1: the top left pixel is (1, 1), and a box of one pixel
has xmin = xmax. Here edges lie between pixels and count from 0, so xmin 9 and xmax 499 are the edges 8 and 499. Whole
pixels are all that VOC knows; a box that ends within a pixel is widened to hold it. Some programs count from 0 and
write xmin 0, which is taken for the edge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from training.data.marks import Shape, ShapeKind
from training.errors import BadData
from training.formats.sizes import Header
from training.formats.xml_entries import entries, writable

FLAGS = ("difficult", "truncated", "occluded")
UNSPECIFIED = "Unspecified"
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_YES = frozenset({"1", "true", "yes"})


@dataclass(frozen=True, slots=True)
class VocObject:
    """`box`: None where the file gives none."""

    label: str
    box: Shape | None
    flags: frozenset[str] = frozenset()
    pose: str = UNSPECIFIED


@dataclass(frozen=True, slots=True)
class VocAnnotation:
    """`filename`: what the file says of its picture, which is not always true any more."""

    filename: str
    objects: tuple[VocObject, ...]


def read_annotation(path: Path) -> VocAnnotation:
    """Raises NotThere, BadData: it is no such file, or an object says nonsense; which one, and what is wrong."""
    filename = ""
    objects: list[VocObject] = []
    for element in entries(path, "annotation"):
        if element.tag == "filename":
            filename = (element.text or "").strip()
        elif element.tag == "object":
            objects.append(_object(element, f"{path}: object {len(objects) + 1}"))
    return VocAnnotation(filename, tuple(objects))


def pixel_box(shape: Shape, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """(xmin, ymin, xmax, ymax) from 1, both ends inside, of every pixel that the mark touches in its picture."""
    left, top, right, bottom = shape.bounds
    width, height = size
    xmin, ymin = (min(max(math.floor(low) + 1, 1), side) for low, side in ((left, width), (top, height)))
    xmax, ymax = (min(max(math.ceil(high), 1), side) for high, side in ((right, width), (bottom, height)))
    return xmin, ymin, max(xmin, xmax), max(ymin, ymax)


def edges(box: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) between pixels."""
    return box[0] - 1.0, box[1] - 1.0, float(box[2]), float(box[3])


def annotation_text(
    name: str,
    header: Header,
    objects: Sequence[tuple[str, tuple[int, int, int, int]]],
    said: Mapping[int, tuple[frozenset[str], str]],
    segmented: bool,
) -> str:
    """The file's content. `name`: the picture's path; `objects`: (class, pixel box) each; `said`: flags and pose.

    Raises:
        BadData: a class's name holds what XML cannot.
    """
    folder, _, file = name.rpartition("/")
    root = Element("annotation")
    _add(root, folder=folder, filename=writable(file, "the file name"))
    _add(SubElement(root, "source"), database="okng")
    _add(SubElement(root, "size"), width=header.width, height=header.height, depth=header.channels)
    _add(root, segmented=int(segmented))
    for number, (label, box) in enumerate(objects, 1):
        flags, pose = said.get(number, (frozenset(), UNSPECIFIED))
        element = SubElement(root, "object")
        _add(element, name=writable(label, "the class"), pose=writable(pose, "the pose"))
        _add(element, **{flag: int(flag in flags) for flag in FLAGS})
        _add(SubElement(element, "bndbox"), **dict(zip(_CORNERS, box, strict=True)))
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _add(element: Element, **texts: object) -> None:
    for tag, text in texts.items():
        SubElement(element, tag).text = str(text)


def _object(element: Element, where: str) -> VocObject:
    label = (element.findtext("name") or "").strip()
    if not label:
        raise BadData(f"{where} has no name; give it its class")
    flags = frozenset(flag for flag in FLAGS if (element.findtext(flag) or "").strip().lower() in _YES)
    pose = "_".join((element.findtext("pose") or "").split()) or UNSPECIFIED
    return VocObject(label, _box(element.find("bndbox"), label, where), flags, pose)


def _box(element: Element | None, label: str, where: str) -> Shape | None:
    if element is None:
        return None
    try:
        xmin, ymin, xmax, ymax = (float(element.findtext(corner) or "") for corner in _CORNERS)
        # Written so that NaN is refused too.
        if not (xmin <= xmax and ymin <= ymax):
            raise ValueError(f"its box from ({xmin:g}, {ymin:g}) to ({xmax:g}, {ymax:g}) is turned inside out")
        low = (max(xmin - 1, 0.0), max(ymin - 1, 0.0))
        return Shape(label, ShapeKind.BOX, (low, (max(xmax, low[0]), max(ymax, low[1]))))
    except ValueError as error:
        raise BadData(f"{where}: {error}; give bndbox its four numbers, in pixels") from error

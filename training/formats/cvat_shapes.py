"""What CVAT draws in a picture, as marks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated
from xml.etree.ElementTree import Element

import numpy as np
from pydantic import Field

from training.data.marks import Mask, Point, Raster, Shape, ShapeKind
from training.errors import BadData
from training.formats.patches import pasted
from training.formats.rows import Entry, Label, Pixel, Side, entry
from training.formats.tally import Tally
from training.formats.turned import ellipse, turned_rectangle

TAG = "tag"
MASK = "mask"
_NO_AREAS = ("polyline", "points", "cuboid", "skeleton")
KINDS = frozenset({"box", "polygon", "ellipse", MASK, TAG, *_NO_AREAS})
_Count = Annotated[int, Field(ge=0)]


class _Labelled(Entry):
    label: Label


class _Box(_Labelled):
    xtl: Pixel
    ytl: Pixel
    xbr: Pixel
    ybr: Pixel
    rotation: float = Field(0, allow_inf_nan=False)


class _Polygon(_Labelled):
    points: str


class _Ellipse(_Labelled):
    cx: Pixel
    cy: Pixel
    rx: Pixel
    ry: Pixel
    rotation: float = Field(0, allow_inf_nan=False)


class _Mask(_Labelled):
    rle: str
    left: _Count
    top: _Count
    width: Side
    height: Side


def mark_of(element: Element, size: tuple[int, int], where: str, tally: Tally) -> Shape | Raster | str:
    """A mark, or the class alone where no area was marked; `size`: the picture's (width, height).

    Raises:
        BadData: naming `where` and what is wrong.
    """
    tally.add("marks", "have attributes, which are left out", where, element.find("attribute") is not None)
    kind = element.tag
    if kind == TAG:
        return entry(_Labelled, element.attrib, where).label
    if kind in _NO_AREAS:
        plural = {"polyline": "polylines", "points": "groups of points", "cuboid": "cuboids", "skeleton": "skeletons"}
        tally.add(plural[kind], "have no area; their class became a label of the whole picture", where)
        return entry(_Labelled, element.attrib, where).label
    try:
        if kind == MASK:
            mask = entry(_Mask, element.attrib, where)
            return Raster(mask.label, partial(_painted, mask, size, where))
        if kind == "box":
            return _box(entry(_Box, element.attrib, where), where, tally)
        if kind == "ellipse":
            round_one = entry(_Ellipse, element.attrib, where)
            tally.add("ellipses", "became polygons", where)
            centre, radii = (round_one.cx, round_one.cy), (round_one.rx, round_one.ry)
            return Shape(round_one.label, ShapeKind.POLYGON, ellipse(centre, radii, round_one.rotation))
        polygon = entry(_Polygon, element.attrib, where)
        return Shape(polygon.label, ShapeKind.POLYGON, tuple(_points(polygon.points)))
    except ValueError as error:
        raise BadData(f"{where}: {error}; draw it again in CVAT, or take it out") from error


def counts_of(patch: Mask) -> list[int]:
    """How many pixels of a mask `(H, W)` are out, in, out …, row by row."""
    flat = np.concatenate(([False], patch.ravel()))
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(length) for length in np.diff(np.concatenate((changes, [patch.size])), prepend=0)]


def _box(box: _Box, where: str, tally: Tally) -> Shape:
    corners = (box.xtl, box.ytl), (box.xbr, box.ybr)
    if not box.rotation % 360:
        return Shape(box.label, ShapeKind.BOX, corners)
    tally.add("turned boxes", "became polygons", where)
    centre = ((box.xtl + box.xbr) / 2, (box.ytl + box.ybr) / 2)
    return Shape(box.label, ShapeKind.POLYGON, turned_rectangle(*corners, centre, box.rotation))


def _points(text: str) -> Sequence[Point]:
    pairs = [pair.split(",") for pair in text.split(";")]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("its points are no x,y;x,y;…")
    return [(float(x), float(y)) for x, y in pairs]


def _painted(mask: _Mask, size: tuple[int, int], where: str) -> Mask:
    """`(H, W)` of the whole picture. Raises BadData: the run lengths are none, or lie outside it."""
    if mask.width > size[0] or mask.height > size[1]:
        raise BadData(f"{where}: it is larger than the picture; draw it again in CVAT, or take it out")
    try:
        counts = np.array([int(count) for count in mask.rle.split(",")], np.int64)
    except (ValueError, OverflowError) as error:
        raise BadData(f"{where}: its rle is no list of numbers; draw it again in CVAT, or take it out") from error
    # A sum of numbers that were each in bounds cannot run over.
    if not ((counts >= 0) & (counts <= mask.width * mask.height)).all() or counts.sum() != mask.width * mask.height:
        raise BadData(f"{where}: its rle does not fill its box; draw it again in CVAT, or take it out")
    inside = np.arange(len(counts)) % 2 == 1
    patch = np.repeat(inside, counts).reshape(mask.height, mask.width)
    try:
        return pasted(patch, mask.left, mask.top, size)
    except ValueError as error:
        raise BadData(f"{where}: {error}; draw it again in CVAT, or take it out") from error

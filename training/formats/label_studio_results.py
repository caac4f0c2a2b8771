"""What an annotation of Label Studio says: its regions as marks, its choices as labels of the picture.

Places are percent of the picture's width and height. A rectangle turns about its left top corner, an ellipse about its
centre, both clockwise. With <Labels> a region comes twice under one id, once with its labels; the other is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import Field

from training.data.marks import Mask, Point, Raster, Shape, ShapeKind
from training.errors import BadData
from training.formats.brush import unpacked
from training.formats.rows import Entry, Label, Side, entry, fitting_size
from training.formats.tally import Tally
from training.formats.turned import ellipse, turned_rectangle

_REMEDY = "correct it in Label Studio, and export it again"
# Percent: far outside the picture all the same.
Percent = Annotated[float, Field(ge=-100_000, le=100_000, allow_inf_nan=False)]
_Degrees = Annotated[float, Field(allow_inf_nan=False)]
_Byte = Annotated[int, Field(ge=0, le=255)]
# Of a place in pixels: what percent of a width and back again makes of it is no more exact.
_DECIMALS = 9


class Result(Entry):
    """One answer. `value` depends on the tag that it was given with."""

    id: str | int | None = None
    type: str = ""
    width: Side | None = Field(None, alias="original_width")
    height: Side | None = Field(None, alias="original_height")
    turned: _Degrees = Field(0, alias="image_rotation")
    value: Mapping[str, object] = Field(default_factory=dict)

    @property
    def labels(self) -> Sequence[object]:
        """The classes of a region, whichever tag gave them."""
        found = [value for key, value in self.value.items() if key.endswith("labels") and isinstance(value, list)]
        return [label for labels in found for label in labels]

    @property
    def is_region(self) -> bool:
        return bool(_PLACED & self.value.keys())


class _Labels(Entry):
    labels: tuple[Label, ...]


class _Choices(Entry):
    choices: tuple[Label, ...] = ()
    taxonomy: tuple[tuple[Label, ...], ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        return (*self.choices, *(path[-1] for path in self.taxonomy if path))


class _Rectangle(Entry):
    x: Percent
    y: Percent
    width: Percent
    height: Percent
    rotation: _Degrees = 0


class _Ellipse(Entry):
    x: Percent
    y: Percent
    radius_x: Percent = Field(alias="radiusX")
    radius_y: Percent = Field(alias="radiusY")
    rotation: _Degrees = 0


class _Polygon(Entry):
    points: tuple[tuple[Percent, Percent], ...] = Field(max_length=100_000)


class _Brush(Entry):
    rle: tuple[_Byte, ...]


_PLACED = frozenset({"x", "points", "rle", "imageDataURL", "vertices"})


@dataclass(slots=True)
class Said:
    """What is gathered of one picture."""

    labels: list[str] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    rasters: list[Raster] = field(default_factory=list)


def classes_of(results: Sequence[Result]) -> frozenset[str]:
    """All classes that an annotation names, on regions and of the picture; only to compare annotations with."""
    chosen = [label for one in results if not one.is_region for label in _chosen(one)]
    return frozenset(map(str, [*(label for one in results for label in one.labels), *chosen]))


def gathered(results: Sequence[Result], picture: Path, where: str, tally: Tally) -> Said:
    """The marks of one annotation.

    Raises:
        BadData: naming `where`, the region, and what is wrong.
    """
    said, sizes = Said(), _Sizes(picture, where)
    labelled = {one.id for one in results if one.is_region and one.labels}
    for number, result in enumerate(results, 1):
        place = f"{where}, result {number}"
        if not result.is_region:
            # Tags of other media label without a place.
            given = entry(_Labels, {"labels": result.labels}, place).labels
            labels = (*entry(_Choices, result.value, place).labels, *given)
            said.labels += labels
            kind = result.type or "nameless"
            tally.add(f"answers of the kind {kind!r}", "name no class; they were left out", place, not labels)
        elif result.labels:
            _add_region(said, result, sizes, place, tally)
        elif result.id in labelled:
            other = result.type not in ("rectangle", "polygon", "ellipse", "brush")
            tally.add(f"answers of the kind {result.type!r}", "about one region were left out", place, other)
        else:
            raise BadData(f"{place}: a region without a label; {_REMEDY}")
    return said


def _chosen(result: Result) -> list[object]:
    choices, taxonomy = result.value.get("choices"), result.value.get("taxonomy")
    last = [path[-1] for path in taxonomy if isinstance(path, list) and path] if isinstance(taxonomy, list) else []
    return [*(choices if isinstance(choices, list) else []), *last]


class _Sizes:
    """The picture's size, read once however many regions there are."""

    def __init__(self, picture: Path, where: str) -> None:
        self._picture, self._where = picture, where
        self._known: dict[tuple[int | None, int | None], tuple[int, int]] = {}

    def fitting(self, said: tuple[int | None, int | None]) -> tuple[int, int]:
        """Raises BadData: as `fitting_size`."""
        if said not in self._known:
            self._known[said] = fitting_size(self._picture, said, self._where)
        return self._known[said]


def _add_region(said: Said, result: Result, sizes: _Sizes, where: str, tally: Tally) -> None:
    labels = entry(_Labels, {"labels": result.labels}, where).labels
    if result.turned % 360:
        raise BadData(f"{where}: it was marked with the picture turned by {result.turned:g} degrees; {_REMEDY}")
    size = sizes.fitting((result.width, result.height))
    try:
        mark = _mark(result, size, where, tally)
    except ValueError as error:
        raise BadData(f"{where}: {error}; {_REMEDY}") from error
    for label in labels:
        if mark is None:
            said.labels.append(label)
        elif isinstance(mark, tuple):
            said.shapes.append(Shape(label, *mark))
        else:
            said.rasters.append(Raster(label, mark))


def _mark(
    result: Result, size: tuple[int, int], where: str, tally: Tally
) -> tuple[ShapeKind, tuple[Point, ...]] | partial[Mask] | None:
    """A polygon or box, or what reads a mask; None where no area is known."""
    value = result.value
    if "rle" in value:
        brush = entry(_Brush, value, where)
        return partial(_painted, bytes(brush.rle), size, where)
    if "points" in value:
        polygon = entry(_Polygon, value, where)
        return _checked(ShapeKind.POLYGON, tuple(_pixels(point, size) for point in polygon.points))
    if "radiusX" in value:
        round_one = entry(_Ellipse, value, where)
        tally.add("ellipses", "became polygons", where)
        radii = _pixels((round_one.radius_x, round_one.radius_y), size)
        return _checked(
            ShapeKind.POLYGON, ellipse(_pixels((round_one.x, round_one.y), size), radii, round_one.rotation)
        )
    if "height" in value:
        box = entry(_Rectangle, value, where)
        left_top, right_bottom = _pixels((box.x, box.y), size), _pixels((box.x + box.width, box.y + box.height), size)
        upright = _checked(ShapeKind.BOX, (left_top, right_bottom))
        if not box.rotation % 360:
            return upright
        tally.add("turned rectangles", "became polygons", where)
        return _checked(ShapeKind.POLYGON, turned_rectangle(left_top, right_bottom, left_top, box.rotation))
    tally.add(f"{result.type} marks", "are no area that okng reads; their class became a label of the picture", where)
    return None


def _checked(kind: ShapeKind, points: tuple[Point, ...]) -> tuple[ShapeKind, tuple[Point, ...]]:
    """Raises ValueError: as `Shape`."""
    return kind, Shape("any", kind, points).points


def _pixels(point: tuple[float, float], size: tuple[int, int]) -> Point:
    return round(point[0] * size[0] / 100, _DECIMALS), round(point[1] * size[1] / 100, _DECIMALS)


def _painted(rle: bytes, size: tuple[int, int], where: str) -> Mask:
    """`(H, W)`. Raises BadData: the strokes are damaged, or of a picture of another size."""
    try:
        return unpacked(rle, size)
    except ValueError as error:
        raise BadData(f"{where}: {error}; {_REMEDY}") from error

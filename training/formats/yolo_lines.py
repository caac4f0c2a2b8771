"""Label lines of YOLO (https://docs.ultralytics.com/datasets/detect and /datasets/segment): one object a line.

    0 0.5 0.4 0.2 0.1                       class, then a box: centre x and y, width, height
    1 0.1 0.1 0.2 0.1 0.2 0.3 …             class, then a polygon: x and y of three or more corners
    0 0.5 0.4 0.2 0.1 0.51 0.42 2 …         class, a box, then key points (where data.yaml gives kpt_shape)

Numbers are fractions of the picture's width and height. Programs round them, so what lies outside of 0 to 1 by no more
than `ROUNDING` is taken for the edge; farther out it is refused.

Ultralytics takes every line of a file for a polygon as soon as one line is. So a box that stands beside a polygon is
written as a polygon too, the ring closed by its first corner; in data sets that okng wrote such a rectangle is read as
the box that it was.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from training.data.marks import Point, Shape, ShapeKind, filled
from training.errors import BadData
from training.formats.backgrounds import in_picture
from training.formats.outline import outlines

ROUNDING = 0.001
_BOX, _SCORED_BOX, _LEAST_POLYGON = 4, 5, 6
_WHOLE = re.compile(r"\d{1,9}(\.0*)?")
# Fractions are read back to the millionth of a pixel, far below what is drawn, so that 10.5 comes back as 10.5.
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Reading:
    """How lines are to be read. `keypoints`: how many numbers of key points follow a box."""

    names: Mapping[int, str]
    keypoints: int = 0
    ours: bool = False


@dataclass(slots=True)
class Odd:
    """What was read differently than it stands there, counted for the user."""

    cut: int = 0
    keypoints: int = 0


def parse_labels(text: str, where: object, size: tuple[int, int], reading: Reading, odd: Odd) -> tuple[Shape, ...]:
    """The objects of one picture of `size` (width, height), in order.

    Raises:
        BadData: a line says nonsense; which one, and what is wrong.
    """
    shapes = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            shapes.append(_shape(line.split(), size, reading, odd))
        except ValueError as error:
            raise BadData(f"{where}, line {number}: {error}; correct it there") from error
    return tuple(shapes)


def label_lines(shapes: Sequence[Shape], size: tuple[int, int], numbers: Mapping[str, int]) -> tuple[str, bool]:
    """What `parse_labels` reads, and whether a mark was cut at the picture's edge; nothing of marks beside it."""
    cut = [inside for shape in shapes for inside in _inside(shape, size)]
    mixed = len({shape.kind for shape, _ in cut}) > 1
    lines = [f"{numbers[shape.label]} {_fractions(_numbers(shape, mixed), size)}\n" for shape, _ in cut]
    return "".join(lines), any(changed for _, changed in cut) or len(cut) < len(shapes)


def _shape(words: list[str], size: tuple[int, int], reading: Reading, odd: Odd) -> Shape:
    if not _WHOLE.fullmatch(words[0]):
        raise ValueError(f"a line begins with the number of its class, this one with {words[0][:40]!r}")
    label = reading.names.get(int(float(words[0])))
    if label is None:
        raise ValueError(f"there is no class {words[0]}: names has {len(reading.names)}, counted from 0")
    numbers = [_fraction(word) for word in words[1 : 1 + _BOX]] if _posed(words, reading) else None
    if numbers is not None:
        odd.keypoints += 1
        return _box(label, numbers, size, odd)
    numbers = [_fraction(word) for word in words[1:]]
    if len(numbers) == _BOX:
        return _box(label, numbers, size, odd)
    if len(numbers) == _SCORED_BOX:
        raise ValueError("a box has four numbers, this line has five as predictions have, the last one a score")
    if len(numbers) < _LEAST_POLYGON or len(numbers) % 2:
        raise ValueError(f"a box has four numbers and a polygon six, eight, ten …; this line has {len(numbers)}")
    return _polygon(label, numbers, size, reading)


def _posed(words: list[str], reading: Reading) -> bool:
    return reading.keypoints > 0 and len(words) == 1 + _BOX + reading.keypoints


def _fraction(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise ValueError(f"{word[:40]!r} is no number") from None
    # Written so that NaN is refused too.
    if not -ROUNDING <= value <= 1 + ROUNDING:
        raise ValueError(f"{word[:40]} lies outside of 0 to 1; write fractions of the picture's width and height")
    return min(max(value, 0.0), 1.0)


def _box(label: str, numbers: list[float], size: tuple[int, int], odd: Odd) -> Shape:
    x, y, width, height = numbers
    corners = ((x - width / 2, y - height / 2), (x + width / 2, y + height / 2))
    odd.cut += any(not -ROUNDING <= value <= 1 + ROUNDING for corner in corners for value in corner)
    return Shape(label, ShapeKind.BOX, tuple(_pixels(*corner, size) for corner in corners))


def _polygon(label: str, numbers: list[float], size: tuple[int, int], reading: Reading) -> Shape:
    points = tuple(_pixels(x, y, size) for x, y in zip(numbers[::2], numbers[1::2], strict=True))
    if reading.ours and len(points) == 5:
        corners = (points[0], points[2])
        if points == _closed(corners):
            return Shape(label, ShapeKind.BOX, corners)
    return Shape(label, ShapeKind.POLYGON, points)


def _pixels(x: float, y: float, size: tuple[int, int]) -> Point:
    column, row = (round(min(max(value, 0.0), 1.0) * side, _DECIMALS) for value, side in zip((x, y), size, strict=True))
    return column, row


def _closed(corners: tuple[Point, Point]) -> tuple[Point, ...]:
    (left, top), (right, bottom) = corners
    return (left, top), (right, top), (right, bottom), (left, bottom), (left, top)


def _inside(shape: Shape, size: tuple[int, int]) -> list[tuple[Shape, bool]]:
    """The shape as far as it lies in the picture, and whether that is less; Ultralytics refuses what reaches over."""
    left, top, right, bottom = shape.bounds
    if left >= 0 and top >= 0 and right <= size[0] and bottom <= size[1]:
        return [(shape, False)]
    if not in_picture(shape, size):
        return []
    if shape.kind is ShapeKind.BOX:
        corners = [(min(max(x, 0.0), size[0]), min(max(y, 0.0), size[1])) for x, y in shape.points]
        return [(Shape(shape.label, shape.kind, tuple(corners)), True)]
    return [(Shape(shape.label, shape.kind, ring), True) for ring in outlines(filled([shape], size))]


def _numbers(shape: Shape, mixed: bool) -> list[Point]:
    if shape.kind is ShapeKind.POLYGON:
        closed = len(shape.points) == 5 and shape.points == _closed((shape.points[0], shape.points[2]))
        return list(shape.points[:-1] if closed else shape.points)
    (left, top), (right, bottom) = shape.points
    if mixed:
        return list(_closed(((left, top), (right, bottom))))
    return [((left + right) / 2, (top + bottom) / 2), (right - left, bottom - top)]


def _fractions(points: Iterable[Point], size: tuple[int, int]) -> str:
    fractions = (value / side for point in points for value, side in zip(point, size, strict=True))
    # Never more than 1 by a rounding error.
    return " ".join(f"{min(math.fabs(value), 1.0):.12g}" for value in fractions)

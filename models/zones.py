"""Named areas of a picture, and what lies in them: polygons in pixels of the picture that the model was taught with.

    touched   the rectangle and the zone share some area, however little
    covered   the whole rectangle lies in the zone

A rectangle is clipped by Sutherland and Hodgman, "Reentrant polygon clipping", CACM 17 (1974): the polygon is cut along
each side of the rectangle in turn. Where a polygon with a notch falls into pieces, the pieces hang together by edges
without area, which the area that is asked for here does not notice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from models.decision import Box

Point = tuple[float, float]
MAX_POINTS = 64
_LEAST_PX2 = 1e-6  # what is left of nothing by rounding; a pixel has 1


@dataclass(frozen=True, slots=True)
class Zone:
    """`points`: 3 to 64 corners in order, either way round; sides that cross each other leave no inside to speak of.

    Raises:
        ValueError: the points are no such polygon.
    """

    name: str
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        if not 3 <= len(self.points) <= MAX_POINTS:
            raise ValueError(f"zone {self.name} has {len(self.points)} points; a polygon has 3 to {MAX_POINTS}")
        if len(set(self.points)) != len(self.points):
            raise ValueError(f"zone {self.name} names a point twice; give each corner once")
        if _crosses_itself(self.points):
            raise ValueError(f"the sides of zone {self.name} cross each other; give its corners in order around it")
        if abs(_area(self.points)) < 1.0:
            raise ValueError(f"zone {self.name} has no area; give its corners in order around it")

    def touches(self, box: Box) -> bool:
        """Whether the zone and the box share some area."""
        return self._shared(box) > _LEAST_PX2

    def covers(self, box: Box) -> bool:
        """Whether the whole box lies in the zone."""
        return self._shared(box) >= box.w * box.h - _LEAST_PX2

    def _shared(self, box: Box) -> float:
        left, top, right, bottom = box.x, box.y, box.x + box.w, box.y + box.h
        points: Sequence[Point] = self.points
        for axis, bound, sign in ((0, left, 1), (0, right, -1), (1, top, 1), (1, bottom, -1)):
            points = _cut(points, _beyond(axis, bound, sign), axis, bound)
        return abs(_area(points))


def _beyond(axis: int, bound: float, sign: int) -> Callable[[Point], bool]:
    return lambda point: sign * (point[axis] - bound) >= 0


def _cut(points: Sequence[Point], inside: Callable[[Point], bool], axis: int, bound: float) -> list[Point]:
    """The part of a polygon on the inner side of one line across an axis."""
    kept: list[Point] = []
    for here, there in zip(points, [*points[1:], *points[:1]], strict=True):
        if inside(here):
            kept.append(here)
        if inside(here) is not inside(there):
            share = (bound - here[axis]) / (there[axis] - here[axis])
            other = here[1 - axis] + share * (there[1 - axis] - here[1 - axis])
            kept.append((bound, other) if axis == 0 else (other, bound))
    return kept


def _area(points: Sequence[Point]) -> float:
    """Twice-signed area by the shoelace formula, halved."""
    ends = zip(points, [*points[1:], *points[:1]], strict=True)
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in ends) / 2


def _crosses_itself(points: Sequence[Point]) -> bool:
    sides = list(zip(points, [*points[1:], *points[:1]], strict=True))
    apart = (
        (sides[i], sides[j])
        for i, j in combinations(range(len(sides)), 2)
        if j - i > 1 and not (i == 0 and j == len(sides) - 1)
    )
    return any(_meet(*one, *other) for one, other in apart)


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the segments ab and cd share a point."""
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _between(*end) for turn, end in zip(turns, ends, strict=True))


def _turn(a: Point, b: Point, c: Point) -> float:
    """Above 0 where the way a, b, c turns one way, below where the other, 0 where it goes straight."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _between(a: Point, b: Point, c: Point) -> bool:
    """Whether `c`, which is in line with ab, lies on the segment."""
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])

"""Shapes that labelling tools draw and okng has no kind for, as polygons: turned rectangles, ellipses and circles.

Angles are degrees, clockwise as seen on the screen, as Label Studio and CVAT count them.
"""

from __future__ import annotations

import math

from training.data.marks import Point

# No corner's edge lies farther inside the true curve than this.
_SAGITTA_PX = 0.1
_LEAST_CORNERS, _MOST_CORNERS = 12, 720


def turned(point: Point, centre: Point, degrees: float) -> Point:
    """`point` after a turn about `centre`."""
    angle = math.radians(degrees)
    dx, dy = point[0] - centre[0], point[1] - centre[1]
    return (
        centre[0] + dx * math.cos(angle) - dy * math.sin(angle),
        centre[1] + dx * math.sin(angle) + dy * math.cos(angle),
    )


def turned_rectangle(left_top: Point, right_bottom: Point, centre: Point, degrees: float) -> tuple[Point, ...]:
    """The four corners of an upright rectangle after a turn about `centre`."""
    (left, top), (right, bottom) = left_top, right_bottom
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return tuple(turned(corner, centre, degrees) for corner in corners)


def ellipse(centre: Point, radii: tuple[float, float], degrees: float = 0.0) -> tuple[Point, ...]:
    """Corners on the ellipse, so many that no edge is farther than a tenth of a pixel from it.

    Raises:
        ValueError: a radius is not above zero.
    """
    if not min(radii) > 0:
        raise ValueError("a circle or ellipse needs a radius above zero")
    longest = max(radii)
    step = 2 * math.acos(1 - _SAGITTA_PX / longest) if longest > _SAGITTA_PX else math.pi
    number = min(_MOST_CORNERS, max(_LEAST_CORNERS, math.ceil(2 * math.pi / step)))
    around = (2 * math.pi * corner / number for corner in range(number))
    return tuple(
        turned((centre[0] + radii[0] * math.cos(at), centre[1] + radii[1] * math.sin(at)), centre, degrees)
        for at in around
    )

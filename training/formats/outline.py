"""Painted masks as polygons, exact to the pixel: `training.data.marks.filled` gives the very mask back.

A polygon has one ring, so a hole cannot be drawn with one. A piece that has holes is cut along columns through them
until no piece has any: more polygons, the same pixels.

Contours: S. Suzuki and K. Abe, Topological structural analysis of digitized binary images by border following, CVGIP
30 (1985), as OpenCV has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from training.data.marks import Mask, Point


def outlines(mask: Mask) -> list[tuple[Point, ...]]:
    """Polygons of three or more corners, in pixels as `training.data.marks` counts them, that cover just the mask.

    `mask`: `(H, W)` bool. Corners lie in the centres of the outermost pixels: an edge covers what it touches. Pixels
    that meet at a corner are one piece. Largest-first order is not promised; the same mask gives the same polygons.
    """
    return [ring for piece, column, row in _pieces(mask) for ring in _rings(piece, column, row)]


def _pieces(mask: Mask) -> Iterator[tuple[Mask, int, int]]:
    """Each connected piece alone in its frame, with the frame's left column and top row."""
    count, labels, frames, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    for number in range(1, count):
        column, row, width, height = (int(value) for value in frames[number, :4])
        yield labels[row : row + height, column : column + width] == number, column, row


def _rings(piece: Mask, column: int, row: int) -> Iterator[tuple[Point, ...]]:
    contours, _ = cv2.findContours(piece.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if len(contours) == 1:
        corners = contours[0][:, 0, :] + (column + 0.5, row + 0.5)
        points = tuple((float(x), float(y)) for x, y in corners)
        # A single pixel or a straight line has one corner or two.
        yield points + points[-1:] * (3 - len(points))
        return
    cut = _cut([cv2.boundingRect(contour) for contour in contours], piece.shape[1])
    for half, left in ((piece[:, :cut], column), (piece[:, cut:], column + cut)):
        for inner, inner_column, inner_row in _pieces(half):
            yield from _rings(inner, left + inner_column, row + inner_row)


def _cut(boxes: Sequence[Sequence[int]], width: int) -> int:
    """Behind a column that every hole through it opens at: the one nearest to the middle keeps the pieces few.

    `boxes`: (left, top, width, height) of the outer border and of the rings around the holes.
    """
    inner = sorted(boxes, key=lambda box: -box[2] * box[3])[1:]
    columns = [box[0] + box[2] // 2 for box in inner]
    return 1 + min(columns, key=lambda column: abs(column - width // 2))

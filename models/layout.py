"""The region of one picture size in views: what of it fills which network input, and what in there never scores.

camera picture ─pose─▶ reference picture ─ROI─▶ region ─▶ views (one, or tiles) ─resize─▶ inputs ─network─▶ places
                                                canvas: the region, and what padding or tiles reach beyond it
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Box
from models.geometry_entry import MAX_TILES, GeometrySpec
from models.masking import at_input, places_left
from models.tiling import Mosaic, pitch, starts

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class View:
    """`box`: pixels of the region, from its corner; it may reach beyond the region, to the right and below. `content`:
    (width, height) that it takes of the network input, from the left upper corner. `painted`: `(H, W)` of the input.
    """

    box: Box
    content: Size
    painted: NDArray[np.bool_] | None


def interpolation(source: Size, target: Size) -> int:
    """How a picture of (width, height) is brought to another size.

    A scratch thinner than the step between samples would fall between them when bilinear: at a step of 3.5 pixels it
    reads 2 of them.
    """
    return cv2.INTER_AREA if source[0] >= target[0] and source[1] >= target[1] else cv2.INTER_LINEAR


class Layout:
    """Views of pictures of (width, height) `picture` for a network input of `size`.

    `hidden` `(h, w)`: the pixels of the region that never score; None is none of them.

    Raises:
        ValueError: the tiles do not fit the network input, are too many, or nothing would be left to score.
        BadPicture: the geometry is not for such pictures.
    """

    def __init__(self, spec: GeometrySpec, picture: Size, size: Size) -> None:
        self.picture, self.size = picture, size
        self.roi = spec.region_of(picture)
        self.hidden = spec.ignored(self.roi) if spec.masks or spec.polygon else None
        self._mosaics: dict[Size, Mosaic] = {}
        if spec.tiles is None:
            boxes, content = [Box(0, 0, self.roi.w, self.roi.h)], self._content(spec)
        else:
            sides = (spec.tiles.width_px, spec.tiles.height_px)
            boxes, content = self._tiles(sides, spec.tiles.overlap_px), size
        width = max(box.x + box.w for box in boxes)
        height = max(box.y + box.h for box in boxes)
        self.canvas = (Fraction(width * size[0], content[0]), Fraction(height * size[1], content[1]))
        whole = self.hidden is None and content == size and (width, height) == (self.roi.w, self.roi.h)
        bare = tuple(View(box, content, None) for box in boxes)
        painted = (replace(view, painted=self.painted_by(self.hidden, view)) for view in bare)
        self.views = bare if whole else tuple(painted)
        if all(view.painted is not None and view.painted.all() for view in self.views):
            raise ValueError("the masks cover the whole network input, so that nothing could score; make them smaller")

    @cached_property
    def is_plain(self) -> bool:
        """Whether the region is one network input, and all of it scores."""
        return len(self.views) == 1 and self.views[0].painted is None

    def mosaic(self, grid: Size) -> Mosaic:
        """How maps of (h, w) `grid`, one a view, lie on one."""
        if grid not in self._mosaics:
            self._mosaics[grid] = self._mosaic(grid)
        return self._mosaics[grid]

    def painted_by(self, gone: NDArray[np.bool_] | None, view: View) -> NDArray[np.bool_]:
        """`(H, W)` of a view's input: what never scores when the pixels `gone` `(h, w)` of the region do not."""
        nothing = np.zeros((self.size[1], self.size[0]), np.bool_)
        painted = nothing if gone is None else self.at_input_of(gone, view)
        # What only reaches beyond the region is paint already: an input pixel that has some of both is still looked at.
        for axis, (side, end, content) in enumerate(
            (
                (view.box.h, self.roi.h - view.box.y, view.content[1]),
                (view.box.w, self.roi.w - view.box.x, view.content[0]),
            )
        ):
            beyond = np.arange(painted.shape[axis]) * side >= min(side, end) * content
            painted |= beyond[:, np.newaxis] if axis == 0 else beyond
        return painted

    def at_input_of(self, drawn: NDArray[np.bool_], view: View) -> NDArray[np.bool_]:
        """`(H, W)` of a view's input: where it shows anything of what is drawn on the region `(h, w)`."""
        box, content = view.box, view.content
        whole = np.zeros((box.h, box.w), np.bool_)
        part = drawn[box.y : box.y + box.h, box.x : box.x + box.w]
        whole[: part.shape[0], : part.shape[1]] = part
        shown = np.zeros((self.size[1], self.size[0]), np.bool_)
        shown[: content[1], : content[0]] = at_input(whole, content, interpolation((box.w, box.h), content))
        return shown

    def _mosaic(self, grid: Size) -> Mosaic:
        boxes = [view.box for view in self.views]
        offsets = tuple((box.y * grid[0] // box.h, box.x * grid[1] // box.w) for box in boxes)
        whole = (max(y for y, _ in offsets) + grid[0], max(x for _, x in offsets) + grid[1])
        scoring = tuple(None if view.painted is None else places_left(view.painted, grid) for view in self.views)
        return Mosaic(whole, offsets, scoring)

    def _content(self, spec: GeometrySpec) -> Size:
        if spec.fit == "stretch":
            return self.size
        scale = min(Fraction(self.size[0], self.roi.w), Fraction(self.size[1], self.roi.h))
        return max(1, round(self.roi.w * scale)), max(1, round(self.roi.h * scale))

    def _tiles(self, sides: Size, overlap_px: int) -> list[Box]:
        steps = [pitch(side, length) for side, length in zip(sides, self.size, strict=True)]
        if sides[0] > self.roi.w or sides[1] > self.roi.h:
            raise ValueError(f"tiles of {sides[0]}x{sides[1]} are larger than the region of {self.roi.w}x{self.roi.h}")
        columns, rows = (
            starts(-(-length // step), side // step, -(-overlap_px // step))
            for length, side, step in zip((self.roi.w, self.roi.h), sides, steps, strict=True)
        )
        if len(columns) * len(rows) > MAX_TILES:
            raise ValueError(
                f"the region takes {len(columns) * len(rows)} tiles, {MAX_TILES} are the most; make the tiles larger"
            )
        return [Box(x * steps[0], y * steps[1], *sides) for y in rows for x in columns]

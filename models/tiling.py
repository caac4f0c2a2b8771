"""Large regions in overlapping tiles, and the tiles' maps in one.

Tiles start on places of the network's coarsest map, so that the maps lie on one grid and nothing is resampled:

    ROI  |····|····|····|····|··      one place of stride 16 each: `pitch` pixels
    tile [···········]
               [···········]
                     [···········]    the last one may reach over the ROI's end, by less than one place

Where tiles overlap, the higher score stands. The mean, however weighted, would let a tile that has a defect at its rim,
half of it cut off, talk down the tile that has it in its middle; a defect that any tile sees is seen. Training stitches
alike, so that limits know it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COARSEST = 16
Floats = NDArray[np.float32]
Bits = NDArray[np.bool_]


def pitch(tile_px: int, input_px: int) -> int:
    """Pixels of the picture that one place of the coarsest map spans.

    Raises:
        ValueError: they are no whole number; with the sizes that would do.
    """
    places = input_px // COARSEST
    if tile_px % places:
        low = tile_px // places * places
        raise ValueError(
            f"tiles of {tile_px} px do not fit a network input of {input_px} px, where sides are multiples of "
            f"{places}; choose {low or places} or {low + places}"
        )
    return tile_px // places


def starts(length: int, tile: int, overlap: int) -> tuple[int, ...]:
    """Where tiles of `tile` begin so that they cover `length`, each sharing at least `overlap` with the next.

    All in places; 0 <= overlap < tile. What is left over is spread among the overlaps.
    """
    if length <= tile:
        return (0,)
    count = -(-(length - overlap) // (tile - overlap))
    return tuple(round(index * (length - tile) / (count - 1)) for index in range(count))


@dataclass(frozen=True, slots=True)
class Mosaic:
    """How the maps of views lie on one grid.

    `grid`: (h, w) of the whole. `offsets`: (y, x) of each view's first place. `scoring`: each view's places that may
    score; None is all of them.
    """

    grid: tuple[int, int]
    offsets: tuple[tuple[int, int], ...]
    scoring: tuple[Bits | None, ...]

    @property
    def left(self) -> Bits | None:
        """The places of the whole that may score; None is all of them."""
        if all(one is None for one in self.scoring):
            return None
        left = np.zeros(self.grid, np.bool_)
        for (y, x), own in zip(self.offsets, self.scoring, strict=True):
            assert own is not None  # views are masked together or not at all
            left[y : y + own.shape[0], x : x + own.shape[1]] |= own
        return left

    def join(self, maps: list[Floats]) -> tuple[Floats, NDArray[np.intp]]:
        """All views' maps in one, and the place each came from, counted through the views one after another."""
        whole = np.full(self.grid, -np.inf, np.float32)
        source = np.zeros(self.grid, np.intp)
        first = 0
        for (y, x), own in zip(self.offsets, maps, strict=True):
            part = np.s_[y : y + own.shape[0], x : x + own.shape[1]]
            higher = own > whole[part]
            whole[part][higher] = own[higher]
            source[part][higher] = (first + np.arange(own.size, dtype=np.intp).reshape(own.shape))[higher]
            first += own.size
        return whole, source


def one_view(grid: tuple[int, int]) -> Mosaic:
    """For pictures that are one network input, all of which may score."""
    return Mosaic(grid, ((0, 0),), (None,))

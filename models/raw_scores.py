"""What a scorer says of one picture in its own unit, before any runtime's score map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.tiling import Mosaic

Floats = NDArray[np.float32]
Mosaics = Callable[[tuple[int, int]], Mosaic]


@dataclass(frozen=True, slots=True)
class RawScores:
    """`raw` of the picture, `map` `(h, w)` raw scores, `residuals` `(n, d)` of each view: how its places differ from
    good.

    `source`: for each place that has a residual, its place in the views one after another; None where there is one
    view. `scoring` `(h, w)`: the places of the map that may score; None is all of them. `classes` `(1 + K, h, w)`: the
    logits of a network with a head. `grid`: (h, w) of the places that have a residual; None: those of the map.
    """

    raw: float
    map: Floats
    residuals: tuple[Floats, ...]
    source: NDArray[np.intp] | None = None
    scoring: NDArray[np.bool_] | None = None
    classes: Floats | None = None
    grid: tuple[int, int] | None = None

    def residuals_of(self, cells: NDArray[np.intp]) -> Floats:
        """`(m, d)` of places of the map given by their flat index."""
        if self.grid is not None:
            rows, columns = np.divmod(cells, self.map.shape[1])
            # A place of one map lies in the same share of the other's rows and columns.
            height, width = self.grid
            cells = rows * height // self.map.shape[0] * width + columns * width // self.map.shape[1]
        if self.source is None:
            return self.residuals[0][cells]
        views, rows = np.divmod(self.source.ravel()[cells], len(self.residuals[0]))
        return np.stack([self.residuals[view][row] for view, row in zip(views, rows, strict=True)])

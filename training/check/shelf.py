"""Where the textures of a data set lie: in memory, or of very many in a file that ends with the process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np

from training.check.look import room_for
from training.check.texture import Stored


class Shelf(Sequence[Stored]):
    """One texture a place; each place has the shape that was said for it, and holds zeros until it is filled."""

    def __init__(self, shapes: Sequence[tuple[int, int]]) -> None:
        """Raises NotThere: the folder for temporary files has no room."""
        self._shapes = tuple(shapes)
        self._starts = np.cumsum([0, *(height * width for height, width in shapes)]).tolist()
        self._room = room_for((self._starts[-1],)).view(np.int8)

    def __len__(self) -> int:
        return len(self._shapes)

    @overload
    def __getitem__(self, index: int) -> Stored: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Stored]: ...

    def __getitem__(self, index: int | slice) -> Stored | Sequence[Stored]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        shape = self._shapes[index]
        start = self._starts[index]
        return self._room[start : start + shape[0] * shape[1]].reshape(shape)

    def put(self, index: int, texture: Stored) -> None:
        """Fill a place; raises ValueError where the shape is another."""
        self[index][...] = texture

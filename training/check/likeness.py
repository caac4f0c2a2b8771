"""Whether two pictures show one surface: all parts of what both show must agree, not only the outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.check.texture import Shift, Stored, overlap

_BLOCK_PX = 20
_LEAST_PX = 40
_WEAKEST = 0.1


@dataclass(frozen=True, slots=True)
class Likeness:
    """`agreement`: correlation of the two textures over all that both show; `weakest`: that of the blocks which agree
    less than nine tenths of all; `peak`: see `Shift`; `shared`: how much of the smaller picture both show."""

    agreement: float
    weakest: float
    peak: float
    shared: float


NOTHING_ALIKE = Likeness(0.0, 0.0, 0.0, 0.0)


def likeness(first: Stored, second: Stored, shift: Shift) -> Likeness:
    """How well the second texture, moved by `shift`, agrees with the first."""
    here, there = overlap(_shape(first), _shape(second), shift)
    one, other = first[here].astype(np.float32), second[there].astype(np.float32)
    if min(one.shape) < _LEAST_PX:
        return NOTHING_ALIKE
    both, own, others = (_sums(product) for product in (one * other, one * one, other * other))
    total = float(both.sum()) / float(np.sqrt(own.sum() * others.sum()) + 1)
    blocks = both / (np.sqrt(own * others) + 1)
    return Likeness(total, float(np.quantile(blocks, _WEAKEST)), shift.peak, one.size / min(first.size, second.size))


def _sums(values: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = (np.linspace(0, side, max(2, side // _BLOCK_PX) + 1).astype(np.intp)[:-1] for side in values.shape)
    return np.asarray(np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1), np.float32)


def _shape(texture: Stored) -> tuple[int, int]:
    return texture.shape[0], texture.shape[1]

"""For each texture the few that may be of the same part, by their spectra alone: every pair of 10,000 in a minute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.check.look import room_for
from training.check.texture import Map, Stored, signature_of

_NEIGHBOURS = 10
_SAMPLED = 1500
_AT_ONCE = 1 << 25


def signatures_of(textures: Sequence[Stored]) -> Map:
    """`(N, 8192)`, each of length one, less what is common to all: their products tell how alike two spectra are.

    Of many they lie in a file. Raises NotThere: the folder for temporary files has no room.
    """
    some = np.stack([signature_of(textures[index]) for index in range(0, len(textures), len(textures) // _SAMPLED + 1)])
    middle, spread = some.mean(axis=0), some.std(axis=0) + 1e-3
    rows = room_for((len(textures), some.shape[1] * some.itemsize)).view(np.float32)
    for index in range(len(textures)):
        row = (signature_of(textures[index]) - middle) / spread
        row -= row.mean()
        rows[index] = row / (np.linalg.norm(row) + 1e-9)
    return rows


def candidates(signatures: Map) -> list[tuple[int, int]]:
    """Pairs (smaller index first, sorted, each once): every picture with the ten most like it."""
    count = len(signatures)
    keep, step = min(_NEIGHBOURS, count - 1), max(1, _AT_ONCE // count)
    pairs: set[tuple[int, int]] = set()
    for start in range(0, count, step):
        products = signatures[start : start + step] @ signatures.T
        here = np.arange(len(products))
        products[here, start + here] = -np.inf
        nearest: NDArray[np.intp] = np.argpartition(-products, keep - 1, axis=1)[:, :keep]
        for one, row in enumerate(nearest.tolist(), start):
            pairs.update((min(one, other), max(one, other)) for other in row)
    return sorted(pairs)

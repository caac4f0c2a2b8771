"""The bank of the nearest-neighbour scorer: which good places it keeps, and how far others usually are from each."""

from __future__ import annotations

import numpy as np

from models.scorers import Floats

_RADIUS_PRIOR = 5.0
_SEARCH_DIMENSIONS = 24


def coreset(vectors: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Greedy k-centre (Sener & Savarese, ICLR 2018) in a random projection: each pick is farthest from all before."""
    if len(vectors) <= size:
        return np.ascontiguousarray(vectors)
    directions = rng.standard_normal((vectors.shape[1], _SEARCH_DIMENSIONS)).astype(np.float32)
    small = vectors @ directions
    picks = [int(rng.integers(len(small)))]
    nearest = np.full(len(small), np.inf, np.float32)
    for _ in range(size - 1):
        offset = small - small[picks[-1]]
        nearest = np.minimum(nearest, np.einsum("nd,nd->n", offset, offset))
        picks.append(int(nearest.argmax()))
    return np.ascontiguousarray(vectors[sorted(picks)])


def radii(bank: Floats, vectors: Floats) -> Floats:
    """The usual distance of good places to each bank vector, drawn towards the overall one where few are near."""
    partial = vectors @ (bank.T * np.float32(-2)) + np.einsum("md,md->m", bank, bank)
    nearest = partial.argmin(axis=1)
    distances = np.linalg.norm((vectors - bank[nearest]).astype(np.float64), axis=1)
    counts = np.bincount(nearest, minlength=len(bank))
    sums = np.bincount(nearest, distances, minlength=len(bank))
    overall = max(float(distances.mean()), 1e-6)
    return np.asarray((sums + _RADIUS_PRIOR * overall) / (counts + _RADIUS_PRIOR), np.float32)

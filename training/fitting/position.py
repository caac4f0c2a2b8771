"""A Gaussian for each position of the grid (Defard et al., "PaDiM", ICPR 2021), small enough for a station.

Directions: those in which good parts vary most around the mean of their own position, each divided by how much, so that
the covariance pooled over all positions is the identity. All pictures are brought to the usual contrast before, see
`models.distances`: of tiles that share no part with those learned from, AUROC 80.3 without and 84.4 with it.

To each position's own covariance comes a ridge in proportion to how much that position varies. With fewer pictures than
directions it is the ridge that fills what they do not span: the distance is then the plain one in units of the
position, and leaves out the directions seen to be harmless. Drawing the covariances towards the identity instead, by as
much as they are uncertain (Ledoit & Wolf 2004), forgets how much a position varies, and was worse with 21, 79 and 627
pictures alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.distances import LEAST_CONTRAST, at_usual_contrast, contrast_of
from models.masking import places_left
from models.scorers import MAX_GAUSSIAN_DIMENSIONS, Floats, PositionGaussian, ScorerShape, embed, project
from training.features import Seen
from training.fitting.sample import select

# Whatever the size of the input: what a package may carry of this, and what a station may multiply.
MAX_FACTOR_BYTES = 2_200_000
_BATCH = 16
_DAMPING = 0.01
_RIDGE = 0.01
_LEAST = 0.005
# Of the logarithm of contrasts: what a lamp that ages changes within weeks, though no picture of today shows it.
_LEAST_SPREAD = 0.05

Doubles = NDArray[np.float64]
# Place vectors of some pictures `(n, P, D)`, and which of them score `(n, P)`.
Batch = tuple[Floats, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Positions:
    """What such a scorer is made of: `mean` `(D,)`, `projection` `(D, d)`, and the arrays of `PositionGaussian`."""

    mean: Floats
    projection: Floats
    centre: Floats
    factor: NDArray[np.float16]
    contrast: Floats

    @property
    def distance(self) -> PositionGaussian:
        return PositionGaussian(self.centre, self.factor, self.contrast)


def fit_positions(good: Sequence[Seen], shape: ScorerShape) -> Positions:
    """Gaussians of good pictures and augmented ones, each of a single view of the part."""
    grid = embed(select(good[0], shape.strides).views[0], shape)[1]

    def batches() -> Iterator[Batch]:
        for first in range(0, len(good), _BATCH):
            seen = [select(one, shape.strides) for one in good[first : first + _BATCH]]
            vectors = np.stack([embed(one.views[0], shape)[0] for one in seen])
            yield vectors, np.stack([_scoring(one, grid) for one in seen])

    counts, means, within = _spread(batches)
    mean = np.asarray(means.mean(axis=0), np.float32)
    projection = _directions(within, kept_dimensions(grid[0] * grid[1], len(mean)))

    def projected() -> Iterator[Batch]:
        for vectors, scoring in batches():
            yield np.stack([project(one, mean, projection) for one in vectors]), scoring

    usual, spread = _usual_contrast(projected)
    centre, covariances = _covariances(projected, counts, usual)
    inverse = np.linalg.inv(np.linalg.cholesky(covariances))
    rows, columns = np.tril_indices(inverse.shape[-1])
    factor = np.asarray(inverse[:, rows, columns], np.float16)
    return Positions(mean, projection, centre.reshape(*grid, -1), factor, np.array([usual, spread], np.float32))


def kept_dimensions(positions: int, channels: int) -> int:
    """How many directions a package can carry at so many positions; at most all of them."""
    most = int((MAX_FACTOR_BYTES / positions + 0.25) ** 0.5 - 0.5)
    return max(1, min(MAX_GAUSSIAN_DIMENSIONS, channels, most))


def _scoring(seen: Seen, grid: tuple[int, int]) -> NDArray[np.bool_]:
    (painted,) = seen.painted
    return np.ones(grid[0] * grid[1], np.bool_) if painted is None else places_left(painted, grid).ravel()


def _spread(batches: Callable[[], Iterator[Batch]]) -> tuple[Doubles, Doubles, Doubles]:
    """How often each position scores `(P,)`, its mean `(P, D)`, and the covariance around those means `(D, D)`.

    A position that never scores has the mean of all.
    """
    counts = sums = products = np.zeros(())
    for vectors, scoring in batches():
        weighed = vectors * scoring[..., None]
        flat = weighed.reshape(-1, weighed.shape[-1])
        counts = counts + scoring.sum(axis=0)
        sums = sums + weighed.sum(axis=0, dtype=np.float64)
        products = products + (flat.T @ flat).astype(np.float64)
    total = sums.sum(axis=0) / counts.sum()
    means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], total)
    free = max(1.0, float(counts.sum() - (counts > 0).sum()))
    return counts, means, (products - (means * counts[:, None]).T @ means) / free


def _directions(within: Doubles, keep: int) -> Floats:
    values, directions = np.linalg.eigh(within)
    values = np.maximum(values, 0)
    damped = np.sqrt(values[-keep:] + _DAMPING * max(float(values.mean()), 1e-12))
    return np.asarray(np.ascontiguousarray(directions[:, -keep:] / damped), np.float32)


def _usual_contrast(projected: Callable[[], Iterator[Batch]]) -> tuple[float, float]:
    """The usual contrast of what scores, and the spread of its logarithm.

    One good picture without any contrast counts as little as it does on a station: else its logarithm, without a
    bottom, would make every contrast a usual one.
    """
    pictures = (one for batch in projected() for one in zip(*batch, strict=True))
    found = np.array([contrast_of(vectors, scoring) for vectors, scoring in pictures if scoring.any()])
    logarithms = np.log(np.maximum(found, LEAST_CONTRAST * (float(np.median(found)) or 1.0)))
    return float(np.exp(logarithms.mean())), max(float(logarithms.std()), _LEAST_SPREAD)


def _covariances(projected: Callable[[], Iterator[Batch]], counts: Doubles, usual: float) -> tuple[Floats, Doubles]:
    """The mean at each position `(P, d)` and its covariance `(P, d, d)`, at the usual contrast.

    The covariance has a ridge that goes by the position's own variance. A position that never scores has the mean
    of all.
    """
    sums = products = np.zeros(())
    for vectors, scoring in projected():
        same = [at_usual_contrast(one, contrast_of(one, own), usual) for one, own in zip(vectors, scoring, strict=True)]
        own = np.ascontiguousarray((np.stack(same) * scoring[..., None]).transpose(1, 0, 2), np.float64)
        sums = sums + own.sum(axis=1)
        products = products + np.matmul(own.transpose(0, 2, 1), own)
    total = sums.sum(axis=0) / counts.sum()
    means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], total)
    centre = np.asarray(means, np.float32)
    dimensions = centre.shape[1]
    identity = np.eye(dimensions)
    between = counts[:, None, None] * means[:, :, None] * means[:, None]
    own = (products - between) / np.maximum(counts - 1, 1)[:, None, None]
    # Where a position scores in a single picture, or in none, nothing is known of its spread but the pooled one.
    own = np.where((counts > 1)[:, None, None], own, identity)
    variance = np.trace(own, axis1=1, axis2=2)[:, None, None] / dimensions
    return centre, own + (_RIDGE * variance + _LEAST) * identity

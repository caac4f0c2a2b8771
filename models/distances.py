"""Place vectors, centred and projected → how far each is from what good parts look like.

- `gaussian`: Mahalanobis distance to one Gaussian over all places (Defard et al., "PaDiM", 2020, without positions);
  `projection` whitens, so the distance is a plain norm.
- `position_gaussian`: the same with a Gaussian for each position of the grid (PaDiM), for parts that always lie alike.
  `centre` `(h, w, d)`; `factor` `(h * w, d * (d + 1) / 2)` float16: row by row the lower triangle of the inverse of the
  covariance's Cholesky factor there. The distance is the norm of its product with what differs from the centre. Before,
  the vectors of a picture are brought to the contrast that is usual: exposure, a coating or a lens change that of all
  places alike, and would drown what a single place shows. How unusual it was counts as one more dimension, so that a
  part that is rough all over stands out as well. `contrast` `(2,)`: the usual one, and the spread of its logarithm.
- `nearest_neighbour`: distance to the nearest vector of a coreset of good places (Roth et al., "PatchCore", 2022),
  divided by that vector's `radius`, the distance usual for good places there (a busy edge may differ more than a face).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from models.errors import InferenceError, PackageError
from models.manifest import ScorerEntry

Floats = NDArray[np.float32]
Scoring = NDArray[np.bool_] | None
# `(n, d)` of one view's places in order, and which of them score → distances `(n,)` and residuals `(n, d)`.
Distance = Callable[[Floats, Scoring], tuple[Floats, Floats]]
Size = tuple[int, int]
MAX_BANK = 1000
MAX_GAUSSIAN_DIMENSIONS = 64
# Numbers that are multiplied a picture; 1024 positions of 64 dimensions take 2 ms.
MAX_POSITION_FACTORS = 1024 * 64 * 64
# A picture without any contrast is not told by dividing by nothing: of the usual contrast.
LEAST_CONTRAST = 0.05
# What each kind keeps beside `mean` and `projection`.
ARRAYS: Mapping[str, frozenset[str]] = {
    "gaussian": frozenset(),
    "position_gaussian": frozenset({"centre", "factor", "contrast"}),
    "nearest_neighbour": frozenset({"bank", "radius"}),
}


class Gaussian:
    """Distance to the mean in whitened space."""

    def __call__(self, vectors: Floats, scoring: Scoring = None) -> tuple[Floats, Floats]:
        return np.sqrt(np.einsum("nd,nd->n", vectors, vectors)), vectors


def contrast_of(vectors: Floats, scoring: Scoring = None) -> float:
    """How far the places that score are from their own mean, root mean square; 0 where none scores."""
    own = vectors if scoring is None else vectors[scoring.ravel()]
    if not len(own):
        return 0.0
    away = own - own.mean(axis=0)
    return float(np.sqrt(np.einsum("nd,nd->", away, away) / away.size))


def at_usual_contrast(vectors: Floats, own: float, usual: float) -> Floats:
    """The vectors of a picture of contrast `own` as if it had the usual one."""
    return np.asarray(vectors * np.float32(usual / (own + LEAST_CONTRAST * usual)), np.float32)


class PositionGaussian:
    """Distance to the mean of the vector's own position, in the space that is whitened there.

    Residuals are not whitened by position, so that those of one defect are alike wherever it lies.
    """

    def __init__(self, centre: Floats, factor: NDArray[np.float16], contrast: Floats) -> None:
        self._usual, self._spread = float(contrast[0]), float(contrast[1])
        self._centre = np.ascontiguousarray(centre.reshape(-1, centre.shape[-1]))
        places, dimensions = self._centre.shape
        rows, columns = np.tril_indices(dimensions)
        # Upper triangles: a row vector times a matrix is what BLAS is fastest at here.
        self._whiten = np.zeros((places, dimensions, dimensions), np.float32)
        self._whiten[:, columns, rows] = factor

    def __call__(self, vectors: Floats, scoring: Scoring = None) -> tuple[Floats, Floats]:
        """Raises InferenceError: these are not the positions of the grid."""
        if vectors.shape != self._centre.shape:
            raise InferenceError(
                f"the network gave {len(vectors)} places, the scorer knows {len(self._centre)}; export the model again"
            )
        own = contrast_of(vectors, scoring)
        unusual = np.float32(np.log(max(own, LEAST_CONTRAST * self._usual) / self._usual) / self._spread)
        residuals = at_usual_contrast(vectors, own, self._usual) - self._centre
        whitened = np.matmul(residuals[:, None], self._whiten)[:, 0]
        return np.sqrt(np.einsum("nd,nd->n", whitened, whitened) + unusual**2), residuals


class NearestNeighbour:
    """Distance to the nearest vector of `bank` `(m, d)`, in units of that vector's `radius` `(m,)`."""

    def __init__(self, bank: Floats, radius: Floats) -> None:
        self._bank, self._radius = bank, radius
        self._transposed = np.ascontiguousarray(bank.T) * np.float32(-2)
        self._squares = np.einsum("md,md->m", bank, bank)

    def __call__(self, vectors: Floats, scoring: Scoring = None) -> tuple[Floats, Floats]:
        partial = vectors @ self._transposed
        partial += self._squares
        nearest = partial.argmin(axis=1)
        # The expanded square picks the neighbour; the difference itself gives the distance without cancellation.
        residuals = vectors - self._bank[nearest]
        return np.sqrt(np.einsum("nd,nd->n", residuals, residuals)) / self._radius[nearest], residuals


def load_distance(entry: ScorerEntry, arrays: Mapping[str, NDArray[np.generic]], size: Size | None) -> Distance:
    """The distance that a manifest describes; `size` (width, height) of the network input, where it is known.

    Raises:
        PackageError: an array has a wrong shape, or is larger than a station may afford.
    """
    dimensions = arrays["projection"].shape[-1]
    if entry.kind == "nearest_neighbour":
        return _neighbour(arrays, dimensions)
    if dimensions > MAX_GAUSSIAN_DIMENSIONS:
        raise PackageError(f"a Gaussian of {dimensions} dimensions is too slow for a station; train it again")
    return Gaussian() if entry.kind == "gaussian" else _position(entry, arrays, dimensions, size)


def _position(
    entry: ScorerEntry, arrays: Mapping[str, NDArray[np.generic]], dimensions: int, size: Size | None
) -> PositionGaussian:
    centre, factor = np.asarray(arrays["centre"], np.float32), np.asarray(arrays["factor"], np.float16)
    if centre.ndim != 3 or centre.shape[2] != dimensions or arrays["projection"].ndim != 2:
        raise PackageError(f"the scorer's centre must be (h, w, {dimensions}); export the package again")
    height, width, _ = centre.shape
    if size is not None and (size[0] // entry.grid_stride, size[1] // entry.grid_stride) != (width, height):
        raise PackageError(
            f"the scorer knows {width}x{height} positions, the network input of {size[0]}x{size[1]} has others; "
            "export the package again"
        )
    if height * width * dimensions**2 > MAX_POSITION_FACTORS:
        raise PackageError(
            f"{height * width} Gaussians of {dimensions} dimensions are too slow for a station; train it again"
        )
    packed = dimensions * (dimensions + 1) // 2
    if factor.shape != (height * width, packed):
        raise PackageError(f"the scorer's factor must be {height * width} x {packed}; export the package again")
    if not (factor[:, np.cumsum(np.arange(1, dimensions + 1)) - 1] > 0).all():
        raise PackageError("the scorer's factor has a diagonal that is not positive; export the package again")
    contrast = np.asarray(arrays["contrast"], np.float32)
    if contrast.shape != (2,) or not (contrast > 0).all():
        raise PackageError("the scorer's contrast must be two positive numbers; export the package again")
    return PositionGaussian(centre, factor, contrast)


def _neighbour(arrays: Mapping[str, NDArray[np.generic]], dimensions: int) -> NearestNeighbour:
    bank, radius = np.asarray(arrays["bank"], np.float32), np.asarray(arrays["radius"], np.float32)
    if bank.ndim != 2 or bank.shape[1] != dimensions or bank.shape[0] > MAX_BANK:
        raise PackageError(f"the scorer's bank must be at most {MAX_BANK} x {dimensions}; export the package again")
    if radius.shape != bank.shape[:1] or not (radius > 0).all():
        raise PackageError("the scorer's radii must be positive, one a bank vector; export the package again")
    return NearestNeighbour(bank, radius)

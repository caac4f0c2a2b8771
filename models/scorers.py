"""Feature maps → how unusual is each place, in numpy, the same for every runtime.

How far a place is from what good parts look like: `models.distances`. What defects taught of single places, optional
for every kind, only ever raises a score: `models.discriminator`.

A place's vector is the concatenation of all strides' features, averaged over `pool` x `pool` neighbours, brought to the
grid of `grid_stride`, centred by `mean` and multiplied by `projection` (`(D,)` scales or a `(D, d)` matrix). The
picture's raw score is the mean of the highest `top_fraction` of the smoothed map (at least one place). Places that are
masked score nothing and have no share in their neighbours' smoothing. What heads inside the network add to it stands in
models/heads.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray

from models.decision import Scores
from models.discriminator import ROLES as RAISING_ROLES
from models.discriminator import Raising, load_raising
from models.distances import ARRAYS, load_distance
from models.distances import MAX_BANK as MAX_BANK  # what scorers are made of is theirs, too
from models.distances import MAX_GAUSSIAN_DIMENSIONS as MAX_GAUSSIAN_DIMENSIONS
from models.distances import Distance as Distance
from models.distances import Floats as Floats
from models.distances import Gaussian as Gaussian
from models.distances import NearestNeighbour as NearestNeighbour
from models.distances import PositionGaussian as PositionGaussian
from models.errors import InferenceError, PackageError
from models.heads import NO_NUMBER, Head, Logits
from models.manifest import ScoreMap, ScorerEntry
from models.raw_scores import Mosaics as Mosaics
from models.raw_scores import RawScores as RawScores
from models.tiling import Mosaic, one_view


@dataclass(frozen=True, slots=True)
class Places:
    """One view's raw scores `(h, w)`, smoothed, and the residuals `(h * w, d)`."""

    map: Floats
    residuals: Floats


@dataclass(frozen=True, slots=True)
class ScorerShape:
    """The settings of a scorer apart from its arrays."""

    grid_stride: int
    strides: tuple[int, ...]
    pool: int
    smoothing_cells: float
    top_fraction: float


def embed(features: Sequence[Floats], shape: ScorerShape) -> tuple[Floats, tuple[int, int]]:
    """Feature maps `(C, h, w)`, one a stride → place vectors `(h * w, sum C)` and the grid's (h, w)."""
    grid = features[shape.strides.index(shape.grid_stride)].shape[1:]
    height, width = int(grid[0]), int(grid[1])
    parts: list[Floats] = []
    for feature in features:
        cells = _by_place(feature)
        if shape.pool > 1:
            cells = np.asarray(cv2.blur(cells, (shape.pool, shape.pool)), np.float32)
        if cells.shape[:2] != (height, width):
            way = cv2.INTER_AREA if cells.shape[0] > height else cv2.INTER_LINEAR
            cells = np.asarray(cv2.resize(cells, (width, height), interpolation=way), np.float32)
        parts.append(cells.reshape(height * width, -1))
    return np.concatenate(parts, axis=1), (height, width)


def _by_place(feature: Floats) -> Floats:
    """`(C, h, w)` → `(h, w, C)`, contiguous; OpenCV turns planes into places many times faster than numpy."""
    cells: Floats = feature.transpose(1, 2, 0)
    if cells.flags.c_contiguous:  # a runtime whose maps are channels-last
        return cells
    return np.asarray(cv2.transpose(feature.reshape(len(feature), -1)), np.float32).reshape(cells.shape)


def project(vectors: Floats, mean: Floats, projection: Floats) -> Floats:
    """Centre and scale, or centre and rotate, place vectors `(n, D)`."""
    centred = vectors - mean
    projected = centred @ projection if projection.ndim == 2 else centred * projection
    return np.asarray(projected, np.float32)


class Scorer:
    """Feature maps of one picture → `RawScores`; pure, so the same features always give the same bits."""

    def __init__(
        self,
        shape: ScorerShape,
        mean: Floats,
        projection: Floats,
        distance: Distance,
        raising: Raising | None,
        head: Head | None = None,
    ) -> None:
        self.shape, self._mean, self._projection = shape, mean, projection
        self._distance, self._raising, self.head = distance, raising, head

    def raised(self, raising: Raising | None) -> Scorer:
        """The same distances, raised by what defects taught."""
        return Scorer(self.shape, self._mean, self._projection, self._distance, raising, self.head)

    @property
    def dimensions(self) -> int:
        """Length of a residual."""
        return int(self._projection.shape[-1])

    def __call__(self, features: Sequence[Floats]) -> RawScores:
        """Score one picture of one view, all of which may score.

        Raises:
            InferenceError: a score is not finite.
        """
        return score_views(self, [features], one_view)

    def grid(self, features: Sequence[Floats]) -> tuple[int, int]:
        """(h, w) of a view's map."""
        height, width = features[self.shape.strides.index(self.shape.grid_stride)].shape[1:]
        return int(height), int(width)

    def places(self, features: Sequence[Floats], scoring: NDArray[np.bool_] | None = None) -> Places:
        """Score one view; places that may not score have no share in any other's."""
        vectors, grid = embed(features, self.shape)
        return self.of_vectors(vectors, grid, scoring)

    def of_vectors(self, vectors: Floats, grid: tuple[int, int], scoring: NDArray[np.bool_] | None = None) -> Places:
        """The same from place vectors that `embed` made."""
        distances, residuals = self._distance(project(vectors, self._mean, self._projection), scoring)
        if self._raising is not None:
            distances = distances + self._raising(vectors)
        cells: Floats = distances.reshape(grid)
        if self.shape.smoothing_cells > 0:
            cells = _smoothed(cells, self.shape.smoothing_cells, scoring)
        return Places(cells, residuals)

    def join(self, views: Sequence[Places], mosaic: Mosaic) -> RawScores:
        """The picture's scores from those of its views, by the distance from good alone.

        Raises:
            InferenceError: a score is not finite.
        """
        residuals = tuple(view.residuals for view in views)
        maps = [view.map for view in views]
        if not all(np.isfinite(one).all() for one in maps):
            raise InferenceError(NO_NUMBER)
        source, left = None, mosaic.left
        cells = maps[0]
        if len(maps) > 1:
            cells, source = mosaic.join(maps)
        counted = cells if left is None else cells[left]
        count = max(1, round(counted.size * self.shape.top_fraction))
        raw = float(np.partition(counted, -count, axis=None)[-count:].mean(dtype=np.float64))
        return RawScores(raw, cells, residuals, source, left)


def _smoothed(cells: Floats, sigma: float, scoring: NDArray[np.bool_] | None) -> Floats:
    if scoring is None:
        return np.asarray(cv2.GaussianBlur(cells, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32)
    weights = scoring.astype(np.float32)
    total, weight = (
        cv2.GaussianBlur(one, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for one in (cells * weights, weights)
    )
    return np.asarray(np.where(scoring, total / np.maximum(weight, np.float32(1e-6)), 0), np.float32)


def score_views(scorer: Scorer, views: Iterable[Sequence[Floats]], mosaic_of: Mosaics) -> RawScores:
    """Score one picture from what the network gives of its views; each is scored before the next is asked for.

    Raises:
        InferenceError: a score is not finite.
        ValueError: the network's outputs do not fit the scorer's head, or there is no view.
    """
    places: list[Places] = []
    logits: list[Logits] = []
    mosaic: Mosaic | None = None
    for outputs in views:
        features = outputs
        if scorer.head is not None:
            features, own = scorer.head.split(outputs)
            logits.append(own)
        mosaic = mosaic_of(scorer.grid(features))
        places.append(scorer.places(features, mosaic.scoring[len(places)]))
    if mosaic is None:
        raise ValueError("a picture without a view has no score")
    found = scorer.join(places, mosaic)
    return found if scorer.head is None else scorer.head.join(found, logits, mosaic_of)


def calibrated(raw: RawScores, score_map: ScoreMap) -> Scores:
    """Raw scores in the unit [0, 1] that limits are set in."""
    knots, values = np.asarray(score_map.raw), np.asarray(score_map.score)
    cells = np.interp(raw.map, knots, values).astype(np.float32)
    if raw.scoring is not None:
        cells[~raw.scoring] = 0
    return Scores(float(np.interp(raw.raw, knots, values)), raw.raw, cells, raw.scoring, raw.classes)


# How an array is stored where not as float32 of one or two dimensions.
_STORED: Mapping[str, tuple[type, tuple[int, ...]]] = {"centre": (np.float32, (3,)), "factor": (np.float16, (2,))}


def load_array(files: Mapping[str, bytes], name: str, dtype: type, ndim: tuple[int, ...]) -> NDArray[np.generic]:
    """One `.npy` of a package, never unpickled.

    Raises:
        PackageError: another dtype or rank than expected, or a value that is not finite.
    """
    try:
        array: NDArray[np.generic] = np.load(BytesIO(files[name]), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise PackageError(f"{name} in the package is no array ({error}); export the package again") from error
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim not in ndim or array.size == 0:
        raise PackageError(f"{name} in the package has the wrong type or shape; export the package again")
    if not np.isfinite(array).all():
        raise PackageError(f"{name} in the package holds a value that is no number; export the package again")
    return array


def load_scorer(entry: ScorerEntry, files: Mapping[str, bytes], size: tuple[int, int] | None = None) -> Scorer:
    """The scorer a manifest describes; `size` (width, height) of the network input, where it is known.

    Raises:
        PackageError: an array is missing, has a wrong shape, or is larger than a station may afford.
    """
    arrays = {
        role: load_array(files, name, *_STORED.get(role, (np.float32, (1, 2)))) for role, name in entry.arrays.items()
    }
    needed = {"mean", "projection"} | ARRAYS[entry.kind]
    if set(arrays) - RAISING_ROLES != needed:
        raise PackageError(f"a {entry.kind} scorer needs the arrays {', '.join(sorted(needed))}; export it again")
    mean, projection = (np.asarray(arrays[role], np.float32) for role in ("mean", "projection"))
    if mean.ndim != 1 or projection.shape[0] != mean.shape[0]:
        raise PackageError("the scorer's mean and projection do not fit each other; export the package again")
    if entry.grid_stride not in entry.strides:
        raise PackageError("the scorer's grid is none of its strides; export the package again")
    shape = ScorerShape(entry.grid_stride, entry.strides, entry.pool, entry.smoothing_cells, entry.top_fraction)
    head = None if entry.head is None else Head(entry.head, entry.strides)
    return Scorer(shape, mean, projection, load_distance(entry, arrays, size), load_raising(arrays, len(mean)), head)

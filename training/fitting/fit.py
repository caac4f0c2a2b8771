"""One scorer out of the good pictures of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.manifest import HeadEntry, ScorerEntry
from models.scorers import Distance, Floats, Gaussian, NearestNeighbour, Scorer, project
from training.config import BANK_SIZE
from training.features import Seen
from training.fitting.candidates import GAUSSIAN, POSITION, Candidate
from training.fitting.neighbour import coreset, radii
from training.fitting.places import good_places
from training.fitting.position import fit_positions
from training.fitting.projection import projection_of
from training.fitting.sample import Sample

Arrays = dict[str, NDArray[np.floating[Any]]]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A scorer and the arrays it is made of, by their role in a package; `head`: what the network's heads add."""

    candidate: Candidate
    arrays: Arrays
    scorer: Scorer
    head: HeadEntry | None = None

    def entry(self, files: dict[str, str]) -> ScorerEntry:
        shape = self.candidate.shape
        return ScorerEntry.model_validate(
            {
                "kind": self.candidate.kind,
                "strides": shape.strides,
                "grid_stride": shape.grid_stride,
                "pool": shape.pool,
                "smoothing_cells": shape.smoothing_cells,
                "top_fraction": shape.top_fraction,
                "arrays": files,
                "head": self.head,
            }
        )


def fit(candidate: Candidate, sample: Sample, seed: int) -> Fitted:
    """Fit one scorer without what defects teach."""
    rng = np.random.default_rng(seed)
    pool = good_places(candidate, sample.good, rng)
    mean, projection, distance, arrays = _by_kind(candidate, sample.good, pool, rng)
    arrays = {"mean": mean, "projection": projection, **arrays}
    return Fitted(candidate, arrays, Scorer(candidate.shape, mean, projection, distance, None))


def _by_kind(
    candidate: Candidate, good: Sequence[Seen], pool: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, Distance, Arrays]:
    """Mean, projection, distance, and the arrays of the distance."""
    if candidate.kind == POSITION:
        found = fit_positions(good, candidate.shape)
        own: Arrays = {"centre": found.centre, "factor": found.factor, "contrast": found.contrast}
        return found.mean, found.projection, found.distance, own
    mean = np.asarray(pool.mean(axis=0, dtype=np.float64), np.float32)
    projection = projection_of(candidate, pool - mean)
    if candidate.kind == GAUSSIAN:
        return mean, projection, Gaussian(), {}
    projected = project(pool, mean, projection)
    # Halves, because a vector that stands in the bank is no evidence of how far others are from it.
    bank = coreset(projected[::2], BANK_SIZE, rng)
    radius = radii(bank, projected[1::2])
    return mean, projection, NearestNeighbour(bank, radius), {"bank": bank, "radius": radius}

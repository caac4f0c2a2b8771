"""One scorer out of a sample. Defective pictures teach only `known`, which can only raise a score; the rest is fitted
on good pictures alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.discriminator import Logistic
from models.manifest import ScorerEntry
from models.scorers import Distance, Floats, Gaussian, NearestNeighbour, Scorer, project
from training.config import BANK_SIZE
from training.fitting.candidates import Candidate
from training.fitting.neighbour import coreset, radii
from training.fitting.places import defect_places, good_places
from training.fitting.projection import projection_of
from training.fitting.sample import Sample
from training.logistic import fit_logistic

_KNOWN_VECTORS = 6_000


@dataclass(frozen=True, slots=True)
class Fitted:
    """A scorer and the arrays it is made of, by their role in a package."""

    candidate: Candidate
    arrays: dict[str, Floats]
    scorer: Scorer

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
            }
        )


def fit(candidate: Candidate, sample: Sample, seed: int) -> Fitted:
    """Fit one scorer."""
    rng = np.random.default_rng(seed)
    pool = good_places(candidate, sample.good, rng)
    arrays = {"mean": pool.mean(axis=0, dtype=np.float64).astype(np.float32)}
    arrays["projection"] = projection_of(candidate, pool - arrays["mean"])
    distance: Distance = Gaussian()
    if candidate.kind == "nearest_neighbour":
        projected = project(pool, arrays["mean"], arrays["projection"])
        # Halves, because a vector that stands in the bank is no evidence of how far others are from it.
        arrays["bank"] = coreset(projected[::2], BANK_SIZE, rng)
        arrays["radius"] = radii(arrays["bank"], projected[1::2])
        distance = NearestNeighbour(arrays["bank"], arrays["radius"])
    known = None
    if candidate.known:
        plain = Scorer(candidate.shape, arrays["mean"], arrays["projection"], distance, None)
        places = [defect_places(plain, candidate, seen, masks) for seen, masks in sample.defective]
        known = arrays["known"] = fit_logistic(pool[:: max(1, len(pool) // _KNOWN_VECTORS)], np.concatenate(places))
    scorer = Scorer(
        candidate.shape, arrays["mean"], arrays["projection"], distance, None if known is None else Logistic(known)
    )
    return Fitted(candidate, arrays, scorer)

"""Scales or directions in which place vectors are compared."""

from __future__ import annotations

import numpy as np

from models.scorers import MAX_GAUSSIAN_DIMENSIONS, Floats
from training.fitting.candidates import Candidate

_DAMPING = {"gaussian": 0.01, "nearest_neighbour": 0.1}


def projection_of(candidate: Candidate, centred: Floats) -> Floats:
    """`(D,)` scales, or a `(D, d)` whitening matrix.

    A Gaussian keeps the directions in which good parts vary least (Rippel et al., ICPR 2020: those tell anomalies
    best), a neighbour search those in which they vary most.
    """
    if candidate.scaling == "deviation":
        return np.asarray(1.0 / (centred.std(axis=0, dtype=np.float64) + 1e-3), np.float32)
    covariance = np.cov(centred.T.astype(np.float64))
    values, directions = np.linalg.eigh(covariance)
    keep = min(MAX_GAUSSIAN_DIMENSIONS, len(values))
    chosen = slice(0, keep) if candidate.kind == "gaussian" else slice(len(values) - keep, None)
    values, directions = values[chosen], directions[:, chosen]
    damped = np.sqrt(values + _DAMPING[candidate.kind] * values.mean())
    return np.asarray(np.ascontiguousarray(directions / damped), np.float32)

"""Logistic regression of defect places against good places, by Newton's method."""

from __future__ import annotations

import numpy as np

from models.scorers import Floats

_STEPS = 12
_RIDGE = 1e-3
_SETTLED = 1e-4


def fit_logistic(good: Floats, defective: Floats) -> Floats:
    """Weights and bias `(D + 1,)` for place vectors as they are, both sides weighing the same.

    The ridge acts on standardized channels; it keeps the weights finite where the sides separate.
    """
    mean, scale = good.mean(axis=0, dtype=np.float64), good.std(axis=0, dtype=np.float64) + 1e-3
    rows = (np.concatenate([defective, good]).astype(np.float64) - mean) / scale
    rows = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    target = np.concatenate([np.ones(len(defective)), np.zeros(len(good))])
    weight = np.where(target > 0, 0.5 / len(defective), 0.5 / len(good))
    ridge = np.full(rows.shape[1], _RIDGE)
    ridge[-1] = 1e-9
    found = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(rows @ found, -30.0, 30.0)))
        gradient = rows.T @ (weight * (chance - target)) + ridge * found
        curvature = (rows * (weight * chance * (1.0 - chance))[:, None]).T @ rows + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        step *= min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        found -= step
        if float(np.abs(step).max()) < _SETTLED:
            break
    weights = found[:-1] / scale
    return np.append(weights, found[-1] - float(weights @ mean)).astype(np.float32)

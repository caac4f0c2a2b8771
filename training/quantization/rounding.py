"""Weights → multiples of a step for each output channel, so that what the layer gives changes least.

Rounding each weight for itself forgets that a layer's inputs vary together: an error of one weight can be made up for
by the others. Weights are rounded one input after another, and each error is spread over those not yet rounded, by the
inputs' covariance: Frantar et al., "Optimal Brain Compression" (NeurIPS 2022) and "GPTQ" (ICLR 2023). Means are left
out of it: the bias takes back what rounding shifts on average (Nagel et al., ICCV 2019).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.quantization.graph import WEIGHT_TOP, Floats
from training.quantization.observe import Moments

Doubles = NDArray[np.float64]
_DAMPING = 0.01
_SHRINK = np.linspace(1.0, 0.6, 9)


def scales_of(weight: Floats) -> Floats:
    """The step of each output channel that just reaches its largest weight, `(O,)`."""
    largest = np.abs(weight).reshape(len(weight), -1).max(1)
    scale: Floats = np.maximum(largest / np.float32(WEIGHT_TOP), np.finfo(np.float32).tiny * 2**10).astype(np.float32)
    return scale


def nearest(weight: Floats, scale: Floats) -> Floats:
    """Each weight on the grid, by itself."""
    step = scale.reshape(-1, *[1] * (weight.ndim - 1))
    return (np.clip(np.round(weight / step), -WEIGHT_TOP, WEIGHT_TOP) * step).astype(np.float32)


def compensated(weight: Floats, moments: Moments, groups: int) -> tuple[Floats, Floats]:
    """The weight on its grid and the grid's steps `(O,)`."""
    parts = weight.reshape(groups, len(weight) // groups, -1).astype(np.float64)
    covariance = moments.covariance
    inputs = covariance.shape[1]
    strength = np.trace(covariance, axis1=1, axis2=2) / inputs
    # A group that never varied in calibration has nothing to go by: each of its weights is rounded by itself.
    covariance = covariance + np.eye(inputs) * (_DAMPING * strength + (strength <= 0))[:, None, None]
    scale = _best_scales(parts, covariance)
    rounded = _spread(parts, scale, covariance)
    return rounded.reshape(weight.shape).astype(np.float32), scale.reshape(-1).astype(np.float32)


def taken_back(weight: Floats, rounded: Floats, moments: Moments, groups: int) -> Floats:
    """What the bias must make up for, `(O,)`."""
    lost: Doubles = (weight - rounded).reshape(groups, len(weight) // groups, -1).astype(np.float64)
    shift: Floats = np.einsum("gon,gn->go", lost, moments.mean).reshape(-1).astype(np.float32)
    return shift


def _best_scales(parts: Doubles, covariance: Doubles) -> Doubles:
    """For each output channel `(G, O)` the step of least error: a few cut weights may cost less than a coarse grid."""
    largest = np.abs(parts).max(2)
    full = np.maximum(largest, np.finfo(np.float32).tiny * 2**10) / WEIGHT_TOP
    best: Doubles = full
    least: Doubles = np.full(full.shape, np.inf)
    for shrink in _SHRINK:
        scale = (full * shrink).astype(np.float32).astype(np.float64)
        error = parts - np.clip(np.round(parts / scale[:, :, None]), -WEIGHT_TOP, WEIGHT_TOP) * scale[:, :, None]
        cost = np.einsum("gon,gnm,gom->go", error, covariance, error, optimize=True)
        better = cost < least
        best, least = np.where(better, scale, best), np.where(better, cost, least)
    return best


def _spread(parts: Doubles, scale: Doubles, covariance: Doubles) -> Doubles:
    """Round inputs in the order of their strength, each error spread over the inputs that are left."""
    order = np.argsort(-np.diagonal(covariance, axis1=1, axis2=2), axis=1, kind="stable")
    left = np.take_along_axis(parts, order[:, None, :], 2)
    ordered = np.take_along_axis(np.take_along_axis(covariance, order[:, :, None], 1), order[:, None, :], 2)
    # Upper triangular factor of the inverse: its row i tells how input i's error is made up for by those after it.
    factor = np.linalg.cholesky(np.linalg.inv(ordered)).transpose(0, 2, 1)
    rounded = np.empty_like(left)
    for i in range(left.shape[2]):
        rounded[:, :, i] = np.clip(np.round(left[:, :, i] / scale), -WEIGHT_TOP, WEIGHT_TOP) * scale
        error = (left[:, :, i] - rounded[:, :, i]) / factor[:, None, i, i]
        left[:, :, i + 1 :] -= error[:, :, None] * factor[:, None, i, i + 1 :]
    restored = np.empty_like(rounded)
    np.put_along_axis(restored, order[:, None, :], rounded, 2)
    return restored

"""Which values an activation's 8 bits express."""

from __future__ import annotations

import numpy as np

from training.quantization.graph import ACTIVATION_TOP, Floats, Range
from training.quantization.observe import Values
from training.quantization.plan import RangeRule

_SHARE = 1e-4
_SHRINK = np.linspace(1.0, 0.5, 26)


def range_of(values: Values, rule: RangeRule) -> Range:
    """Lowest and highest value, zero among them."""
    if rule == "extremes":
        return values.lowest, values.highest
    some = np.concatenate(values.some)
    if rule == "percentile":
        low, high = np.quantile(some, (_SHARE, 1 - _SHARE))
        return min(float(low), 0.0), max(float(high), 0.0)
    return _least_squares(values, some)


def on_grid(value: Floats, low: float, high: float) -> Floats:
    """Values as 8 bits between `low` and `high` express them; the grid is ONNX Runtime's, with zero on it."""
    scale = (high - low) / ACTIVATION_TOP or 1.0
    zero = np.round(-low / scale)
    steps: Floats = np.clip(np.round(value / scale) + zero, 0, ACTIVATION_TOP).astype(np.float32)
    return (steps - np.float32(zero)) * np.float32(scale)


def _least_squares(values: Values, some: Floats) -> Range:
    best, least = (values.lowest, values.highest), np.inf
    for shrink in _SHRINK:
        low, high = values.lowest * float(shrink), values.highest * float(shrink)
        cost = float(np.square(some - on_grid(some, low, high)).sum())
        if cost < least:
            best, least = (low, high), cost
    return best

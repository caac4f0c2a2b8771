"""From raw measurements to the few figures that are told of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ONE_SIDED_95 = 1.645
_MAX_CORRELATION = 0.99


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Nearest rank: `p99` is a value that was measured, and 99 % of all are not above it. All in one unit."""

    count: int
    p50: float
    p95: float
    p99: float
    p99_9: float
    max: float


def percentiles(values: Sequence[float] | NDArray[np.float64]) -> Percentiles | None:
    """None where nothing was measured: a missing figure is never a good one."""
    ordered = np.sort(np.asarray(values, np.float64))
    if not len(ordered):
        return None

    def at(quantile: float) -> float:
        return float(ordered[max(0, math.ceil(round(quantile * len(ordered), 6)) - 1)])

    return Percentiles(len(ordered), at(0.5), at(0.95), at(0.99), at(0.999), float(ordered[-1]))


@dataclass(frozen=True, slots=True)
class Slope:
    """`value`: the least-squares slope; `upper95`: with 95 % confidence it is not above that."""

    value: float
    upper95: float


def slope(x: Sequence[float], y: Sequence[float]) -> Slope | None:
    """Straight line through (x, y); None below 8 points or where x stands still.

    Memory grows in steps, so that neighbouring points are not independent: the standard error is widened by the
    residuals' correlation from point to point (Bartlett's factor sqrt((1 + r) / (1 - r)), Box & Jenkins, 1970).
    """
    across, up = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(across) < 8 or np.ptp(across) == 0:
        return None
    centred = across - across.mean()
    spread = float(centred @ centred)
    value = float(centred @ up) / spread
    left = up - up.mean() - value * centred
    error = math.sqrt(float(left @ left) / (len(across) - 2) / spread)
    power = float(left @ left)
    correlation = float(left[1:] @ left[:-1]) / power if power > 0 else 0.0
    correlation = min(max(correlation, 0.0), _MAX_CORRELATION)
    return Slope(value, value + _ONE_SIDED_95 * error * math.sqrt((1 + correlation) / (1 - correlation)))

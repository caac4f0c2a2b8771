"""Intervals of figures that no formula gives one for, by drawing the pictures again.

Percentile bootstrap (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). Whole groups are drawn,
because pictures of one part or lot err together (cluster bootstrap: Field & Welsh, J. R. Statist. Soc. B 69, 2007). A
difference of two packages is paired: both are taken on the same draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
_DEFINED = 0.5

# How often each picture counts `(n,)` → a figure; NaN where it has none.
Statistic = Callable[[NDArray[np.float64]], float]


def bootstrap(
    groups: Sequence[str], statistic: Statistic, seed: int = 0, draws: int = DRAWS, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Two-sided interval of one figure; as `bootstrap_all`."""
    return bootstrap_all(groups, [statistic], seed, draws, confidence)[0]


def bootstrap_all(
    groups: Sequence[str], statistics: Sequence[Statistic], seed: int = 0, draws: int = DRAWS, confidence: float = 0.95
) -> tuple[tuple[float, float] | None, ...]:
    """Two-sided intervals of figures of pictures, of which `groups` tells the group of each; all on the same draws.

    Draws on which a figure is NaN (no defective picture was drawn) are left out. The same for the same seed.

    Returns:
        One for each figure; None where there are fewer than two groups, or half of the draws have no figure: nothing
        can be said.
    """
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        return (None,) * len(statistics)
    rng = np.random.default_rng(seed)
    found = np.empty((draws, len(statistics)))
    for at in range(draws):
        drawn = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names)).astype(np.float64)
        weights = drawn[group_of]
        found[at] = [statistic(weights) for statistic in statistics]
    return tuple(_interval(values, confidence) for values in found.T)


def _interval(values: NDArray[np.float64], confidence: float) -> tuple[float, float] | None:
    defined = values[np.isfinite(values)]
    if len(defined) < _DEFINED * len(values):
        return None
    low, high = np.quantile(defined, ((1 - confidence) / 2, (1 + confidence) / 2))
    return float(low), float(high)

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
    """Two-sided interval of a figure of pictures, of which `groups` tells the group of each.

    Draws on which the figure is NaN (no defective picture was drawn) are left out. The same for the same seed.

    Returns:
        None where there are fewer than two groups, or half of the draws have no figure: nothing can be said.
    """
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        return None
    rng = np.random.default_rng(seed)
    found = np.empty(draws)
    for at in range(draws):
        drawn = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        found[at] = statistic(drawn[group_of].astype(np.float64))
    defined = found[np.isfinite(found)]
    if len(defined) < _DEFINED * draws:
        return None
    low, high = np.quantile(defined, ((1 - confidence) / 2, (1 + confidence) / 2))
    return float(low), float(high)

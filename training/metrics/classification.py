"""Which defect is it: accuracy, recall and F1 from a table of shown and named classes.

Macro F1 is the plain mean of the classes' F1 (Sokolova & Lapalme, Information Processing & Management 45, 2009), over
the classes that are shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]


def table_of(
    shown: Sequence[int] | NDArray[np.int64],
    named: Sequence[int] | NDArray[np.int64],
    classes: int,
    weights: NDArray[np.float64] | None = None,
) -> Table:
    """`(classes, classes + 1)`: row what a picture shows, column what it was named; -1 is no name, the last column.

    `weights`: how often each counts.
    """
    named = np.asarray(named, np.intp)
    pairs = np.asarray(shown, np.intp) * (classes + 1) + np.where(named < 0, classes, named)
    return np.bincount(pairs, weights, minlength=classes * (classes + 1)).reshape(classes, -1).astype(np.float64)


def accuracy(table: Table) -> float:
    """Share that is named right; NaN of nothing."""
    total = table.sum()
    return float(np.diagonal(table).sum() / total) if total else float("nan")


def macro_f1(table: Table) -> float:
    """Mean F1 of the classes that are shown; NaN of nothing."""
    right = np.diagonal(table).astype(np.float64)
    shown, named = table.sum(1), table.sum(0)[: len(right)]
    there = shown > 0
    return float((2 * right[there] / (shown + named)[there]).mean()) if there.any() else float("nan")

"""Which defect is it: accuracy, recall and F1 from a table of shown and named classes.

Macro F1 is the plain mean of the classes' F1 (Sokolova & Lapalme, Information Processing & Management 45, 2009), over
the classes that are shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def table_of(shown: Sequence[int], named: Sequence[int], classes: int) -> NDArray[np.int64]:
    """`(classes, classes)`: row what a picture shows, column what it was named; a negative name is none of them."""
    table = np.zeros((classes, classes + 1), np.int64)
    np.add.at(table, (np.asarray(shown, np.intp), np.maximum(np.asarray(named, np.intp), -1)), 1)
    return table


def accuracy(table: NDArray[np.float64] | NDArray[np.int64]) -> float:
    """Share that is named right; NaN of nothing."""
    total = table.sum()
    return float(np.diagonal(table).sum() / total) if total else float("nan")


def macro_f1(table: NDArray[np.float64] | NDArray[np.int64]) -> float:
    """Mean F1 of the classes that are shown; NaN of nothing."""
    right = np.diagonal(table).astype(np.float64)
    shown, named = table.sum(1), table.sum(0)[: len(right)]
    there = shown > 0
    return float((2 * right[there] / (shown + named)[there]).mean()) if there.any() else float("nan")

"""Folds for cross-fitting: every good picture gets a score from a model that never saw its group."""

from __future__ import annotations

from collections import Counter

import numpy as np

from training.config import FOLDS


def folds_by_group(groups: list[str], seed: int, folds: int = FOLDS) -> list[int]:
    """A fold number for each picture; pictures of one group share it, and folds are about equally large."""
    rng = np.random.default_rng(seed)
    sizes = Counter(groups)
    names = sorted(sizes)
    order = [names[index] for index in rng.permutation(len(names))]
    filled = [0] * folds
    fold_of: dict[str, int] = {}
    for name in sorted(order, key=lambda name: -sizes[name]):
        fold_of[name] = filled.index(min(filled))
        filled[fold_of[name]] += sizes[name]
    return [fold_of[name] for name in groups]

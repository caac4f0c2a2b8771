"""Learning curves without any training: scores that rise with the defects shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.curve.measure import Measured
from training.curve.points import Point
from training.data.dataset import Picture


def picture(index: int, label: str, group: str) -> Picture:
    return Picture(Path("a"), f"{label}/{index}", label, group, "a", (8, 8))


def measured(shifts: dict[int, float], repeats: int = 3, each: int = 40, taught: tuple[int, ...] = ()) -> Measured:
    """Good scores around 0.3, defective ones higher by a shift that grows with the defects shown.

    `taught`: the counts whose first two repeats teach a network.
    """
    test = [picture(index, "good" if index < each else "dent", f"g{index}") for index in range(2 * each)]
    points = {}
    for count, shift in shifts.items():
        own = []
        for repeat in range(repeats):
            scores = np.random.default_rng([repeat, count]).normal(0.3, 0.05, 2 * each)
            scores[each:] += shift
            names, way = tuple(one.name for one in test), count in taught and repeat < 2
            own.append(Point(count, repeat, "x", names, tuple(scores.tolist()), 0.4, 0.5, way))
        points[count] = own
    return Measured(points, {one.name: one for one in test}, 20, ("a note",), 0)

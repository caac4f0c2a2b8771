"""How alike two pictures must be to show one part, judged by how alike pictures of different parts of this product are.

Pairs drawn at random give the distribution that chance makes. A candidate counts when it lies where all candidates
together would reach once in a hundred data sets, were they all of different parts (Bonferroni; above its median each
distribution is taken for normal, that of the peak for log-normal). Two bounds hold besides:

    a peak half as high as that of a picture with itself is enough: a common background, or a data set of few parts
        with many pictures each, makes pairs drawn at random so alike that nothing could stand out from them
    blocks must agree beyond a correlation of 0.1, the whole of 0.3: two textures that agree so little are not one

A surface that wears changes in some blocks. Where both pictures show the same to a twentieth, the same view taken
again, blocks need only agree better than nine tenths of chance, but then the peak must pass its limit in full.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from training.check.likeness import NOTHING_ALIKE, Likeness

_LEAST_PEAK = 14.0
_LEAST_WEAKEST = 0.1
_LEAST_AGREEMENT = 0.3
_ENOUGH = 0.5
_SAME_VIEW = 0.95
_RISK = 0.01


@dataclass(frozen=True, slots=True)
class Limits:
    """`peak` and `weakest` for any pair; `worn_peak` and `worn_weakest` for the same view of a part that changed."""

    peak: float
    weakest: float
    worn_peak: float
    worn_weakest: float

    def passed_by(self, like: Likeness) -> bool:
        """Whether the pair shows one part."""
        if like.agreement < _LEAST_AGREEMENT:
            return False
        worn = like.shared >= _SAME_VIEW and like.peak >= self.worn_peak and like.weakest >= self.worn_weakest
        return worn or (like.peak >= self.peak and like.weakest >= self.weakest)


def limits_from(chance: Sequence[Likeness], clearest: float, tests: int) -> Limits:
    """Limits for `tests` candidates.

    Args:
        chance: pairs drawn at random.
        clearest: the peak of a picture with itself.
        tests: how many pairs will be held against the limits.
    """
    known = [like for like in chance if like.shared > 0] or [NOTHING_ALIKE]
    weakest = [like.weakest for like in known]
    peak = math.exp(_beyond([math.log(max(like.peak, 1.0)) for like in known], 0.9, tests))
    return Limits(
        max(_LEAST_PEAK, min(peak, _ENOUGH * clearest)),
        max(_LEAST_WEAKEST, _beyond(weakest, 0.75, tests)),
        max(_LEAST_PEAK, peak),
        float(np.quantile(weakest, 0.9)),
    )


def _beyond(values: Sequence[float], upper: float, tests: int) -> float:
    """What `tests` values like these exceed once in a hundred times; their spread is read off between median and
    `upper`, so that pairs of one part among them, which lie above, do not widen it."""
    normal = NormalDist()
    middle, high = np.quantile(values, (0.5, upper))
    return float(middle + (high - middle) * normal.inv_cdf(1 - _RISK / max(tests, 1)) / normal.inv_cdf(upper))

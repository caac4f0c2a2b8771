"""Two packages on the same parts: can the difference be chance?

McNemar (Psychometrika 12, 1947), exact: only parts that one of the two gets wrong tell them apart, and if both are
equally good, each of those is a toss of a coin.
"""

from __future__ import annotations

from models.intervals import binomial_cdf


def mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided p from how many parts `a` alone and `b` alone gets wrong; 1.0 where there are none.

    It takes parts for independent of each other; pictures of one part or lot are not.
    """
    total = only_a + only_b
    return min(1.0, 2.0 * binomial_cdf(min(only_a, only_b), total, 0.5)) if total else 1.0

"""Exact binomial bounds in pure Python: Clopper & Pearson (Biometrika 26, 1934).

With r of n scores left above a limit by a rule that fixed r beforehand, `upper_bound(r, n)` is also the bound of order
statistics as tolerance limits (Wilks, Annals of Mathematical Statistics 12, 1941).

They hold for a limit that was fixed before the sample was seen. For a limit chosen on the sample see models/bands.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable

_STEPS = 1100  # of halving; the smallest positive number is 2^-1074
_NEGLIGIBLE = 1e-18


def binomial_cdf(k: int, n: int, p: float) -> float:
    """P(X <= k) for X ~ Binomial(n, p); the smaller tail is summed from its largest term outwards."""
    if k < 0:
        return 0.0
    if k >= n or p <= 0.0:
        return 1.0
    if p >= 1.0:
        return 0.0
    if k <= n * p:
        return min(1.0, _tail(k, n, p))
    return max(0.0, 1.0 - _upper_tail(k + 1, n, p))


def _tail(k: int, n: int, p: float) -> float:
    """P(X <= k), k at or below the mean: the terms fall from k downwards."""
    term = math.exp(_log_term(k, n, p))
    total, odds = term, (1.0 - p) / p
    for i in range(k, 0, -1):
        term *= i / (n - i + 1) * odds
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return total


def _upper_tail(k: int, n: int, p: float) -> float:
    """P(X >= k), k above the mean: the terms fall from k upwards."""
    term = math.exp(_log_term(k, n, p))
    total, odds = term, p / (1.0 - p)
    for i in range(k, n):
        term *= (n - i) / (i + 1) * odds
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return total


def _log_term(k: int, n: int, p: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(p) + (n - k) * math.log1p(-p)


def _root(decreasing: Callable[[float], float], target: float) -> float:
    """The upper end of the last interval around the root, so that rounding never makes a bound too small."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if decreasing(middle) > target else (low, middle)
    return high


def upper_bound(k: int, n: int, confidence: float = 0.95) -> float:
    """One-sided upper bound on a rate after `k` events in `n` trials; 1.0 when nothing was tried."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} events in {n} trials cannot be")
    if k == n:
        return 1.0
    missing = 1.0 - confidence
    return -math.expm1(math.log(missing) / n) if k == 0 else _root(lambda p: binomial_cdf(k, n, p), missing)


def lower_bound(k: int, n: int, confidence: float = 0.95) -> float:
    """One-sided lower bound on a rate after `k` events in `n` trials; 0.0 when nothing was tried."""
    return 1.0 - upper_bound(n - k, n, confidence)


def two_sided(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval: each side holds at `(1 + confidence) / 2`."""
    side = (1.0 + confidence) / 2.0
    return lower_bound(k, n, side), upper_bound(k, n, side)


def trials_needed(rate: float, events: int = 0, confidence: float = 0.95) -> int:
    """The fewest trials with `events` events among them that certify `rate` one-sided."""
    if not 0.0 < rate < 1.0:
        raise ValueError(f"a rate to certify lies between 0 and 1, not {rate}")
    return fewest(lambda n: binomial_cdf(events, n, rate) <= 1.0 - confidence, events + 1)


def fewest(enough: Callable[[int], bool], least: int) -> int:
    """The smallest number from `least` on that is enough; `enough` stays true once it is."""
    if enough(least):
        return least
    low, high = least, max(1, 2 * least)
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high

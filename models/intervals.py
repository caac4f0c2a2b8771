"""Exact binomial bounds in pure Python (Clopper & Pearson, Biometrika 1934), found by bisection."""

from __future__ import annotations

import math
from collections.abc import Callable

_STEPS = 60


def binomial_cdf(k: int, n: int, p: float) -> float:
    """P(X <= k) for X ~ Binomial(n, p), summed in logarithms."""
    if k < 0:
        return 0.0
    if k >= n or p <= 0.0:
        return 1.0
    if p >= 1.0:
        return 0.0
    log_p, log_q, log_n = math.log(p), math.log1p(-p), math.lgamma(n + 1)
    terms = [log_n - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * log_p + (n - i) * log_q for i in range(k + 1)]
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def _root(decreasing: Callable[[float], float], target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if decreasing(middle) > target else (low, middle)
    return high


def upper_bound(k: int, n: int, confidence: float = 0.95) -> float:
    """One-sided upper bound on a rate after `k` events in `n` trials; 1.0 when nothing was tried."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} events in {n} trials cannot be")
    return 1.0 if k == n else _root(lambda p: binomial_cdf(k, n, p), 1.0 - confidence)


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
    if events == 0:
        return math.ceil(math.log(1.0 - confidence) / math.log1p(-rate))
    low, high = events, math.ceil((events + 1) * 10 / rate)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if binomial_cdf(events, middle, rate) <= 1.0 - confidence else (middle, high)
    return high

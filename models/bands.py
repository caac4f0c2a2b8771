"""Upper bounds on an exceedance probability that hold for every limit at once, so also for one chosen on the sample.

`n` independent scores, `k` of them at or beyond a limit; p is the probability of that. With confidence 1 - delta,
for all limits together:

    p <= min(a + s k/n)  over the two lines (s, share of delta) = (2, 0.8), (1.25, 0.2)

The scores may follow any law, also one with steps. Write each score as the quantile of a uniform V; then the bound can
fail only where an order statistic V_(k+1) lies beyond the line's value at k. For one line that probability is known
exactly (Dempster, Annals of Mathematical Statistics 30, 1959; for s = 1 Birnbaum & Tingey, ibid. 22, 1951):

    P(some V_(k+1) > a + s k/n) = sum over k of C(n, k) a (a + s k/n)^(k-1) (1 - a - s k/n)^(n-k),  a + s k/n < 1

All its terms are positive, so that it can be summed in floating point for any n. `a` is solved for; the two lines
together fail with at most the sum of their shares. The steep line serves few events, the flat one many. Against the
equal-level band (Berk & Jones 1979) it is a third lower at k = 0 (n = 300: 4.0/n, not 6.3/n) and equal from k = 10 on.
"""

from __future__ import annotations

import math
from functools import lru_cache

from models.intervals import fewest

LINES = ((2.0, 0.8), (1.25, 0.2))
_NEGLIGIBLE = 1e-15
_STEPS = 200


def any_limit_bound(k: int, n: int, confidence: float = 0.95) -> float:
    """One-sided upper bound on a rate where `k` of `n` scores lie beyond a limit, whichever limit was chosen."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} events in {n} trials cannot be")
    if k == n:
        return 1.0
    return min(1.0, *(intercept(n, slope, (1.0 - confidence) * share) + slope * k / n for slope, share in LINES))


def scores_needed(rate: float, events: int, confidence: float = 0.95) -> int:
    """The fewest scores with `events` beyond the limit that certify `rate` for any limit."""
    if not 0.0 < rate < 1.0:
        raise ValueError(f"a rate to certify lies between 0 and 1, not {rate}")
    return fewest(lambda n: any_limit_bound(events, n, confidence) <= rate, events + 1)


@lru_cache(maxsize=1024)
def intercept(n: int, slope: float, delta: float) -> float:
    """The least `a` whose line a + slope k/n is crossed with probability `delta` at most; 1.0 if there is none.

    The answer errs to the safe side by less than one part in 10^12.
    """
    low = -math.expm1(math.log(delta) / n)  # the line cannot start below the bound for k = 0 alone
    high = low
    while high < 1.0 and crossing(n, high, slope) > delta:
        low, high = high, 1.25 * high
    if high >= 1.0:
        high = 1.0
    for _ in range(_STEPS):
        if high - low <= 1e-12 * high:
            break
        middle = (low + high) / 2
        low, high = (middle, high) if crossing(n, middle, slope) > delta else (low, middle)
    return high


def crossing(n: int, start: float, slope: float) -> float:
    """P(V_(k+1) > start + slope k/n for some k < n), V_(1) <= ... <= V_(n) independent and uniform; see above."""
    if start <= 0.0:
        return 1.0
    ways, total, last = 0.0, 0.0, math.inf
    log_start = math.log(start)
    for k in range(n):
        line = start + slope * k / n
        if line >= 1.0:
            break
        term = math.exp(ways + log_start + (k - 1) * math.log(line) + (n - k) * math.log1p(-line))
        total += term
        if term < last and term < total * _NEGLIGIBLE * (1.0 - term / last):
            total += term * last / (last - term)  # no less than the geometric series that the rest stays below
            break
        last = term
        ways += math.log((n - k) / (k + 1))
    return min(1.0, total)

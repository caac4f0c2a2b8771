"""How often a claim may be false in a simulation before it is certainly not what it says."""

from __future__ import annotations

from models.intervals import binomial_cdf, fewest

DRAWS = 10_000
_CHANCE = 1e-6


def most_failures(risk: float = 0.05, draws: int = DRAWS) -> int:
    """A claim that is false with probability `risk` fails more often than this in one of a million simulations."""
    return fewest(lambda count: 1.0 - binomial_cdf(count, draws, risk) <= _CHANCE, 0)

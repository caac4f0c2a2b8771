"""Limits that cost least, for what an escape, a false reject and a recheck cost, and what can be promised of them.

With shares G(t) of good scores at or beyond t and B(t) of defective scores below t, and a share d of defective parts, a
part costs on average

    (1 - d) (recheck G(ok_below) + (reject - recheck) G(ng_from))
    + d ((escape - recheck) B(ok_below) + recheck B(ng_from))

so that the two limits can be searched one after the other. The limits are chosen on the sample, so that the promise
takes the bounds for any limit, the good and the defective ones at half the risk each: together they hold at the
certificate's confidence. Defects count in the mix in which they were shown.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from models.bands import any_limit_bound
from models.certificate import HeldOut
from models.decision import Limits


@dataclass(frozen=True, slots=True)
class Costs:
    """In any currency; `defect_rate` is the share of defective parts on the line.

    Raises:
        ValueError: a recheck must not cost more than the error that it saves from.
    """

    escape: float
    reject: float
    recheck: float
    defect_rate: float

    def __post_init__(self) -> None:
        if not 0.0 < self.defect_rate < 1.0:
            raise ValueError("the defect rate lies between 0 and 1; 0.01 is one part in a hundred")
        if not 0.0 <= self.recheck <= min(self.escape, self.reject):
            raise ValueError("a recheck costs 0 or more, and no more than an escape or a false reject")

    def a_part(self, good_stopped: float, good_rejected: float, missed: float, below_ng: float) -> float:
        """What a part costs for these shares of good parts and of defective ones."""
        good = self.recheck * good_stopped + (self.reject - self.recheck) * good_rejected
        bad = (self.escape - self.recheck) * missed + self.recheck * below_ng
        return (1.0 - self.defect_rate) * good + self.defect_rate * bad


@dataclass(frozen=True, slots=True)
class Proposal:
    """Limits, what a part costs on the held-out pictures, and what it costs at most with the confidence given."""

    limits: Limits
    expected: float
    at_most: float


def propose(found: HeldOut, costs: Costs, floor: float, confidence: float) -> Proposal:
    """The cheapest limits above `floor`, the lower ones where several cost the same.

    Raises:
        ValueError: without held-out scores of both kinds there is nothing to weigh.
    """
    good = list(found.good.worst)
    bad = sorted(score for sample in found.defects.values() for score in sample.worst)
    if len(good) < 2 or len(bad) < 2:
        raise ValueError("costs weigh good against defective pictures; the package holds fewer than two of one kind")
    places = sorted({floor, *good, *bad, 1.0})
    between = [(low + high) / 2 for low, high in pairwise(places) if (low + high) / 2 > floor]
    steps = [*between, 1.0]

    def share_good(limit: float) -> float:
        return 1.0 - bisect_left(good, limit) / len(good)

    def share_bad(limit: float) -> float:
        return bisect_left(bad, limit) / len(bad)

    lower = [costs.a_part(share_good(step), 0.0, share_bad(step), 0.0) for step in steps]
    upper = [costs.a_part(0.0, share_good(step), 0.0, share_bad(step)) for step in steps]
    best_ng = len(steps) - 1
    best = (lower[-1] + upper[-1], best_ng, best_ng)
    for index in range(len(steps) - 1, -1, -1):
        best_ng = index if upper[index] <= upper[best_ng] else best_ng
        best = min(best, (lower[index] + upper[best_ng], index, best_ng))
    limits = Limits(steps[best[1]], steps[best[2]])
    half = 1.0 - (1.0 - confidence) / 2.0
    bounds = (
        any_limit_bound(sum(score >= limits.ok_below for score in good), len(good), half),
        any_limit_bound(sum(score >= limits.ng_from for score in good), len(good), half),
        any_limit_bound(sum(score < limits.ok_below for score in bad), len(bad), half),
        any_limit_bound(sum(score < limits.ng_from for score in bad), len(bad), half),
    )
    return Proposal(limits, best[0], costs.a_part(*bounds))

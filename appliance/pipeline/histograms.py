"""Durations by stage in fixed buckets: what pages and monitoring systems show, in a few kilobytes."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from appliance.domain.stages import Stage

# Upper bounds in seconds: from the hand-over between two threads to a part that missed any deadline.
BOUNDS_S = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_BOUNDS_NS = tuple(int(bound * 1e9) for bound in BOUNDS_S)


@dataclass(frozen=True, slots=True)
class StageHistogram:
    """Parts since boot. `counts` has one place for each of `BOUNDS_S` and a last one for what lies above them all."""

    stage: Stage
    counts: tuple[int, ...]
    total_ns: int


class StageHistograms:
    """A `Meter`. Each stage is written by one thread; `snapshot` may be called by any.

    A row is never changed but replaced as a whole: a reader finds count and sum of the same parts without a lock.
    """

    def __init__(self) -> None:
        empty = (0,) * (len(_BOUNDS_NS) + 1)
        self._rows = dict.fromkeys(Stage, (empty, 0))

    def observe(self, stage: Stage, duration_ns: int) -> None:
        counts, total_ns = self._rows[stage]
        at = bisect_left(_BOUNDS_NS, duration_ns)
        self._rows[stage] = ((*counts[:at], counts[at] + 1, *counts[at + 1 :]), total_ns + duration_ns)

    def snapshot(self) -> tuple[StageHistogram, ...]:
        return tuple(StageHistogram(stage, *self._rows[stage]) for stage in Stage)

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
    """A `Meter`. Each stage is written by one thread; `snapshot` may be called by any and may be one part behind."""

    def __init__(self) -> None:
        self._counts = {stage: [0] * (len(_BOUNDS_NS) + 1) for stage in Stage}
        self._totals = dict.fromkeys(Stage, 0)

    def observe(self, stage: Stage, duration_ns: int) -> None:
        self._counts[stage][bisect_left(_BOUNDS_NS, duration_ns)] += 1
        self._totals[stage] += duration_ns

    def snapshot(self) -> tuple[StageHistogram, ...]:
        return tuple(StageHistogram(stage, tuple(self._counts[stage]), self._totals[stage]) for stage in Stage)

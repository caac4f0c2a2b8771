from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from appliance.domain.stages import Stage
from appliance.pipeline.histograms import BOUNDS_S, StageHistograms

TraceFunction = Callable[[FrameType, str, Any], Any]


def test_a_duration_falls_into_the_first_bucket_that_holds_it() -> None:
    histograms = StageHistograms()
    for duration_ns in (1, 100_000, 100_001, 11_000_000_000):
        histograms.observe(Stage.INFER, duration_ns)
    found = {row.stage: row for row in histograms.snapshot()}[Stage.INFER]
    assert found.counts == (2, 1, *[0] * (len(BOUNDS_S) - 2), 1)
    assert found.total_ns == 11_000_200_002


def test_stages_are_kept_apart() -> None:
    histograms = StageHistograms()
    histograms.observe(Stage.TOTAL, 1)
    assert {row.stage for row in histograms.snapshot() if sum(row.counts)} == {Stage.TOTAL}


def test_count_and_sum_are_of_the_same_parts_at_whatever_step_a_reader_looks() -> None:
    histograms = StageHistograms()
    seen: list[tuple[int, int]] = []

    def look(frame: FrameType, event: str, _: object) -> TraceFunction | None:
        """Reads before every single step of `observe`, as another thread may."""
        if frame.f_code is not StageHistograms.observe.__code__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            row = next(row for row in histograms.snapshot() if row.stage is Stage.INFER)
            seen.append((sum(row.counts), row.total_ns))
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        for _ in range(3):
            histograms.observe(Stage.INFER, 7_000)
    finally:
        sys.settrace(before)
    assert len(seen) > 30
    assert set(seen) == {(count, 7_000 * count) for count in range(4)}

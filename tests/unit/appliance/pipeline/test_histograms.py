from __future__ import annotations

from appliance.domain.stages import Stage
from appliance.pipeline.histograms import BOUNDS_S, StageHistograms


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

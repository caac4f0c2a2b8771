from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

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


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads take turns between almost any two steps."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_count_and_sum_are_of_the_same_parts_while_parts_come() -> None:
    histograms = StageHistograms()
    done = threading.Event()

    def measure() -> None:
        for _ in range(20_000):
            histograms.observe(Stage.INFER, 7_000)
        done.set()

    measuring = threading.Thread(target=measure)
    measuring.start()
    snapshots = 0
    while not done.is_set():
        row = next(row for row in histograms.snapshot() if row.stage is Stage.INFER)
        assert row.total_ns == 7_000 * sum(row.counts)
        snapshots += 1
    measuring.join()
    assert snapshots > 10

import numpy as np
import pytest

from scripts.simulate_drift import Line, delays, false_alarms

ALIKE = Line(correlation=0.5, skewed=False, count=100)


def test_a_quiet_line_runs_100000_parts_between_false_alarms() -> None:
    """At one alarm per 100,000 parts, 100 lines of 2,000 parts would show two; seven or more in one of 200 tries."""
    assert false_alarms(ALIKE, lines=100, parts=2_000, seed=7) < 7


@pytest.mark.parametrize(("shift", "median"), [(1.0, 300), (2.0, 100)])
def test_a_shift_is_found_within_its_parts(shift: float, median: float) -> None:
    assert np.quantile(delays(ALIKE, shift, lines=100, seed=7), 0.5, method="lower") <= median


def test_charts_that_are_too_tight_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.domain.drift.PAGE_LIMIT", 5.0)
    assert false_alarms(ALIKE, lines=50, parts=1_000, seed=7) > 25

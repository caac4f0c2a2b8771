"""Figures the page shows: counted, not guessed."""

from __future__ import annotations

from appliance.pipeline.interval import IntervalTrigger
from appliance.pipeline.telemetry import Telemetry
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.parts import make_ledger


def test_ng_rate_counts_judged_parts_by_fifty() -> None:
    telemetry = Telemetry()
    for n in range(120):
        telemetry.add(Outcome.ERROR, 1.0)
        telemetry.add(Outcome.NG if n % 10 == 0 else Outcome.OK, 1.0)
    assert telemetry.ng_rate == ((50, 5), (50, 5))


def test_latency_is_a_quantile_of_the_last_parts() -> None:
    telemetry = Telemetry()
    assert telemetry.latency_ms(0.5) is None
    for latency_ms in range(100):
        telemetry.add(Outcome.OK, float(latency_ms))
    assert telemetry.latency_ms(0.5) == 50.0
    assert telemetry.latency_ms(0.99) == 99.0


def test_the_interval_trigger_respects_the_door() -> None:
    clock = FakeClock()
    ledger = make_ledger(clock, capacity=1)
    entered = []
    trigger = IntervalTrigger(ledger=ledger, clock=clock, interval_ms=10, enter=entered.append)
    trigger.fire()
    trigger.fire()
    assert len(entered) == 1
    assert entered[0].inspection_id == 1

"""Figures the page shows: counted, not guessed."""

from __future__ import annotations

from appliance.domain.stages import Stage
from appliance.pipeline.histograms import StageHistograms
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


def test_golden_parts_belong_to_no_rate() -> None:
    telemetry = Telemetry()
    for _ in range(50):
        telemetry.add(Outcome.NG, 1.0, golden=True)
        telemetry.add(Outcome.OK, 1.0)
    assert telemetry.ng_rate == ((50, 0),)


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
    trigger = IntervalTrigger(ledger=ledger, clock=clock, meter=StageHistograms(), interval_ms=10, enter=entered.append)
    trigger.fire()
    trigger.fire()
    assert len(entered) == 1
    assert entered[0].inspection_id == 1


class Overslept:
    """A stop event whose waits last as long as it is told; the last one ends the thread."""

    def __init__(self, clock: FakeClock, *late_ms: float) -> None:
        self.clock, self.late_ms, self.waits_ms = clock, list(late_ms), list[float]()

    def wait(self, timeout_s: float) -> bool:
        self.waits_ms.append(round(timeout_s * 1000, 3))
        if not self.late_ms:
            return True
        self.clock.advance_ms(timeout_s * 1000 + self.late_ms.pop(0))
        return False


def test_the_interval_trigger_keeps_the_beat_and_tells_how_late_it_woke() -> None:
    clock, meter = FakeClock(), StageHistograms()
    trigger = IntervalTrigger(
        ledger=make_ledger(clock, capacity=1), clock=clock, meter=meter, interval_ms=10, enter=lambda part: None
    )
    stop = Overslept(clock, 3.0, 0.0, 25.0, 0.0)
    trigger.run(stop)  # type: ignore[arg-type]  # all that it asks of an event
    assert stop.waits_ms == [10.0, 7.0, 10.0, 5.0, 10.0], "after a late wake the beat stays where it was"
    woke = next(row for row in meter.snapshot() if row.stage is Stage.WAKE)
    assert (sum(woke.counts), woke.total_ns) == (4, 28_000_000)

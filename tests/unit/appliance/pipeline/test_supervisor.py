"""The heartbeat tells the truth, and deadlines are kept."""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass

import pytest

from appliance.domain.verdict import Verdict
from appliance.pipeline.supervisor import Supervisor
from tests.fakes.clock import FakeClock
from tests.fakes.parts import make_ledger, make_trigger


@dataclass
class Stage:
    name: str = "infer"
    alive: bool = True
    stalled: bool = False


class Station:
    """A supervisor with all that it calls written down."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ledger = make_ledger(self.clock, deadline_ms=100)
        self.stages = (Stage("capture"), Stage("infer"))
        self.beats = self.statuses = self.refreshes = 0
        self.concluded: list[Verdict] = []
        self.supervisor = Supervisor(
            ledger=self.ledger,
            clock=self.clock,
            critical=self.stages,
            conclude=self.concluded.append,
            refresh=self._refresh,
            beat=self._beat,
            status=self._status,
        )

    def rounds(self, seconds: float) -> None:
        for _ in range(int(seconds * 50)):
            self.clock.advance_ms(20)
            self.supervisor.round()

    def _refresh(self) -> None:
        self.refreshes += 1

    def _beat(self) -> None:
        self.beats += 1

    def _status(self) -> None:
        self.statuses += 1


def test_it_beats_ten_times_and_reports_twice_a_second() -> None:
    station = Station()
    station.rounds(2.0)
    assert (station.beats, station.statuses, station.refreshes) == (20, 4, 100)


def test_the_heartbeat_stops_while_a_critical_stage_is_stalled_or_dead() -> None:
    station = Station()
    for symptom in ("stalled", "alive"):
        setattr(station.stages[1], symptom, symptom == "stalled")
        before = station.beats
        station.rounds(1.0)
        assert station.beats == before
        assert station.supervisor.failed == "infer"
        setattr(station.stages[1], symptom, symptom == "alive")
    station.rounds(1.0)
    assert station.beats > before


def test_a_part_that_is_overdue_is_closed_in_the_next_round() -> None:
    station = Station()
    station.ledger.admit(make_trigger(station.clock))
    station.rounds(0.1)
    assert station.concluded == []
    station.rounds(0.02)
    assert [verdict.reasons[0].value for verdict in station.concluded] == ["deadline_missed"]


def test_it_wakes_for_a_deadline_that_is_near() -> None:
    """With a clock that stands still it would wait for ever, were it not told to stop."""
    station = Station()
    station.ledger.admit(make_trigger(station.clock))
    station.clock.advance_ms(99.9)
    stop = threading.Event()
    rounds = 0

    def finished() -> bool:
        nonlocal rounds
        rounds += 1
        station.clock.advance_ms(0.2)
        return bool(station.concluded)

    station.supervisor.run(stop, finished)
    assert rounds <= 3


def test_garbage_is_collected_between_parts_and_at_last_also_on_a_line_that_never_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    station, collected = Station(), []
    monkeypatch.setattr(gc, "collect", lambda: collected.append(station.clock.now_ns))
    station.rounds(4.9)
    assert collected == []
    station.rounds(0.2)
    assert len(collected) == 1, "no part is in flight"
    ledger = make_ledger(station.clock, deadline_ms=100_000)
    assert ledger.admit(make_trigger(station.clock)) is not None
    station.supervisor._ledger = ledger
    station.rounds(14.0)
    assert len(collected) == 1, "a part is in flight"
    station.rounds(1.2)
    assert len(collected) == 2

"""The book of parts: each rule of `Ledger`, and all of them under any order of events."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.domain.ledger import Snapshot, Terms
from appliance.domain.parts import Part
from appliance.domain.reasons import Reason
from appliance.domain.verdict import DecidedBy, Verdict
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.parts import RECIPE, make_ledger, make_trigger, make_verdict


def test_first_writer_wins() -> None:
    clock = FakeClock()
    ledger = make_ledger(clock)
    part = ledger.admit(make_trigger(clock))
    assert part is not None
    first = make_verdict(part, Outcome.NG, clock, "first")
    assert ledger.close(first) is first
    assert ledger.close(make_verdict(part, Outcome.OK, clock, "second")) is None
    assert ledger.snapshot().refused_verdicts == 1


def test_a_part_keeps_the_recipe_and_the_golden_mark_of_its_admission() -> None:
    clock = FakeClock()
    ledger = make_ledger(clock, deadline_ms=100)
    before = ledger.admit(make_trigger(clock))
    assert before is not None
    ledger.exposed(before)
    other = replace(RECIPE, id="other", hash="sha256:" + 64 * "b")
    ledger.change(Terms(other, deadline_ms=50, golden=True))
    after = ledger.admit(make_trigger(clock))
    assert after is not None
    assert (before.recipe, before.trigger.golden) == (RECIPE, False)
    assert (after.recipe, after.trigger.golden) == (other, True)
    assert after.deadline_ns - after.admitted_ns == 50_000_000
    assert ledger.snapshot().accepted == 2


def test_verdict_after_the_deadline_is_error() -> None:
    clock = FakeClock()
    ledger = make_ledger(clock, deadline_ms=100)
    part = ledger.admit(make_trigger(clock))
    assert part is not None
    clock.advance_ms(101)
    standing = ledger.close(make_verdict(part, Outcome.OK, clock))
    assert standing is not None
    assert (standing.outcome, standing.decided_by) == (Outcome.ERROR, DecidedBy.TIMEOUT)


def test_expired_part_refuses_the_late_inference() -> None:
    clock = FakeClock()
    ledger = make_ledger(clock, deadline_ms=100)
    part = ledger.admit(make_trigger(clock))
    assert part is not None
    clock.advance_ms(101)
    (timeout,) = ledger.expire()
    assert timeout.reasons == (Reason.DEADLINE_MISSED,)
    assert ledger.close(make_verdict(part, Outcome.OK, clock)) is None
    ledger.settle(timeout)
    assert ledger.snapshot().error == ledger.snapshot().late == 1


def test_verdict_that_was_not_on_disk_in_time_is_superseded() -> None:
    clock = FakeClock()
    ledger = make_ledger(clock, deadline_ms=100)
    part = ledger.admit(make_trigger(clock))
    assert part is not None
    ok = make_verdict(part, Outcome.OK, clock, "ok")
    ledger.close(ok)
    clock.advance_ms(101)
    late = ledger.settle(ok)
    assert (late.outcome, late.supersedes, late.reasons) == (Outcome.ERROR, "ok", (Reason.ANSWER_LATE,))
    assert ledger.snapshot().in_flight == 1, "not counted before it is on disk itself"
    assert ledger.settle(late) is late
    assert ledger.snapshot().ok == 0
    assert ledger.snapshot().error == 1


@pytest.mark.parametrize("hindrance", ["not ready", "full", "tag in flight", "no exposure yet"])
def test_trigger_that_cannot_be_served_is_missed(hindrance: str) -> None:
    clock = FakeClock()
    ledger = make_ledger(clock, capacity=1 if hindrance == "full" else 4)
    if hindrance == "not ready":
        ledger.shut()
    else:
        first = ledger.admit(make_trigger(clock, tag=7))
        assert first is not None
        if hindrance != "no exposure yet":
            ledger.exposed(first)
    before = ledger.snapshot().accepted
    assert ledger.admit(make_trigger(clock, tag=7 if hindrance == "tag in flight" else 8)) is None
    assert ledger.snapshot().missed == 1
    assert ledger.snapshot().accepted == before


def test_ids_wrap_to_one_and_skip_those_in_flight() -> None:
    clock = FakeClock()
    ledger = make_ledger(clock)
    for tag in (1, 65_535):
        part = ledger.admit(make_trigger(clock, tag=tag))
        assert part is not None
        ledger.exposed(part)
    following = ledger.admit(make_trigger(clock))
    assert following is not None
    assert following.inspection_id == 2


def test_trigger_may_shorten_the_deadline_but_not_lengthen_it() -> None:
    clock = FakeClock()
    ledger = make_ledger(clock, deadline_ms=100)
    shorter = ledger.admit(make_trigger(clock, deadline_ms=50))
    assert shorter is not None
    ledger.exposed(shorter)
    longer = ledger.admit(make_trigger(clock, deadline_ms=5000))
    assert longer is not None
    assert shorter.deadline_ns == clock.now_ns + 50_000_000
    assert longer.deadline_ns == clock.now_ns + 100_000_000


def test_a_door_shut_while_readiness_was_being_found_stays_shut() -> None:
    clock = FakeClock()
    ledger = make_ledger(clock)
    epoch = ledger.epoch
    ledger.shut()
    ledger.set_ready(True, epoch)
    assert ledger.admit(make_trigger(clock)) is None
    ledger.set_ready(True, ledger.epoch)
    assert ledger.admit(make_trigger(clock)) is not None


def test_settling_what_was_never_closed_is_refused() -> None:
    clock = FakeClock()
    ledger = make_ledger(clock)
    part = ledger.admit(make_trigger(clock))
    assert part is not None
    with pytest.raises(KeyError):
        ledger.settle(make_verdict(part, Outcome.OK, clock))


class LedgerUnderAnyOrder(RuleBasedStateMachine):
    """Any order of triggers, verdicts, time, settlements and stops keeps the invariants of the book."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.ledger = make_ledger(self.clock, deadline_ms=100, capacity=3)
        self.exposed = True
        self.admitted: list[Part] = []
        self.unsettled: list[Verdict] = []
        self.settled: dict[str, Verdict] = {}
        self.before: Snapshot = self.ledger.snapshot()

    @rule(tag=st.integers(0, 3))
    def trigger(self, tag: int) -> None:
        part = self.ledger.admit(make_trigger(self.clock, tag))
        if part is not None:
            assert self.exposed, "admitted while another part waited for its exposure"
            self.exposed = False
            self.admitted.append(part)

    @precondition(lambda self: self.admitted)
    @rule()
    def exposure(self) -> None:
        self.ledger.exposed(self.admitted[-1])
        self.exposed = True

    @rule(ready=st.booleans())
    def door(self, ready: bool) -> None:
        self.ledger.set_ready(ready, self.ledger.epoch)

    @rule(milliseconds=st.sampled_from([0.0, 1.0, 99.0, 101.0]))
    def time_passes(self, milliseconds: float) -> None:
        self.clock.advance_ms(milliseconds)

    @precondition(lambda self: self.admitted)
    @rule(data=st.data(), outcome=st.sampled_from([Outcome.OK, Outcome.NG, Outcome.RECHECK, Outcome.ERROR]))
    def verdict(self, data: st.DataObject, outcome: Outcome) -> None:
        part = data.draw(st.sampled_from(self.admitted))
        standing = self.ledger.close(make_verdict(part, outcome, self.clock, f"v-{part.id}-{outcome}"))
        if standing is not None:
            self.unsettled.append(standing)

    @rule()
    def deadlines(self) -> None:
        self.unsettled.extend(self.ledger.expire())

    @rule()
    def station_stops(self) -> None:
        self.unsettled.extend(self.ledger.close_all(Reason.STATION_STOPPED))

    @precondition(lambda self: self.unsettled)
    @rule()
    def on_disk(self) -> None:
        verdict = self.unsettled.pop(0)
        standing = self.ledger.settle(verdict)
        if standing is not verdict:
            self.unsettled.append(standing)
            return
        assert verdict.part.id not in self.settled, "a part was settled twice"
        if verdict.outcome is not Outcome.ERROR:
            assert self.clock.now_ns <= verdict.part.deadline_ns, "a verdict stands past its deadline"
        self.settled[verdict.part.id] = verdict

    @invariant()
    def the_book_balances(self) -> None:
        now, errors = self.ledger.snapshot_with_errors()
        assert now.balanced
        assert now == self.ledger.snapshot()
        standing = Counter(verdict.reasons[0] for verdict in self.settled.values() if verdict.outcome is Outcome.ERROR)
        assert errors == standing
        for name in ("accepted", "ok", "ng", "recheck", "error", "missed", "late", "refused_verdicts"):
            assert getattr(now, name) >= getattr(self.before, name), f"{name} went down"
        assert now.accepted == len(self.admitted)
        assert now.accepted - now.in_flight == len(self.settled)
        self.before = now

    @invariant()
    def ids_in_flight_differ(self) -> None:
        flying = [part.inspection_id for part in self.admitted if part.id not in self.settled]
        assert len(flying) == len(set(flying))


TestLedgerUnderAnyOrder = LedgerUnderAnyOrder.TestCase
TestLedgerUnderAnyOrder.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)

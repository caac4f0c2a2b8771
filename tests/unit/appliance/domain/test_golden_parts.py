from datetime import UTC, datetime, time, timedelta

import pytest

from appliance.domain.golden import (
    Due,
    ExpectedPart,
    GoldenParts,
    GoldenPhase,
    Judged,
    Moment,
    Plan,
    next_shift,
    seeming_now,
)
from models.decision import Outcome

GOOD = ExpectedPart("good", "G-1", Outcome.OK)
BAD = ExpectedPart("scratched", "G-2", Outcome.NG, "scratch")
PLAN = Plan((GOOD, BAD), valid=timedelta(hours=8))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR_NS = 3_600_000_000_000


def at(hours: float = 0.0, *, wall: float | None = None, boot: str = "a", synchronized: bool = True) -> Moment:
    """So many hours after noon by the monotonic clock; `wall` where the wall clock says otherwise."""
    shown = hours if wall is None else wall
    return Moment(NOON + timedelta(hours=shown), int(hours * HOUR_NS) + 5, boot, synchronized)


def judged(outcome: Outcome, *labels: str, serial: str | None = None) -> Judged:
    return Judged("v", serial, outcome, "why", labels, 0.5)


def passed(plan: Plan = PLAN, now: Moment | None = None) -> GoldenParts:
    golden = GoldenParts(plan)
    golden.start("s", "ada", now or at())
    golden.show(judged(Outcome.OK), now or at())
    golden.show(judged(Outcome.NG, "scratch"), now or at())
    assert golden.phase is GoldenPhase.PASSED
    return golden


def test_a_recipe_without_golden_parts_asks_for_none() -> None:
    golden = GoldenParts(None)
    golden.tick(at(1000))
    assert (golden.phase, golden.withheld, golden.start("s", "ada", at())) == (GoldenPhase.NOT_ASKED, False, False)


def test_production_is_withheld_until_all_have_passed() -> None:
    golden = GoldenParts(PLAN)
    assert golden.withheld
    assert golden.start("s", "ada", at())
    assert golden.running
    assert not golden.withheld
    golden.show(judged(Outcome.OK), at())
    assert golden.running
    golden.show(judged(Outcome.NG, "scratch"), at())
    assert (golden.phase, golden.withheld) == (GoldenPhase.PASSED, False)


@pytest.mark.parametrize(
    "second",
    [
        judged(Outcome.OK),
        judged(Outcome.RECHECK, "scratch"),
        judged(Outcome.ERROR),
        judged(Outcome.NO_PART),
        judged(Outcome.NG, "dent"),
        judged(Outcome.NG),
    ],
)
def test_one_part_that_comes_out_otherwise_fails_the_session(second: Judged) -> None:
    golden = GoldenParts(PLAN)
    golden.start("s", "ada", at())
    golden.show(judged(Outcome.OK), at())
    golden.show(second, at())
    assert (golden.phase, golden.withheld) == (GoldenPhase.FAILED, True)
    assert golden.session is not None
    assert golden.session.failed is not None
    assert golden.session.failed.part == BAD


def test_a_failed_part_cannot_be_shown_again_until_it_fits() -> None:
    golden = GoldenParts(PLAN)
    golden.start("s", "ada", at())
    golden.show(judged(Outcome.NG), at())
    golden.show(judged(Outcome.OK), at())
    golden.show(judged(Outcome.NG, "scratch"), at())
    assert golden.phase is GoldenPhase.FAILED


def test_any_of_the_defects_found_may_be_the_expected_class() -> None:
    golden = GoldenParts(PLAN)
    golden.start("s", "ada", at())
    golden.show(judged(Outcome.OK), at())
    golden.show(judged(Outcome.NG, "dent", "scratch"), at())
    assert golden.phase is GoldenPhase.PASSED


class TestBySerial:
    PLAN = Plan((GOOD, BAD), order="serial")

    def test_parts_come_in_any_order(self) -> None:
        golden = GoldenParts(self.PLAN)
        golden.start("s", "ada", at())
        golden.show(judged(Outcome.NG, "scratch", serial="G-2"), at())
        golden.show(judged(Outcome.OK, serial="G-1"), at())
        assert golden.phase is GoldenPhase.PASSED

    def test_another_part_counts_for_nothing(self) -> None:
        golden = GoldenParts(self.PLAN)
        golden.start("s", "ada", at())
        for serial in ("X-9", None):
            golden.show(judged(Outcome.OK, serial=serial), at())
        assert golden.running
        assert golden.session is not None
        assert golden.session.remaining(self.PLAN) == (GOOD, BAD)

    def test_a_part_shown_once_more_must_fit_as_well(self) -> None:
        golden = GoldenParts(self.PLAN)
        golden.start("s", "ada", at())
        golden.show(judged(Outcome.OK, serial="G-1"), at())
        golden.show(judged(Outcome.NG, serial="G-1"), at())
        assert golden.phase is GoldenPhase.FAILED


def test_each_is_shown_as_often_as_asked() -> None:
    plan = Plan((GOOD, BAD), shows=2)
    golden = GoldenParts(plan)
    golden.start("s", "ada", at())
    for word in (judged(Outcome.OK), judged(Outcome.OK), judged(Outcome.NG, "scratch")):
        golden.show(word, at())
    assert golden.running
    golden.show(judged(Outcome.NG, "scratch"), at())
    assert golden.phase is GoldenPhase.PASSED


def test_a_session_on_demand_ends_what_passed_before() -> None:
    golden = passed()
    assert golden.start("t", "ada", at(1))
    assert golden.abort(at(1))
    assert (golden.phase, golden.cause) == (GoldenPhase.DUE, Due.ABORTED)


def test_a_second_session_waits_for_the_first() -> None:
    golden = GoldenParts(PLAN)
    golden.start("s", "ada", at())
    assert not golden.start("t", "eve", at())
    assert not GoldenParts(PLAN).abort(at())


def test_a_session_nobody_ends_is_broken_off() -> None:
    golden = GoldenParts(PLAN)
    golden.start("s", "ada", at())
    golden.tick(at(0.99))
    assert golden.running
    golden.tick(at(1.0))
    assert (golden.phase, golden.cause) == (GoldenPhase.DUE, Due.INTERRUPTED)


def test_a_verdict_outside_a_session_proves_nothing() -> None:
    golden = GoldenParts(PLAN)
    golden.show(judged(Outcome.OK), at())
    assert golden.phase is GoldenPhase.DUE


class TestExpiry:
    @pytest.mark.parametrize(
        "now",
        [
            at(8),
            at(8, wall=-30_000),  # the wall clock fell back: the monotonic one counts
            at(1, wall=8),  # the wall clock ran ahead: better too early
            at(1, wall=87_600),
        ],
    )
    def test_by_either_clock(self, now: Moment) -> None:
        golden = passed()
        golden.tick(now)
        assert (golden.phase, golden.cause) == (GoldenPhase.DUE, Due.EXPIRED)

    def test_not_before(self) -> None:
        golden = passed()
        golden.tick(at(7.9))
        assert golden.phase is GoldenPhase.PASSED
        assert golden.valid_until == NOON + timedelta(hours=8)

    def test_is_announced(self) -> None:
        golden = passed()
        assert not golden.soon_due(at(7.4))
        assert golden.soon_due(at(7.5))


class TestShifts:
    PLAN = Plan((GOOD, BAD), shifts=(time(6), time(14), time(22)), shifts_utc=True)

    def test_the_next_shift_asks_again(self) -> None:
        golden = passed(self.PLAN)
        golden.tick(at(1.99))
        assert golden.phase is GoldenPhase.PASSED
        golden.tick(at(2))
        assert (golden.phase, golden.cause) == (GoldenPhase.DUE, Due.SHIFT)

    def test_a_clock_put_back_does_not_put_off_the_shift(self) -> None:
        golden = passed(self.PLAN)
        golden.tick(at(2, wall=0.5))
        assert golden.cause is Due.SHIFT

    @pytest.mark.parametrize(("hour", "then"), [(5, 6), (6, 14), (13, 14), (23, 30)])
    def test_the_first_one_after_a_moment(self, hour: int, then: int) -> None:
        midnight = datetime(2026, 11, 22, tzinfo=UTC)
        assert next_shift(self.PLAN, midnight + timedelta(hours=hour)) == midnight + timedelta(hours=then)

    def test_in_local_time(self) -> None:
        local = Plan((GOOD, BAD), shifts=(time(6),))
        begin = next_shift(local, NOON)
        assert begin is not None
        assert (begin.astimezone().hour, begin.tzinfo) == (6, UTC)
        assert timedelta(0) < begin - NOON <= timedelta(hours=25)


class TestRestart:
    """What an earlier run recorded."""

    def test_within_its_time_it_counts(self) -> None:
        session = passed().session
        assert session is not None
        golden = GoldenParts(PLAN)
        golden.resume(session, at(3))
        assert (golden.phase, golden.valid_until) == (GoldenPhase.PASSED, NOON + timedelta(hours=8))
        golden.tick(at(8, wall=3))
        assert golden.cause is Due.EXPIRED

    def test_after_its_time_it_does_not(self) -> None:
        session = passed().session
        assert session is not None
        golden = GoldenParts(PLAN)
        golden.resume(session, at(8))
        assert golden.cause is Due.EXPIRED

    @pytest.mark.parametrize(
        ("then", "now"),
        [
            (at(), at(1, boot="b", synchronized=False)),
            (at(synchronized=False), at(1, boot="b")),
            (at(), at(1, wall=-1, boot="b")),  # the clock went back over the reboot
        ],
    )
    def test_over_a_reboot_only_a_synchronized_clock_is_believed(self, then: Moment, now: Moment) -> None:
        session = passed(now=then).session
        assert session is not None
        golden = GoldenParts(PLAN)
        golden.resume(session, now)
        assert (golden.phase, golden.cause) == (GoldenPhase.DUE, Due.CLOCK)

    def test_over_a_reboot_the_new_boot_bears_witness(self) -> None:
        session = passed().session
        assert session is not None
        golden = GoldenParts(PLAN)
        golden.resume(session, at(2, boot="b"))
        assert golden.phase is GoldenPhase.PASSED
        golden.tick(at(8, wall=3, boot="b"))
        assert golden.cause is Due.EXPIRED

    def test_a_session_that_was_cut_off_is_due_again(self) -> None:
        begun = GoldenParts(PLAN)
        begun.start("s", "ada", at())
        assert begun.session is not None
        golden = GoldenParts(PLAN)
        golden.resume(begun.session, at())
        assert (golden.phase, golden.cause) == (GoldenPhase.DUE, Due.INTERRUPTED)

    def test_a_failed_session_stays_failed(self) -> None:
        failed = GoldenParts(PLAN)
        failed.start("s", "ada", at())
        failed.show(judged(Outcome.NG), at())
        assert failed.session is not None
        golden = GoldenParts(PLAN)
        golden.resume(failed.session, at())
        assert golden.phase is GoldenPhase.FAILED

    def test_an_aborted_session_never_counts(self) -> None:
        aborted = GoldenParts(PLAN)
        aborted.start("s", "ada", at())
        aborted.show(judged(Outcome.OK), at())
        aborted.abort(at())
        assert aborted.session is not None
        golden = GoldenParts(PLAN)
        golden.resume(aborted.session, at())
        assert golden.cause is Due.ABORTED


def test_a_monotonic_clock_that_went_back_is_not_believed() -> None:
    assert seeming_now(at(2), at(1)) is None

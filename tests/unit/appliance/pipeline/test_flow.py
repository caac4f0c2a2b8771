"""The master rule on the stages themselves: silence is never OK, whatever happens in whatever order.

The stages' workers are stepped by hand instead of by their threads, so that every interleaving can be drawn.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.cameras.base import EndOfPictures
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Part
from appliance.domain.reasons import Reason
from appliance.domain.stages import Stage
from appliance.errors import CameraLost
from appliance.pipeline.flow import Flow
from models.decision import Outcome, Unfit
from models.errors import BadPicture, InferenceError
from models.prepared import Prepared
from tests.fakes.clock import FakeClock
from tests.fakes.parts import LIMITS, RULES, make_ledger, make_prepared, make_trigger
from tests.fakes.world import World

DEADLINE_MS = 400


class AnyOrderOfEvents(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.world = World(self.clock)
        self.ledger = make_ledger(self.clock, deadline_ms=DEADLINE_MS, capacity=3)
        self.flow = self.world.flow(self.ledger, capacity=3)
        self.accepted: list[str] = []

    @rule(tag=st.integers(0, 4))
    def trigger(self, tag: int) -> None:
        part = self.ledger.admit(make_trigger(self.clock, tag))
        if part is not None:
            self.accepted.append(part.id)
            self.flow.enter(part)

    @rule(milliseconds=st.sampled_from([1.0, 49.0, 401.0]))
    def time_passes(self, milliseconds: float) -> None:
        self.clock.advance_ms(milliseconds)

    @rule()
    def supervisor(self) -> None:
        for verdict in self.ledger.expire():
            self.flow.keep(verdict)
        self.ledger.set_ready(self.flow.camera.ready, self.ledger.epoch)

    @precondition(lambda self: self.flow.capturing.queued)
    @rule(
        what=st.sampled_from(
            [None, TimeoutError(), BadPicture("torn"), CameraLost("gone"), EndOfPictures(), RuntimeError("a bug")]
        ),
        age_ms=st.sampled_from([0.0, 0.0, 500.0]),
        takes_ms=st.sampled_from([1.0, 1.0, 90.0, 300.0]),
    )
    def capture(self, what: Exception | None, age_ms: float, takes_ms: float) -> None:
        self.world.camera, self.world.frame_age_ms, self.world.grab_takes_ms = what, age_ms, takes_ms
        self.flow.capturing.round()

    @rule()
    def camera_comes_back(self) -> None:
        self.world.camera = None
        self.clock.advance_ms(1001)
        self.flow.camera.idle()

    @precondition(lambda self: self.flow.inferring.queued)
    @rule(
        what=st.sampled_from(
            [
                Outcome.OK,
                Outcome.OK,
                Outcome.NG,
                Outcome.RECHECK,
                InferenceError("nan"),
                BadPicture("odd"),
                MemoryError(),
            ]
        ),
        seen=st.sampled_from([make_prepared(), make_prepared(), make_prepared(Unfit.DARK), make_prepared(empty=True)]),
        takes_ms=st.sampled_from([1.0, 1.0, 450.0]),
    )
    def infer(self, what: Outcome | Exception, seen: Prepared, takes_ms: float) -> None:
        self.world.model, self.world.prepared = what, seen
        self.clock.advance_ms(takes_ms)
        self.flow.inferring.round()

    @precondition(lambda self: self.flow.recording.queued)
    @rule(full=st.booleans(), takes_ms=st.sampled_from([1.0, 1.0, 450.0]))
    def record(self, full: bool, takes_ms: float) -> None:
        # A full disk is retried until it has room again: here it stays full for the first try only.
        self.world.disk_takes_ms = takes_ms
        self.world.disk_full = full
        self.flow.record.pause = self._room_again
        self.flow.recording.round()

    def _room_again(self, seconds: float | None = None) -> bool:
        self.world.disk_full = False
        self.clock.advance_ms(60)
        return False

    @invariant()
    def the_book_balances(self) -> None:
        assert self.ledger.snapshot().balanced
        assert self.flow.recording.crashes == 0

    @invariant()
    def no_answer_is_invented_or_doubled(self) -> None:
        answered = Counter(verdict.part.id for verdict in self.world.answered)
        assert set(answered) <= set(self.accepted)
        assert all(count == 1 for count in answered.values())

    @invariant()
    def ok_only_from_a_model_in_time_on_its_own_picture(self) -> None:
        for verdict in self.world.answered:
            if verdict.outcome is Outcome.OK:
                assert verdict.score is not None
                assert verdict.score < LIMITS.ok_below
                assert verdict.captured_ns is not None
                delay_ns = verdict.captured_ns - verdict.part.trigger.received_ns
                assert 0 <= delay_ns <= RULES.exposure_within_ns
                assert verdict.decided_ns <= verdict.part.deadline_ns

    def teardown(self) -> None:
        """Whatever was going on: after the station stops, every accepted part has had its one answer."""
        self.world.disk_full = False
        self.world.disk_takes_ms = 0.0
        self.ledger.shut()
        for verdict in self.ledger.close_all(Reason.STATION_STOPPED):
            self.flow.keep(verdict)
        for worker in (self.flow.capturing, self.flow.inferring, self.flow.recording):
            while worker.queued:
                worker.round()
        assert Counter(verdict.part.id for verdict in self.world.answered) == Counter(self.accepted)
        assert self.ledger.snapshot().in_flight == 0


TestAnyOrderOfEvents = AnyOrderOfEvents.TestCase
TestAnyOrderOfEvents.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)


def admitted_part(deadline_ms: int = 1000) -> tuple[FakeClock, World, Ledger, Flow, Part]:
    """A world with an open camera and one part that has not entered the flow yet."""
    clock = FakeClock()
    world, ledger = World(clock), make_ledger(clock, deadline_ms=deadline_ms)
    flow = world.flow(ledger, capacity=4)
    part = ledger.admit(make_trigger(clock))
    assert part is not None
    return clock, world, ledger, flow, part


@pytest.mark.parametrize(
    ("camera", "reason"),
    [
        (TimeoutError(), Reason.NO_FRAME),
        (EndOfPictures(), Reason.NO_FRAME),
        (BadPicture("torn"), Reason.BAD_PICTURE),
        (CameraLost("gone"), Reason.CAMERA_LOST),
        (RuntimeError("a bug"), Reason.STAGE_CRASHED),
    ],
)
def test_a_missing_picture_is_error_at_once(camera: Exception, reason: Reason) -> None:
    _clock, world, _ledger, flow, part = admitted_part()
    world.camera = camera
    flow.enter(part)
    flow.capturing.round()
    flow.recording.round()
    (verdict,) = world.answered
    assert (verdict.outcome, verdict.reasons) == (Outcome.ERROR, (reason,))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (InferenceError("nan"), Reason.MODEL_FAILED),
        (BadPicture("too small"), Reason.BAD_PICTURE),
        (MemoryError(), Reason.STAGE_CRASHED),
    ],
)
def test_a_model_that_fails_is_error_at_once(model: Exception, reason: Reason) -> None:
    _clock, world, _ledger, flow, part = admitted_part()
    world.model = model
    flow.enter(part)
    for worker in (flow.capturing, flow.inferring, flow.recording):
        worker.round()
    (verdict,) = world.answered
    assert (verdict.outcome, verdict.reasons) == (Outcome.ERROR, (reason,))


def test_a_lost_camera_shuts_the_door_before_the_next_trigger() -> None:
    clock, world, ledger, flow, part = admitted_part()
    world.camera = CameraLost("gone; plug it in")
    flow.enter(part)
    flow.capturing.round()
    assert ledger.admit(make_trigger(clock)) is None
    assert flow.camera.state.state == "fault"
    assert "plug it in" in flow.camera.state.text_en


def test_a_used_up_camera_shuts_the_door_after_its_last_picture() -> None:
    clock, world, ledger, flow, part = admitted_part()
    world.exhausted = True
    flow.enter(part)
    for worker in (flow.capturing, flow.inferring, flow.recording):
        worker.round()
    assert [verdict.outcome for verdict in world.answered] == [Outcome.OK]
    assert flow.camera.finished
    assert ledger.admit(make_trigger(clock)) is None


def test_a_full_disk_answers_nobody_until_it_has_room_and_then_only_late_parts_as_error() -> None:
    clock, world, _ledger, flow, part = admitted_part(deadline_ms=100)
    flow.enter(part)
    flow.capturing.round()
    flow.inferring.round()
    world.disk_full = True
    states = []

    def room_after_a_second(seconds: float | None = None) -> bool:
        states.append(flow.record.state.state)
        assert not world.answered
        clock.advance_ms(1000)
        world.disk_full = False
        return False

    flow.record.pause = room_after_a_second
    flow.recording.round()
    assert states == ["fault"]
    assert flow.record.state.state == "ok"
    assert [verdict.outcome for verdict in world.written] == [Outcome.OK, Outcome.ERROR]
    (answered,) = world.answered
    assert answered.reasons == (Reason.ANSWER_LATE,)
    assert answered.supersedes == world.written[0].id


@pytest.mark.parametrize("camera", [None, TimeoutError(), BadPicture("torn"), RuntimeError("a bug")])
def test_the_next_part_may_come_as_soon_as_the_camera_is_free(camera: Exception | None) -> None:
    clock, world, ledger, flow, part = admitted_part()
    flow.enter(part)
    assert ledger.admit(make_trigger(clock)) is None, "its picture could show the other part"
    world.camera = camera
    flow.capturing.round()
    assert world.exposures == 1
    assert ledger.admit(make_trigger(clock)) is not None


def test_every_stage_of_an_answered_part_is_measured_once() -> None:
    clock = FakeClock()
    world = World(clock)
    world.grab_takes_ms, world.disk_takes_ms = 3, 2
    ledger = make_ledger(clock, capacity=1)
    flow = world.flow(ledger, capacity=1)
    ledger.set_ready(True, ledger.epoch)
    part = ledger.admit(make_trigger(clock, 0))
    assert part is not None
    flow.enter(part)
    for worker in (flow.capturing, flow.inferring, flow.recording):
        worker.round()
    assert sorted(stage for stage, _ in world.measured) == sorted(set(Stage) - {Stage.WAKE})
    measured = dict(world.measured)
    assert measured[Stage.EXPOSE] == 3_000_000
    assert measured[Stage.RECORD] == 2_000_000
    assert measured[Stage.TOTAL] == 5_000_000


@pytest.mark.parametrize(
    ("seen", "outcome", "reason"),
    [
        (make_prepared(Unfit.DARK), Outcome.ERROR, Reason.PICTURE_DARK),
        (make_prepared(Unfit.UNALIGNED), Outcome.ERROR, Reason.PICTURE_UNALIGNED),
        (make_prepared(empty=True), Outcome.NO_PART, Reason.NO_PART),
        (make_prepared(Unfit.FLAT, empty=True), Outcome.ERROR, Reason.PICTURE_FLAT),
    ],
)
def test_a_picture_that_needs_no_model_is_answered_without_its_score(
    seen: Prepared, outcome: Outcome, reason: Reason
) -> None:
    _clock, world, _ledger, flow, part = admitted_part()
    world.prepared = seen
    flow.enter(part)
    for worker in (flow.capturing, flow.inferring, flow.recording):
        worker.round()
    (verdict,) = world.answered
    assert (verdict.outcome, verdict.reasons, verdict.score) == (outcome, (reason,), None)
    assert not {Stage.INFER, Stage.SCORE} & {stage for stage, _ in world.measured}
    assert flow.looking.pictures.state == ("ok" if seen.unfit is None else "warn")


def test_gaps_without_end_are_told_until_a_part_comes() -> None:
    clock, world, ledger, flow, part = admitted_part()

    def show(prepared: Prepared) -> str:
        nonlocal part
        world.prepared = prepared
        flow.enter(part)
        for worker in (flow.capturing, flow.inferring, flow.recording):
            worker.round()
        admitted = ledger.admit(make_trigger(clock, 0))
        assert admitted is not None
        part = admitted
        return flow.looking.pictures.text_en

    gap = make_prepared(empty=True)
    assert {show(gap) for _ in range(19)} == {""}
    assert show(gap).startswith("No part in the last 20 pictures") and show(gap)
    assert show(make_prepared()) == "" == show(gap)
    assert [verdict.outcome for verdict in world.answered].count(Outcome.NO_PART) == 22

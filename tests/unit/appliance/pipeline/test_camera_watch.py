"""The capture stage looks after its camera between triggers, and never judges one picture for two parts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.domain.ledger import Ledger
from appliance.domain.parts import Frame
from appliance.domain.reasons import Reason
from appliance.errors import CameraFrozen, CameraLost
from appliance.pipeline.flow import Flow
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.parts import make_ledger, make_trigger
from tests.fakes.world import World


class LiveWorld(World):
    """Its camera runs freely: `skipped` pictures pass between two questions, `repeats` of them the very same."""

    skipped = 0
    repeats = 0

    def grab(self, timeout_s: float) -> Frame:
        self.seq += self.skipped
        return replace(super().grab(timeout_s), repeats=self.repeats)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def world(clock: FakeClock) -> LiveWorld:
    return LiveWorld(clock)


@pytest.fixture
def ledger(clock: FakeClock) -> Ledger:
    return make_ledger(clock)


@pytest.fixture
def flow(world: LiveWorld, ledger: Ledger) -> Flow:
    return world.flow(ledger, capacity=4)


def serve(world: LiveWorld, flow: Flow, ledger: Ledger) -> tuple[Outcome, Reason]:
    """The answer to one more trigger."""
    part = ledger.admit(make_trigger(world.clock))
    assert part is not None
    flow.enter(part)
    flow.capturing.round()
    if flow.inferring.queued:
        flow.inferring.round()
    flow.recording.round()
    return world.answered[-1].outcome, world.answered[-1].reasons[0]


def test_a_loss_between_triggers_shuts_the_door_before_the_next_trigger(
    world: LiveWorld, flow: Flow, ledger: Ledger
) -> None:
    world.camera = CameraLost("the camera was unplugged; plug it in", "相机已拔出")
    flow.camera.idle()
    assert not flow.camera.ready
    assert (flow.camera.state.state, flow.camera.state.text_zh) == ("fault", "相机已拔出")
    assert ledger.admit(make_trigger(world.clock)) is None


def test_it_is_opened_again_when_it_is_back(world: LiveWorld, flow: Flow, clock: FakeClock) -> None:
    world.camera = CameraLost("gone; plug it in")
    flow.camera.idle()
    world.camera = None
    flow.camera.idle()
    assert not flow.camera.ready, "not before a second has passed"
    clock.advance_ms(1001)
    flow.camera.idle()
    assert flow.camera.ready


def test_a_file_that_ends_between_triggers_takes_no_more_parts(world: LiveWorld, flow: Flow, ledger: Ledger) -> None:
    world.exhausted = True
    flow.camera.idle()
    assert flow.camera.finished
    assert flow.camera.state.state == "ok"
    assert ledger.admit(make_trigger(world.clock)) is None


def test_a_frozen_camera_is_an_error_with_its_own_reason_and_an_alarm(
    world: LiveWorld, flow: Flow, ledger: Ledger
) -> None:
    world.camera = CameraFrozen("the same picture 30 times; restart the camera", "同一图像")
    assert serve(world, flow, ledger) == (Outcome.ERROR, Reason.PICTURE_FROZEN)
    assert flow.camera.state.state == "fault"


@pytest.mark.parametrize(
    ("skipped", "repeats", "answer"),
    [
        (0, 0, (Outcome.OK, Reason.SCORE_BELOW_LIMIT)),
        (0, 1, (Outcome.ERROR, Reason.PICTURE_FROZEN)),
        (4, 5, (Outcome.ERROR, Reason.PICTURE_FROZEN)),
        (4, 4, (Outcome.OK, Reason.SCORE_BELOW_LIMIT)),  # another picture came in between
    ],
)
def test_two_parts_are_never_judged_by_one_picture(
    world: LiveWorld, flow: Flow, ledger: Ledger, skipped: int, repeats: int, answer: tuple[Outcome, Reason]
) -> None:
    assert serve(world, flow, ledger)[0] is Outcome.OK
    world.skipped, world.repeats = skipped, repeats
    assert serve(world, flow, ledger) == answer

"""Presence triggers on the capture stage: the deciding picture is the judged one, and no part is lost in silence."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from appliance.domain.ledger import Ledger
from appliance.domain.parts import Frame, Part, TriggerSource
from appliance.domain.reasons import Reason
from appliance.errors import CameraLost
from appliance.pipeline.capture import CaptureStage
from appliance.pipeline.presence import Moment, PresenceDetector, PresenceRules, Sight
from appliance.pipeline.watch import PresenceWatch
from models.decision import Box
from models.errors import BadPicture
from tests.fakes.belt import belt
from tests.fakes.camera import FakeCamera, Step
from tests.fakes.clock import FakeClock
from tests.fakes.parts import make_ledger
from tests.fakes.world import World

EMPTY, PART = belt(), belt((80.0, 60.0))
FRAME_MS = 33
TRANSFER_NS = 20_000_000  # a picture arrives that long after its exposure


class Watched(PresenceWatch):
    """A photo-eye that remembers what it said of which frame."""

    def __init__(self, detector: PresenceDetector) -> None:
        super().__init__(detector)
        self.seen: list[tuple[Frame, Sight]] = []
        self.losses = 0

    def look(self, frame: Frame) -> Sight:
        sight = super().look(frame)
        self.seen.append((frame, sight))
        return sight

    def lost(self) -> None:
        super().lost()
        self.losses += 1


class Line:
    """A capture stage on a scripted stream; `step` shows it the next frame, as its worker would."""

    def __init__(self, script: Iterable[Step], at: Moment = Moment.ENTER) -> None:
        self.clock = FakeClock()
        self.ledger: Ledger = make_ledger(self.clock)
        self.camera = FakeCamera(script, now_ns=lambda: self.clock.monotonic_ns() - TRANSFER_NS)
        rules = PresenceRules(Box(60, 40, 40, 40), 0.2, 0.1, 2, 15.0, at, learn_frames=3, blocked_ns=1_000_000_000)
        self.watch = Watched(PresenceDetector(rules))
        self.delivered: list[tuple[Part, Frame]] = []
        self.failed: list[tuple[Part, Reason]] = []
        self.stage = CaptureStage(
            self.camera,
            ledger=self.ledger,
            clock=self.clock,
            meter=World(self.clock),
            timeout_s=0.01,
            deliver=lambda part, frame: self.delivered.append((part, frame)),
            fail=lambda part, reason: self.failed.append((part, reason)),
            on_lost=self.ledger.shut,
            on_exposed=lambda: None,
            watch=self.watch,
        )
        self.stage.idle()

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self.clock.advance_ms(FRAME_MS)
            self.stage.idle()

    @property
    def missed(self) -> int:
        return self.ledger.snapshot().missed


def test_the_judged_picture_is_the_very_one_in_which_the_part_was_noticed() -> None:
    line = Line([EMPTY] * 4 + [PART] * 6 + [EMPTY] * 4)
    line.step(14)
    ((part, frame),) = line.delivered
    assert [seen for seen, sight in line.watch.seen if sight is Sight.PART] == [frame]
    assert frame.seq == 6
    assert (part.trigger.source, part.trigger.received_ns) == (TriggerSource.PRESENCE, frame.captured_ns)
    assert part.deadline_ns == frame.captured_ns + 1_000_000_000, "the deadline counts from the exposure"
    assert len(line.watch.seen) == 14, "no other picture is taken for it"
    assert line.missed == 0


def test_the_next_part_may_come_while_the_first_is_judged() -> None:
    line = Line([EMPTY] * 4 + ([PART] * 3 + [EMPTY] * 3) * 3)
    line.step(22)
    assert [part.number for part, _ in line.delivered] == [1, 2, 3]


def test_a_part_that_cannot_be_admitted_is_missed_and_counted() -> None:
    line = Line([EMPTY] * 4 + [PART] * 3 + [EMPTY] * 3)
    line.step(4)
    line.ledger.shut()
    line.step(6)
    assert (line.delivered, line.missed) == ([], 1)


def test_more_parts_than_the_station_can_hold_are_missed_and_counted() -> None:
    line = Line([EMPTY] * 4 + ([PART] * 3 + [EMPTY] * 3) * 6)
    line.step(40)
    assert (len(line.delivered), line.missed) == (4, 2)


def test_a_part_that_went_by_unseen_is_counted_as_missed() -> None:
    line = Line([EMPTY] * 4 + [belt((50.0, 60.0))] * 2 + [EMPTY] * 3, Moment.CENTRE)
    line.step(9)
    assert (line.delivered, line.missed) == ([], 1)


def test_while_the_empty_zone_is_learned_the_station_is_not_ready_and_says_so() -> None:
    line = Line([EMPTY] * 5)
    assert not line.stage.ready
    assert "learns the empty zone" in line.stage.state.text_en and "学习" in line.stage.state.text_zh
    line.step(4)
    assert line.stage.ready


def test_a_blocked_zone_is_an_alarm_of_the_camera_until_it_is_clear() -> None:
    line = Line([EMPTY] * 4 + [PART] * 40 + [EMPTY] * 4)
    line.step(44)
    assert (line.stage.state.state, line.stage.ready) == ("fault", False)
    assert "Zone blocked" in line.stage.state.text_en and "区域被堵" in line.stage.state.text_zh
    assert len(line.delivered) == 1
    line.step(3)
    assert line.stage.ready


@pytest.mark.parametrize("lost_at", range(4, 11))
def test_a_camera_that_is_lost_in_the_middle_of_a_part_never_triggers_twice(lost_at: int) -> None:
    script: list[Step] = [*[EMPTY] * 4, *[PART] * 6, *[EMPTY] * 3]
    line = Line([*script[:lost_at], CameraLost("unplugged"), *script[lost_at:]])
    line.step(lost_at + 1)
    assert line.stage.state.state == "fault" and line.watch.losses == 1
    assert not line.ledger.can_admit
    line.clock.advance_ms(1001)
    line.stage.idle()
    line.ledger.set_ready(line.stage.ready, line.ledger.epoch)
    line.step(len(script) - lost_at)
    assert len(line.delivered) + line.missed == 1


def test_a_stream_that_stalls_is_a_lost_camera() -> None:
    line = Line([EMPTY] * 4 + [None])
    line.step(5)
    assert line.stage.state.state == "fault"
    assert "no picture" in line.stage.state.text_en
    assert not line.ledger.can_admit


def test_a_torn_picture_is_not_watched_and_the_stream_goes_on() -> None:
    line = Line([EMPTY] * 4 + [BadPicture("torn")] + [PART] * 3 + [EMPTY] * 3)
    line.step(11)
    assert line.watch.losses == 1
    assert len(line.delivered) == 1


def test_the_end_of_the_pictures_shuts_the_door() -> None:
    line = Line([EMPTY] * 4)
    line.step(4)
    assert line.stage.finished
    assert not line.ledger.can_admit
    line.step(3)
    assert len(line.watch.seen) == 4

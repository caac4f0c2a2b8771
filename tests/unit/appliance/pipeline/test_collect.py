"""Collecting judges nothing: RECHECK for what was kept, ERROR for what was not, and never an OK."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.domain.device import DeviceState
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Frame, Part
from appliance.domain.reasons import TEXTS, Reason
from appliance.domain.verdict import DecidedBy, Verdict
from appliance.pipeline.collect import CollectStage
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.parts import counting_ids, make_frame, make_ledger, make_trigger
from tests.fakes.world import World


class Disk:
    """Keeps what it is handed until it is told to fail; hears the verdicts as well, so that the order shows."""

    def __init__(self) -> None:
        self.state = DeviceState("ok")
        self.kept: list[tuple[Part, Frame]] = []
        self.verdicts: list[Verdict] = []
        self.failures: list[Reason] = []
        self.looked_again = 0

    def keep(self, part: Part, frame: Frame) -> str | None:
        if self.state.state == "fault":
            return None
        self.kept.append((part, frame))
        return "good/1.png"

    def idle(self) -> None:
        self.looked_again += 1

    def conclude(self, verdict: Verdict, frame: Frame | None = None) -> None:
        assert (verdict.part, frame) in self.kept, "answered before the picture was on disk"
        self.verdicts.append(verdict)

    def fail(self, part: Part, reason: Reason, frame: Frame | None = None) -> None:
        self.failures.append(reason)


def collecting() -> tuple[FakeClock, Ledger, Disk, CollectStage, Part]:
    clock, disk = FakeClock(), Disk()
    ledger = make_ledger(clock)
    stage = CollectStage(
        disk,
        exposure_within_ns=250_000_000,
        ledger=ledger,
        clock=clock,
        meter=World(clock),
        new_id=counting_ids(),
        way=disk,
    )
    part = ledger.admit(make_trigger(clock))
    assert part is not None
    return clock, ledger, disk, stage, part


def test_a_kept_picture_is_a_part_that_nobody_judged() -> None:
    clock, ledger, disk, stage, part = collecting()
    stage.handle([(part, make_frame(clock))])
    (verdict,) = disk.verdicts
    assert (verdict.outcome, verdict.decided_by, verdict.reasons) == (
        Outcome.RECHECK,
        DecidedBy.RULE,
        (Reason.COLLECTED,),
    )
    assert verdict.score is None and verdict.limits is None
    assert verdict.picture == "good/1.png"
    assert not disk.failures
    ledger.exposed(part)
    assert ledger.can_admit


def test_a_picture_that_cannot_be_kept_is_error_and_shuts_the_door() -> None:
    clock, ledger, disk, stage, part = collecting()
    disk.state = DeviceState("fault", "full; free it", "已满；请清理")
    stage.handle([(part, make_frame(clock))])
    assert disk.failures == [Reason.NOT_KEPT] and not disk.verdicts
    ledger.exposed(part)
    assert not ledger.can_admit


def test_a_part_that_is_late_keeps_its_picture() -> None:
    clock, _ledger, disk, stage, part = collecting()
    frame = make_frame(clock)
    clock.advance_ms(5000)
    stage.handle([(part, frame)])
    assert disk.kept == [(part, frame)]


@pytest.mark.parametrize(
    ("age_ms", "reason"), [(1, Reason.CAPTURED_BEFORE_TRIGGER), (-251, Reason.EXPOSED_LATE), (-250, None)]
)
def test_a_picture_of_another_part_is_not_kept_under_this_ones_name(age_ms: int, reason: Reason | None) -> None:
    clock, _ledger, disk, stage, part = collecting()
    frame = make_frame(clock)
    stage.handle([(part, replace(frame, captured_ns=frame.captured_ns - age_ms * 1_000_000))])
    assert disk.failures == ([reason] if reason else [])
    assert len(disk.kept) == (reason is None)


def test_idle_looks_for_room_again() -> None:
    _clock, _ledger, disk, stage, _part = collecting()
    stage.idle()
    assert disk.looked_again == 1


def test_both_reasons_speak_both_languages() -> None:
    for reason in (Reason.COLLECTED, Reason.NOT_KEPT):
        english, chinese = TEXTS[reason]
        assert english and any("\u4e00" <= letter <= "\u9fff" for letter in chinese)

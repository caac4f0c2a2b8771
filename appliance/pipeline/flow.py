"""The way of a part through the stages, one direction:

    enter ─▶ capture ─▶ infer (or collect) ─▶ conclude (ledger) ─▶ record (disk) ─▶ answer

Each arrow is a bounded queue with a thread behind it. Whatever goes wrong on the way ends in `fail`: an ERROR that
takes the rest of the way like any verdict.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from appliance.cameras.base import Camera
from appliance.domain.clock import Clock
from appliance.domain.device import DeviceState
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Frame, Part
from appliance.domain.reasons import Reason
from appliance.domain.record import Record
from appliance.domain.stages import Meter
from appliance.domain.verdict import Verdict, fault
from appliance.pipeline.capture import CaptureStage
from appliance.pipeline.record import Conclusion, RecordKeeper, RecordStage
from appliance.pipeline.watch import NoWatch, Watch
from appliance.pipeline.way import PictureStage, Seen, Way
from appliance.pipeline.worker import Worker

_log = logging.getLogger(__name__)
_STOP_S = 5.0
_CAMERA_OPEN_S = 10.0
_GRAB_MARGIN_S = 0.5
_INFER_BUDGET_S = 2.0
_LOOK_AGAIN_S = 10.0
_RECORD_BUDGET_S = 5.0
_BATCH = 20
_TICK_S = 0.2
_WATCHING_TICK_S = 0.001  # no longer: the stream's next picture is on its way


@dataclass(frozen=True, slots=True)
class Ports:
    """What the flow asks of the world around it. `failures`: what `keeper.write` raises when it may be tried again.

    `looking` makes the stage that looks at the pictures, given the way on from it.
    """

    camera: Camera
    camera_timeout_s: float
    looking: Callable[[Way], PictureStage]
    keeper: RecordKeeper
    failures: tuple[type[Exception], ...]
    encode: Callable[[Verdict, int], Record]
    answer: Callable[[Conclusion], None]
    on_exposed: Callable[[], None]
    meter: Meter
    watch: Watch = field(default_factory=NoWatch)


class Flow:
    """`capacity` parts at once, as the ledger admits them."""

    def __init__(self, ports: Ports, *, ledger: Ledger, clock: Clock, new_id: Callable[[], str], capacity: int) -> None:
        self._ledger = ledger
        self._clock = clock
        self._new_id = new_id
        self.camera = CaptureStage(
            ports.camera,
            ledger=ledger,
            clock=clock,
            meter=ports.meter,
            timeout_s=ports.camera_timeout_s,
            deliver=self._deliver,
            fail=self.fail,
            on_lost=ledger.shut,
            on_exposed=ports.on_exposed,
            watch=ports.watch,
        )
        self.looking = ports.looking(self)
        self.record = RecordStage(
            ports.keeper,
            ledger=ledger,
            clock=clock,
            meter=ports.meter,
            encode=ports.encode,
            answer=ports.answer,
            failures=ports.failures,
        )
        self.capturing: Worker[Part] = Worker(
            "capture",
            self.camera.handle,
            clock=clock,
            capacity=capacity,
            budget_s=ports.camera_timeout_s + _GRAB_MARGIN_S,
            on_crash=self._crashed,
            idle=self.camera.idle,
            idle_budget_s=_CAMERA_OPEN_S,
            tick_s=_WATCHING_TICK_S if ports.watch.active else _TICK_S,
        )
        self.inferring: Worker[tuple[Part, Frame]] = Worker(
            "infer",
            self.looking.handle,
            clock=clock,
            capacity=capacity,
            budget_s=_INFER_BUDGET_S,
            on_crash=lambda jobs: self._crashed([part for part, _ in jobs]),
            idle=self.looking.idle,
            idle_budget_s=_LOOK_AGAIN_S,
        )
        self.recording: Worker[Conclusion] = Worker(
            "record",
            self.record.handle,
            clock=clock,
            capacity=2 * capacity,
            budget_s=_RECORD_BUDGET_S,
            batch=_BATCH,
            on_crash=_unanswered,
            idle=self.record.idle,
            idle_budget_s=_RECORD_BUDGET_S,
        )

    @property
    def failed(self) -> str | None:
        """The name of a stage that can do its work no more, or None."""
        for worker in (self.capturing, self.inferring, self.recording):
            if not worker.alive or worker.stalled:
                return worker.name
        # A record stage that crashed left parts without an answer: nothing may be added to that.
        return self.recording.name if self.recording.crashes else None

    @property
    def camera_state(self) -> DeviceState:
        """How the camera is; while it is open, whether its pictures are fit to be judged."""
        return self.camera.state if self.camera.state.state != "ok" else self.looking.pictures

    def start(self) -> None:
        for worker in (self.capturing, self.inferring, self.recording):
            worker.start()

    def enter(self, part: Part) -> None:
        """Take an admitted part to the camera."""
        if not self.capturing.submit(part):
            self._ledger.exposed(part)
            self.fail(part, Reason.QUEUE_FULL)

    def fail(self, part: Part, reason: Reason, frame: Frame | None = None) -> None:
        """Close a part as ERROR."""
        self.conclude(fault(self._new_id(), part, reason, self._clock.monotonic_ns()), frame)

    def conclude(self, verdict: Verdict, frame: Frame | None = None, seen: Seen | None = None) -> None:
        """Write a verdict into the ledger; if it is the first, it is recorded and answered, else only logged."""
        standing = self._ledger.close(verdict)
        if standing is None:
            _log.warning("part %d: a late %s is not used", verdict.part.number, verdict.outcome)
        else:
            self.keep(standing, frame, seen)

    def keep(self, standing: Verdict, frame: Frame | None = None, seen: Seen | None = None) -> None:
        """Record and answer a verdict that stands in the ledger."""
        # There is always room: the ledger lets `capacity` parts in, and each is concluded once.
        if not self.recording.submit(Conclusion(standing, frame, seen)):
            raise AssertionError("the record queue is smaller than the ledger")

    def stop(self, reason: Reason) -> None:
        """Close what is still open, write it and answer it; then end the threads. The door must be shut already."""
        for verdict in self._ledger.close_all(reason):
            self.keep(verdict)
        self.camera.close()
        for worker in (self.capturing, self.inferring):
            if not worker.stop(_STOP_S):
                _log.error("%s did not end in time", worker.name)
        if self.record.state.state == "fault":
            self.record.give_up()
        if not self.recording.stop(_STOP_S):
            self.record.give_up()

    def _deliver(self, part: Part, frame: Frame) -> None:
        if not self.inferring.submit((part, frame)):
            self.fail(part, Reason.QUEUE_FULL, frame)

    def _crashed(self, parts: Sequence[Part]) -> None:
        for part in parts:
            self.fail(part, Reason.STAGE_CRASHED)


def _unanswered(conclusions: Sequence[Conclusion]) -> None:
    for conclusion in conclusions:
        _log.critical("part %d was not answered; the PLC rejects it", conclusion.verdict.part.number)

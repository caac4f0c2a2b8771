"""Camera, model and disk of a flow, all in one and told by the test what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from appliance.cameras.base import CameraCounts
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Frame
from appliance.domain.record import Record
from appliance.domain.stages import Stage
from appliance.domain.verdict import Verdict
from appliance.errors import CameraLost
from appliance.pipeline.flow import Flow, Ports
from appliance.pipeline.infer import InferStage
from appliance.pipeline.record import Conclusion
from appliance.pipeline.way import PictureStage, Way
from models.decision import Decision, Limits, Outcome, Scores
from models.prepared import Prepared
from models.rules import NO_RULES, RuleSet
from tests.fakes.clock import FakeClock
from tests.fakes.parts import RULES, counting_ids, make_decision, make_frame, make_prepared


class DiskFull(Exception):
    """What the disk says when it takes nothing."""


@dataclass
class Inspected:
    prepared: Prepared
    decision: Decision | None
    preprocess_ns: int = 1_000_000
    infer_ns: int = 8_000_000
    score_ns: int = 2_000_000
    scores: Scores | None = None
    members: tuple[Inspected, ...] = ()


class World:
    name = "world"

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.exhausted = False
        self.camera: Exception | None = None
        self.frame_age_ms = 0.0
        self.model: Outcome | Exception = Outcome.OK
        self.prepared = make_prepared()
        self.disk_full = False
        self.disk_takes_ms = 0.0
        self.seq = 0
        self.exposures = 0
        self.grab_takes_ms = 0.0
        self.written: list[Verdict] = []
        self.answered: list[Verdict] = []
        self.measured: list[tuple[Stage, int]] = []

    def flow(self, ledger: Ledger, capacity: int) -> Flow:
        """A flow around this world with its camera open; its workers are to be stepped with `round`."""
        ports = Ports(
            camera=self,
            camera_timeout_s=0.05,
            looking=lambda way: self.looking(way, ledger),
            keeper=self,
            failures=(DiskFull,),
            encode=self.encode,
            answer=self.answer,
            on_exposed=self.on_exposed,
            meter=self,
        )
        flow = Flow(ports, ledger=ledger, clock=self.clock, new_id=counting_ids(), capacity=capacity)
        flow.camera.idle()
        return flow

    def looking(self, way: Way, ledger: Ledger) -> PictureStage:
        return InferStage(
            self, RULES, ledger=ledger, clock=self.clock, meter=self, new_id=counting_ids("look"), way=way
        )

    def on_exposed(self) -> None:
        self.exposures += 1

    def observe(self, stage: Stage, duration_ns: int) -> None:
        self.measured.append((stage, duration_ns))

    def open(self) -> None:
        if isinstance(self.camera, CameraLost):
            raise self.camera

    @property
    def counts(self) -> CameraCounts:
        return CameraCounts(pictures=self.seq)

    def check(self) -> None:
        if isinstance(self.camera, CameraLost):
            raise self.camera

    def close(self) -> None:
        """The world has nothing to let go of."""

    def grab(self, timeout_s: float) -> Frame:
        if self.camera is not None:
            raise self.camera
        self.seq += 1
        self.clock.advance_ms(self.grab_takes_ms)
        frame = make_frame(self.clock, self.seq)
        return replace(frame, captured_ns=frame.captured_ns - int(self.frame_age_ms * 1e6))

    def inspect(self, image: NDArray[np.uint8], limits: Limits | None = None, rules: RuleSet = NO_RULES) -> Inspected:
        if isinstance(self.model, Exception):
            raise self.model
        decision = None if self.prepared.settled else make_decision(self.model)
        return Inspected(self.prepared, decision)

    def write(self, records: Sequence[Record]) -> None:
        if self.disk_full:
            raise DiskFull("the disk is full; free it")
        self.clock.advance_ms(self.disk_takes_ms)
        self.written.extend(record.verdict for record in records)

    def after_answers(self) -> None:
        """This disk has nothing left to do."""

    def encode(self, verdict: Verdict, seq: int) -> Record:
        return Record(verdict, seq, "", b"")

    def answer(self, conclusion: Conclusion) -> None:
        assert conclusion.verdict in self.written, "answered before it was on disk"
        self.answered.append(conclusion.verdict)

"""Picture → verdict: the model's decision, and the judge's word on it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.domain.clock import Clock
from appliance.domain.device import DeviceState
from appliance.domain.judge import Found, Rules, judge
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Frame, Part
from appliance.domain.reasons import TEXTS, Reason
from appliance.domain.stages import Meter, Stage
from appliance.domain.verdict import Verdict
from appliance.pipeline.way import Seen, Way
from models.decision import Limits, Outcome
from models.errors import BadPicture, InferenceError
from models.prepared import Prepared
from models.rules import NO_RULES, RuleSet

_log = logging.getLogger(__name__)
# Parts that go by beside the camera, or a camera that looks elsewhere, would all be gaps.
_GAPS_IN_A_ROW = 20
_NOTHING_COMES = DeviceState(
    "warn",
    f"No part in the last {_GAPS_IN_A_ROW} pictures; check feed, trigger and where the camera looks",
    f"连续 {_GAPS_IN_A_ROW} 张图像无工件；请检查送料、触发和相机朝向",
)

# What a verdict becomes by what is known of the station as a whole; it may only get worse, and nothing may block.
Oversee = Callable[[Verdict, Prepared], Verdict]


class Inspected(Seen, Protocol):
    """What an inspector returns; `models.detector.Inspection` is one."""

    @property
    def preprocess_ns(self) -> int: ...
    @property
    def infer_ns(self) -> int: ...
    @property
    def score_ns(self) -> int: ...


class Inspector(Protocol):
    """Judges one picture; `models.detector.Detector` is one."""

    def inspect(self, image: NDArray[np.uint8], limits: Limits | None = None, rules: RuleSet = NO_RULES) -> Inspected:
        """Raises BadPicture or InferenceError."""


class InferStage:
    """The verdict on every part by the model's decision; ERROR where the model has none."""

    def __init__(
        self,
        inspector: Inspector,
        rules: Rules,
        *,
        ledger: Ledger,
        clock: Clock,
        meter: Meter,
        new_id: Callable[[], str],
        way: Way,
        oversee: Oversee = lambda verdict, _: verdict,
    ) -> None:
        self._inspector = inspector
        self._rules = rules
        self._ledger = ledger
        self._clock = clock
        self._meter = meter
        self._new_id = new_id
        self._way = way
        self._oversee = oversee
        self._gaps = 0
        self.pictures = DeviceState("ok")
        """Whether the last picture that was looked at was fit to be judged."""

    def handle(self, jobs: Sequence[tuple[Part, Frame]]) -> None:
        for part, frame in jobs:
            if self._ledger.is_open(part):
                self._inspect(part, frame)

    def idle(self) -> None:
        """A model has nothing to do without a picture."""

    def _inspect(self, part: Part, frame: Frame) -> None:
        begun_ns = self._clock.monotonic_ns()
        try:
            inspected = self._inspector.inspect(frame.image, self._rules.limits, self._rules.by_class)
            prepared = inspected.prepared
            found = Found(inspected.decision, prepared.unfit, prepared.empty)
            word = judge(self._new_id(), part, frame, found, self._rules, self._clock.monotonic_ns())
            verdict = self._oversee(word, prepared)
        except BadPicture as error:
            _log.warning("part %d: %s", part.number, error)
            self._way.fail(part, Reason.BAD_PICTURE, frame)
        except InferenceError as error:
            _log.error("part %d: %s", part.number, error)
            self._way.fail(part, Reason.MODEL_FAILED, frame)
        else:
            self._way.conclude(verdict, frame, inspected)
            self._gaps = self._gaps + 1 if verdict.outcome is Outcome.NO_PART else 0
            self.pictures = self._state(verdict, prepared)
            self._meter.observe(Stage.WAIT, begun_ns - frame.captured_ns)
            self._meter.observe(Stage.PREPROCESS, inspected.preprocess_ns)
            if inspected.decision is not None:
                self._meter.observe(Stage.INFER, inspected.infer_ns)
                self._meter.observe(Stage.SCORE, inspected.score_ns)

    def _state(self, verdict: Verdict, prepared: Prepared) -> DeviceState:
        if prepared.unfit is not None:
            return _complaint(verdict)
        return _NOTHING_COMES if self._gaps >= _GAPS_IN_A_ROW else DeviceState("ok")


def _complaint(verdict: Verdict) -> DeviceState:
    text_en, text_zh = TEXTS[verdict.reasons[0]]
    return DeviceState("warn", text_en, text_zh)

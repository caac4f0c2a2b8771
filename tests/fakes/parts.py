"""Parts, frames and decisions with as little in them as a test needs."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from appliance.domain.judge import Rules
from appliance.domain.ledger import Ledger, Terms
from appliance.domain.parts import Frame, Part, RecipeKey, Trigger, TriggerSource
from appliance.domain.reasons import Reason
from appliance.domain.verdict import DecidedBy, Verdict
from models.decision import Box, Decision, Detection, Limits, Outcome, Severity, Unfit
from models.prepared import Prepared
from models.quality import measure
from tests.fakes.clock import FakeClock

LIMITS = Limits(0.4, 0.6)
RECIPE = RecipeKey("flange", 1, "1", "sha256:" + 64 * "a")
RULES = Rules(LIMITS, exposure_within_ns=250_000_000)
SCORES = {Outcome.OK: 0.1, Outcome.RECHECK: 0.5, Outcome.NG: 0.9}


def counting_ids(word: str = "id") -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"{word}-{next(numbers)}"


def make_ledger(clock: FakeClock, *, deadline_ms: int = 1000, capacity: int = 4) -> Ledger:
    ledger = Ledger(clock=clock, new_id=counting_ids(), terms=Terms(RECIPE, deadline_ms), capacity=capacity)
    ledger.set_ready(True, ledger.epoch)
    return ledger


def make_trigger(clock: FakeClock, tag: int = 0, deadline_ms: int | None = None) -> Trigger:
    return Trigger(TriggerSource.PLC, tag=tag, received_ns=clock.monotonic_ns(), deadline_ms=deadline_ms)


def make_frame(clock: FakeClock, seq: int = 1) -> Frame:
    image = np.zeros((8, 8, 3), np.uint8)
    image.setflags(write=False)
    return Frame("fake", seq, clock.monotonic_ns(), image, f"picture {seq}")


def make_prepared(unfit: Unfit | None = None, *, empty: bool = False) -> Prepared:
    inputs = np.full((1, 32, 32, 3), 127, np.uint8)
    inputs.setflags(write=False)
    return Prepared(inputs, (64, 64), None, measure(inputs[0]), unfit, empty)


def make_decision(outcome: Outcome) -> Decision:
    found = (Detection("scratch", 2, SCORES[outcome], Box(1, 2, 3, 4), 12.0, Severity.MAJOR),)
    return Decision(outcome, SCORES[outcome], ("made up",), () if outcome is Outcome.OK else found, LIMITS)


def make_verdict(part: Part, outcome: Outcome, clock: FakeClock, id: str = "verdict") -> Verdict:
    if outcome is Outcome.NO_PART:
        return Verdict(id, part, outcome, DecidedBy.RULE, (Reason.NO_PART,), clock.monotonic_ns())
    if outcome is Outcome.ERROR:
        return Verdict(id, part, outcome, DecidedBy.FAULT, (Reason.NO_FRAME,), clock.monotonic_ns())
    return Verdict(
        id,
        part,
        outcome,
        DecidedBy.MODEL,
        (Reason.SCORE_BELOW_LIMIT,),
        clock.monotonic_ns(),
        score=SCORES[outcome],
        limits=LIMITS,
    )

"""From the model's decision to the station's verdict: it may only be worse, never better.

OK < RECHECK < NG < ERROR
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.domain.parts import Frame, Part
from appliance.domain.reasons import Reason
from appliance.domain.verdict import DecidedBy, Verdict, fault
from models.decision import Decision, Limits, Outcome, Unfit, outcome_of

_WORSE = (Outcome.OK, Outcome.RECHECK, Outcome.NG)
_WHY = {
    Outcome.OK: Reason.SCORE_BELOW_LIMIT,
    Outcome.RECHECK: Reason.SCORE_BETWEEN_LIMITS,
    Outcome.NG: Reason.SCORE_ABOVE_LIMIT,
}

_UNFIT = {
    Unfit.DARK: Reason.PICTURE_DARK,
    Unfit.BRIGHT: Reason.PICTURE_BRIGHT,
    Unfit.UNDEREXPOSED: Reason.PICTURE_UNDEREXPOSED,
    Unfit.OVEREXPOSED: Reason.PICTURE_OVEREXPOSED,
    Unfit.FLAT: Reason.PICTURE_FLAT,
    Unfit.DISCOLOURED: Reason.PICTURE_DISCOLOURED,
    Unfit.BLURRED: Reason.PICTURE_BLURRED,
    Unfit.MOVED: Reason.PICTURE_MOVED,
    Unfit.DISPLACED: Reason.PICTURE_DISPLACED,
    Unfit.INCOMPLETE: Reason.PICTURE_INCOMPLETE,
    Unfit.UNALIGNED: Reason.PICTURE_UNALIGNED,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What the recipe demands: the limits in force, and how soon after its trigger a picture must be taken."""

    limits: Limits
    exposure_within_ns: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a part's picture. `decision` is None where `unfit` or `empty` made it needless to ask."""

    decision: Decision | None
    unfit: Unfit | None = None
    empty: bool = False


def judge(id: str, part: Part, frame: Frame, found: Found, rules: Rules, now_ns: int) -> Verdict:
    """The verdict on a part from its picture.

    A picture that may show another part is ERROR. One that is too dark, bright, flat, blurred or not to be aligned
    hides defects: ERROR, whatever the model makes of it. One that is fit and shows no part is NO_PART. When the
    decision and the score disagree under the limits in force, the worse of both stands. Without a decision there is
    nothing to stand on: ERROR.
    """
    strange = strange_to(part, frame, rules.exposure_within_ns)
    if strange is not None:
        return fault(id, part, strange, now_ns)
    decision = found.decision
    outcome = None if decision is None else _worse_of(decision, rules.limits)
    # A part that is broken or askew looks moved as well: where a defect was found, it tells the operator more.
    if found.unfit is not None and not (found.unfit is Unfit.MOVED and outcome is Outcome.NG):
        return fault(id, part, _UNFIT[found.unfit], now_ns)
    if found.empty and found.unfit is None:
        return _no_part(id, part, frame, now_ns)
    if decision is None or outcome is None:
        return fault(id, part, Reason.MODEL_FAILED, now_ns)
    return Verdict(
        id=id,
        part=part,
        outcome=outcome,
        decided_by=DecidedBy.MODEL,
        reasons=(_WHY[outcome],),
        decided_ns=now_ns,
        score=decision.score,
        detections=decision.detections if outcome is not Outcome.OK else (),
        limits=rules.limits,
        captured_ns=frame.captured_ns,
        picture=frame.source,
    )


def strange_to(part: Part, frame: Frame, exposure_within_ns: int) -> Reason | None:
    """Why the picture may show another part, older than the trigger or taken too long after it; None: it is its own."""
    delay_ns = frame.captured_ns - part.trigger.received_ns
    if delay_ns < 0:
        return Reason.CAPTURED_BEFORE_TRIGGER
    return Reason.EXPOSED_LATE if delay_ns > exposure_within_ns else None


def _worse_of(decision: Decision, limits: Limits) -> Outcome:
    """What the decision says, or what its score says under the limits in force."""
    return max(decision.outcome, outcome_of(decision.score, limits), key=_WORSE.index)


def _no_part(id: str, part: Part, frame: Frame, now_ns: int) -> Verdict:
    return Verdict(
        id=id,
        part=part,
        outcome=Outcome.NO_PART,
        decided_by=DecidedBy.RULE,
        reasons=(Reason.NO_PART,),
        decided_ns=now_ns,
        captured_ns=frame.captured_ns,
        picture=frame.source,
    )

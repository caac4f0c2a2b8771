"""From the model's decision to the station's verdict: it may only be worse, never better.

OK < RECHECK < NG < ERROR
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from appliance.domain.parts import Frame, Part
from appliance.domain.reasons import Reason
from appliance.domain.verdict import DecidedBy, Verdict, fault
from models.combine import Combine, combined
from models.decision import Decision, Detection, Fate, Limits, Outcome, Unfit, outcome_of
from models.rules import NO_RULES, RuleSet

_WORSE = (Outcome.OK, Outcome.RECHECK, Outcome.NG)
_WHY = {
    Outcome.OK: Reason.SCORE_BELOW_LIMIT,
    Outcome.RECHECK: Reason.SCORE_BETWEEN_LIMITS,
    Outcome.NG: Reason.SCORE_ABOVE_LIMIT,
}
# What only rules and the combination of two models can say; the words are theirs.
_SAID_BY_RULES = frozenset(
    {Reason.SCORE_NOT_EXPLAINED, Reason.RECHECK_BY_RULE, Reason.SUPPRESSED, Reason.MODELS_DISAGREE}
)

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
    """What the recipe demands: the limits in force, how soon after its trigger a picture must be taken, what counts.

    `second`: the second model's limits, where two look; `combine` says what becomes of the two words.
    """

    limits: Limits
    exposure_within_ns: int
    by_class: RuleSet = NO_RULES
    second: Limits | None = None
    combine: Combine = Combine.WORST


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
    decision and what its own figures prove under the limits and rules in force disagree, the worse of both stands.
    Without a decision, of each model, there is nothing to stand on: ERROR.
    """
    strange = strange_to(part, frame, rules.exposure_within_ns)
    if strange is not None:
        return fault(id, part, strange, now_ns)
    decision = found.decision
    outcome = None if decision is None else _worse_of(decision, rules)
    # A part that is broken or askew looks moved as well: where a defect was found, it tells the operator more.
    if found.unfit is not None and not (found.unfit is Unfit.MOVED and outcome is Outcome.NG):
        return fault(id, part, _UNFIT[found.unfit], now_ns)
    if found.empty and found.unfit is None:
        return _no_part(id, part, frame, now_ns)
    if decision is None or outcome is None:
        return fault(id, part, Reason.MODEL_FAILED, now_ns)
    limits = decision.limits if decision.members else rules.limits
    reasons, detections = _grounds(outcome, decision, limits)
    return Verdict(
        id=id,
        part=part,
        outcome=outcome,
        decided_by=DecidedBy.RULE if reasons[0] in _SAID_BY_RULES else DecidedBy.MODEL,
        reasons=reasons,
        decided_ns=now_ns,
        score=decision.score,
        detections=detections,
        limits=limits,
        captured_ns=frame.captured_ns,
        picture=frame.source,
    )


def downgraded_by_drift(verdict: Verdict) -> Verdict:
    """What a verdict is worth while something drifts: OK is to be looked at again, all others stand as they are."""
    if verdict.outcome is not Outcome.OK:
        return verdict
    return replace(verdict, outcome=Outcome.RECHECK, reasons=(Reason.DRIFTING, *verdict.reasons))


def strange_to(part: Part, frame: Frame, exposure_within_ns: int) -> Reason | None:
    """Why the picture may show another part, older than the trigger or taken too long after it; None: it is its own."""
    delay_ns = frame.captured_ns - part.trigger.received_ns
    if delay_ns < 0:
        return Reason.CAPTURED_BEFORE_TRIGGER
    return Reason.EXPOSED_LATE if delay_ns > exposure_within_ns else None


def _worse_of(decision: Decision, rules: Rules) -> Outcome | None:
    """What the decision says, or what its figures prove under limits and rules; None where a word is missing."""
    limits = (rules.limits,) if rules.second is None else (rules.limits, rules.second)
    words = decision.members or (decision,)
    if len(words) != len(limits):
        return None
    proven = [
        max(word.outcome, rules.by_class.provable(word, each), key=_WORSE.index)
        for word, each in zip(words, limits, strict=True)
    ]
    return max(decision.outcome, combined(proven, rules.combine), key=_WORSE.index)


def _grounds(outcome: Outcome, decision: Decision, limits: Limits) -> tuple[tuple[Reason, ...], tuple[Detection, ...]]:
    """Why the outcome is what it is, and what was found; where the decision was not believed, no rule excuses it."""
    if outcome is Outcome.OK and outcome_of(decision.score, limits) is Outcome.OK:
        return (_WHY[outcome],), ()
    if outcome is not decision.outcome:
        kept = tuple(replace(found, fate=Fate.KEPT, rule="", limit=None) for found in decision.detections)
        return (_WHY[outcome],), kept
    said = tuple(Reason(word) for word in decision.reasons if word in _SAID_BY_RULES)
    by_rules = bool(said) and decision.reasons[0] == said[0]
    return said if by_rules else (_WHY[outcome], *said), decision.detections


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

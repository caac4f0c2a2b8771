"""What becomes of the words of two models that looked at one picture.

    worst   OK only if both say OK, NG if either says NG, else RECHECK
    agree   OK only if both say OK, NG only if both say NG; wherever they disagree, RECHECK

Neither ever makes a part OK that one of the models does not call OK.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from models.decision import Decision, Fate, Outcome
from models.rules import SUPPRESSED

DISAGREE = "models_disagree"
_WORSE = (Outcome.OK, Outcome.RECHECK, Outcome.NG)


class Combine(StrEnum):
    WORST = "worst"
    AGREE = "agree"


def combined(outcomes: Sequence[Outcome], how: Combine) -> Outcome:
    """The outcome of a part from what each model says of it; of one model, its own."""
    if how is Combine.AGREE and len(set(outcomes)) > 1:
        return Outcome.RECHECK
    return max(outcomes, key=_WORSE.index)


def combine(decisions: Sequence[Decision], names: Sequence[str], how: Combine) -> Decision:
    """One decision from each model's: score and limits are those of the model that sees most wrong with the part.

    Every detection of either stays, with the name of its model.
    """
    named = [
        replace(decision, detections=tuple(replace(found, model=name) for found in decision.detections))
        for decision, name in zip(decisions, names, strict=True)
    ]
    worst = max(named, key=lambda one: (_WORSE.index(one.outcome), one.score - one.limits.ok_below))
    outcome = combined([one.outcome for one in named], how)
    detections = tuple(found for one in named for found in one.detections)
    reasons = worst.reasons if outcome is worst.outcome else (DISAGREE,)
    if SUPPRESSED not in reasons and any(found.fate is Fate.SUPPRESSED for found in detections):
        reasons = (*reasons, SUPPRESSED)
    return Decision(outcome, worst.score, reasons, detections, worst.limits, members=tuple(named))

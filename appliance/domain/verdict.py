"""The station's word on one part: written once, then only read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from appliance.domain.parts import Part
from appliance.domain.reasons import Reason
from models.decision import Detection, Fate, Limits, Outcome, Severity

_WEIGHT = {Severity.MINOR: 0, Severity.MAJOR: 1, Severity.CRITICAL: 2}


class DecidedBy(StrEnum):
    MODEL = "model"
    RULE = "rule"
    TIMEOUT = "timeout"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`score` is None when no model judged the part. `picture` names the frame's source; `_ns` are monotonic.

    `supersedes` is the id of an earlier result for the same part that was journalled but must not stand.
    """

    id: str
    part: Part
    outcome: Outcome
    decided_by: DecidedBy
    reasons: tuple[Reason, ...]
    decided_ns: int
    score: float | None = None
    detections: tuple[Detection, ...] = ()
    limits: Limits | None = None
    captured_ns: int | None = None
    picture: str = ""
    supersedes: str | None = None

    def __post_init__(self) -> None:
        if self.outcome is not Outcome.OK:
            return
        by_rule = self.decided_by is DecidedBy.RULE and bool(self.detections)
        if self.score is None or not (self.decided_by is DecidedBy.MODEL or by_rule):
            raise ValueError("only a model's score can make a part OK, or rules for all that the model found")
        if any(found.fate is not Fate.SUPPRESSED for found in self.detections):
            raise ValueError("a part with a defect that no rule suppresses is not OK")

    @property
    def worst_first(self) -> tuple[Detection, ...]:
        """Detections by severity, then by score; what a rule suppresses comes last."""
        return tuple(sorted(self.detections, key=_weight, reverse=True))

    @property
    def code(self) -> int:
        """The catalogue's code of the worst defect that no rule suppresses; 0: none."""
        return next((found.code for found in self.worst_first if found.fate is not Fate.SUPPRESSED), 0)

    @property
    def suppressed(self) -> int:
        """Detections that a rule of the recipe suppresses."""
        return sum(found.fate is Fate.SUPPRESSED for found in self.detections)


def _weight(found: Detection) -> tuple[bool, int, float]:
    return found.fate is not Fate.SUPPRESSED, _WEIGHT[found.severity], found.score


def fault(id: str, part: Part, reason: Reason, now_ns: int, decided_by: DecidedBy = DecidedBy.FAULT) -> Verdict:
    """ERROR: the station could not judge this part."""
    return Verdict(id=id, part=part, outcome=Outcome.ERROR, decided_by=decided_by, reasons=(reason,), decided_ns=now_ns)

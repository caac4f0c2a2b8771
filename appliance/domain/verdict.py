"""The station's word on one part: written once, then only read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from appliance.domain.parts import Part
from appliance.domain.reasons import Reason
from models.decision import Detection, Limits, Outcome, Severity

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
        if self.outcome is Outcome.OK and (self.decided_by is not DecidedBy.MODEL or self.score is None):
            raise ValueError("only a model's score can make a part OK")

    @property
    def worst_first(self) -> tuple[Detection, ...]:
        """Detections by severity, then by score."""
        return tuple(sorted(self.detections, key=lambda found: (_WEIGHT[found.severity], found.score), reverse=True))


def fault(id: str, part: Part, reason: Reason, now_ns: int, decided_by: DecidedBy = DecidedBy.FAULT) -> Verdict:
    """ERROR: the station could not judge this part."""
    return Verdict(id=id, part=part, outcome=Outcome.ERROR, decided_by=decided_by, reasons=(reason,), decided_ns=now_ns)

"""From a verdict to the message that MES and data base read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from appliance.domain.reasons import Reason
from appliance.domain.verdict import DecidedBy, Verdict
from appliance.sinks.result_schema import (
    EVALUATIONS,
    MAX_DEFECTS,
    MAX_REASONS,
    ClassBlock,
    DefectBlock,
    GateAction,
    GateBlock,
    GateOutcome,
    LimitsBlock,
    ModelBlock,
    RecipeBlock,
    ResultMessage,
    State,
    StationBlock,
    TimesBlock,
    TriggerBlock,
)
from models.decision import Detection, Outcome

__all__ = ["ResultContext", "ResultMessage", "result_message"]

_STATES: dict[DecidedBy, State] = {
    DecidedBy.MODEL: "Completed",
    DecidedBy.RULE: "Completed",
    DecidedBy.TIMEOUT: "Aborted",
    DecidedBy.FAULT: "Failed",
}


@dataclass(frozen=True, slots=True)
class ResultContext:
    """What all results of a run share. `utc` turns monotonic nanoseconds into a time with time zone UTC.

    `certificate` is asked for every result: the id of the one that holds then, or None.
    """

    boot_id: str
    station: StationBlock
    recipe: RecipeBlock
    model: ModelBlock | None
    config_hash: str
    simulated: bool
    armed: bool
    utc: Callable[[int], datetime]
    clock: Literal["synced", "unsynced"]
    lot_id: str | None = None
    certificate: Callable[[], str | None] = lambda: None
    models: tuple[ModelBlock, ...] = ()
    classes: tuple[ClassBlock, ...] = ()

    @property
    def packages(self) -> tuple[str, ...]:
        """Hashes of what judges: none, one, or two."""
        own = (self.model,) if self.model is not None else ()
        return tuple(each.hash for each in self.models or own)


def result_message(verdict: Verdict, context: ResultContext, seq: int) -> ResultMessage:
    """The first result of a part, with its 64 worst defects and 16 first reasons.

    `seq` counts the results of this boot from 1 without a gap.
    """
    part = verdict.part
    trigger = part.trigger
    return ResultMessage(
        id=verdict.id,
        boot_id=context.boot_id,
        seq=seq,
        station=context.station,
        inspection_id=part.inspection_id,
        trigger=TriggerBlock(id=trigger.tag, source=trigger.source.value),
        part_id=trigger.part_id,
        lot_id=context.lot_id,
        recipe=context.recipe,
        model=context.model,
        state=_STATES[verdict.decided_by],
        outcome=verdict.outcome.value,
        evaluation=EVALUATIONS[verdict.outcome.value],
        evaluation_code=verdict.code,
        reasons=tuple(reason.value for reason in verdict.reasons[:MAX_REASONS]),
        decided_by=verdict.decided_by.value,
        simulated=context.simulated,
        created=context.utc(verdict.decided_ns),
        clock=context.clock,
        times=_times(verdict, context.utc),
        score=verdict.score if verdict.decided_by in (DecidedBy.MODEL, DecidedBy.RULE) else None,
        defects=tuple(_defect(detection) for detection in verdict.worst_first[:MAX_DEFECTS]),
        gate=_gate(verdict, context.armed),
        supersedes=verdict.supersedes,
        limits=LimitsBlock(ok_below=verdict.limits.ok_below, ng_from=verdict.limits.ng_from)
        if verdict.limits
        else None,
        config_hash=context.config_hash,
        certificate=context.certificate(),
        golden=trigger.golden,
    )


def _gate(verdict: Verdict, armed: bool) -> GateBlock:
    """Monitor mode commands nothing; a golden part never opens the gate."""
    return GateBlock(action=_gate_action(verdict, armed), outcome=_gate_outcome(verdict))


def _gate_action(verdict: Verdict, armed: bool) -> GateAction:
    if not armed or verdict.outcome is Outcome.NO_PART:
        return "none"
    if verdict.outcome is not Outcome.OK:
        return "reject"
    return "none" if verdict.part.trigger.golden else "pass"


def _gate_outcome(verdict: Verdict) -> GateOutcome:
    """A verdict that came too late is `late`; none at all left the gate at its default."""
    if Reason.ANSWER_LATE in verdict.reasons:
        return "late"
    return "defaulted" if verdict.decided_by is DecidedBy.TIMEOUT else "commanded"


def _times(verdict: Verdict, utc: Callable[[int], datetime]) -> TimesBlock:
    part, captured_ns = verdict.part, verdict.captured_ns
    return TimesBlock(
        start=utc(part.admitted_ns if captured_ns is None else captured_ns),
        end=utc(verdict.decided_ns),
        acquisition_ms=_span_ms(part.trigger.received_ns, captured_ns),
        processing_ms=_span_ms(captured_ns, verdict.decided_ns),
        trigger_to_result_ms=_span_ms(part.trigger.received_ns, verdict.decided_ns),
    )


def _span_ms(start_ns: int | None, end_ns: int | None) -> float | None:
    """None where an end is missing, or where a picture is older than its trigger and no such span existed."""
    if start_ns is None or end_ns is None or end_ns < start_ns:
        return None
    return (end_ns - start_ns) / 1e6


def _defect(detection: Detection) -> DefectBlock:
    box = detection.box
    return DefectBlock(
        class_=detection.label,
        code=detection.code,
        score=detection.score,
        severity=detection.severity.value,
        bbox_px=(box.x, box.y, box.w, box.h),
        area_px=detection.mask_area_px,
        length_mm=detection.length_mm,
        limit=detection.limit,
        rule=detection.rule or (f"shows:{detection.seen}" if detection.seen else None),
    )

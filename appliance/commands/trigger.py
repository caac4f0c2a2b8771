"""The verb `trigger`: a part that a person or a program asks for."""

from __future__ import annotations

from collections.abc import Callable

from appliance.commands.messages import AcceptedPart, GivenVerdict, TriggerCommand
from appliance.commands.refusals import Refusal
from appliance.config.schema import Config
from appliance.domain.clock import Clock
from appliance.domain.ledger import Ledger
from appliance.domain.parts import Part, Trigger, TriggerSource
from appliance.domain.reasons import TEXTS
from appliance.domain.verdict import Verdict


class SoftwareTrigger:
    """`enter` takes an admitted part to the camera. A PLC never shares its line: the refusal here is its own."""

    def __init__(self, config: Config, *, ledger: Ledger, clock: Clock, enter: Callable[[Part], None]) -> None:
        self._forbidden = forbidden(config)
        self._ledger = ledger
        self._clock = clock
        self.enter = enter

    def admit(self, command: TriggerCommand) -> Part | Refusal:
        """The admitted part, to be entered next, or why there is none. While not ready the trigger counts as missed."""
        if self._forbidden is not None:
            return self._forbidden
        trigger = Trigger(
            TriggerSource.SOFTWARE, tag=0, received_ns=self._clock.monotonic_ns(), part_id=command.part_id
        )
        return self._ledger.admit(trigger) or Refusal.NOT_READY


def forbidden(config: Config) -> Refusal | None:
    """Why this station takes no software trigger at all, or None."""
    if config.plc.enabled:
        return Refusal.PLC_TRIGGERS
    return None if config.trigger.takes_software else Refusal.NOT_ALLOWED


def accepted_part(part: Part) -> AcceptedPart:
    return AcceptedPart(id=part.id, number=part.number, inspection_id=part.inspection_id)


def given_verdict(verdict: Verdict) -> GivenVerdict:
    reason = verdict.reasons[0]
    english, chinese = TEXTS[reason]
    return GivenVerdict(
        id=verdict.id,
        outcome=verdict.outcome.value,
        decided_by=verdict.decided_by.value,
        reason=reason.value,
        reason_en=english,
        reason_zh=chinese,
        score=verdict.score,
    )

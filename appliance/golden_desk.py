"""Golden parts of the recipe in force: asked for, shown, judged and recorded; production waits until they have passed.

    start ─▶ record on disk ─▶ ledger: triggers are golden ─▶ parts judged and answered ─▶ record on disk ─▶ production

`view` is what all others read; it is replaced whole, so that nobody waits for a disk to see it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from appliance.commands.refusals import Refusal
from appliance.domain.device import DeviceState
from appliance.domain.golden import Due, ExpectedPart, GoldenParts, GoldenPhase, Judged, Moment, Plan, Show
from appliance.domain.ledger import Ledger
from appliance.domain.verdict import Verdict
from appliance.errors import NotThere
from appliance.golden_texts import alarm
from appliance.store.golden_records import BindingEntry, GoldenRecord, GoldenRecords
from appliance.store.sealed_files import SealBroken

_log = logging.getLogger(__name__)
_MOST_MEASURED = 64
_REFRESH_NS = 200_000_000


@dataclass(frozen=True, slots=True)
class GoldenView:
    """`remaining`: what is still to be shown, the next one first. `soon`: what passed ends before long."""

    phase: GoldenPhase = GoldenPhase.NOT_ASKED
    cause: Due | None = None
    order: str = "listed"
    parts: tuple[ExpectedPart, ...] = ()
    remaining: tuple[ExpectedPart, ...] = ()
    shows: tuple[Show, ...] = ()
    failed: Show | None = None
    valid_until: datetime | None = None
    soon: bool = False

    @property
    def withheld(self) -> bool:
        return self.phase in (GoldenPhase.DUE, GoldenPhase.FAILED)

    @property
    def running(self) -> bool:
        return self.phase is GoldenPhase.RUNNING

    @property
    def state(self) -> DeviceState:
        return alarm(self.phase, self.cause, self.failed, soon=self.soon)


class GoldenDesk:
    """`start`, `abort` and `change` are for the commands' thread, `answered` for the recording one, `looked` for the
    inspecting one and `refresh` for the supervisor, which never waits here.

    `on_passed` is called once a session is passed and on disk. `tell`: how a session ended, for the audit trail.
    """

    def __init__(
        self,
        records: GoldenRecords,
        *,
        ledger: Ledger,
        moment: Callable[[], Moment],
        new_id: Callable[[], str],
        on_passed: Callable[[], None],
        tell: Callable[[str, dict[str, object]], None],
    ) -> None:
        self._records = records
        self._ledger = ledger
        self._moment = moment
        self._new_id = new_id
        self._on_passed = on_passed
        self._tell = tell
        self._lock = threading.Lock()
        self._golden = GoldenParts(None)
        self._bound_to: BindingEntry | None = None
        self._measured: dict[str, Mapping[str, float]] = {}
        self._refreshed_ns = 0
        self.view = GoldenView()

    def change(
        self, plan: Plan | None, bound_to: BindingEntry, cause: Due, switch: Callable[[], None] = lambda: None
    ) -> None:
        """Another recipe is in force, or the station has just started; a session that runs is broken off.

        What was passed before counts where the plan does not ask for golden parts at just this occasion. `switch`
        brings the recipe's terms into force; the door is shut around it only where one of the two recipes has not been
        proven.
        """
        with self._lock:
            self._break_off()
            golden = GoldenParts(plan, Due.NO_RECORD)
            if plan is not None:
                self._resume(golden, plan, bound_to, cause)
            if self.view.withheld or self.view.running or golden.withheld:
                # First the view, which keeps the supervisor from opening the door again, then the door, then the terms.
                self.view = replace(self.view, phase=GoldenPhase.DUE, cause=cause)
                self._ledger.shut()
            switch()
            self._golden, self._bound_to = golden, bound_to
            self._settle()

    def start(self, actor: str) -> Refusal | None:
        """Begin a session; why not, or None."""
        with self._lock:
            golden = self._golden
            if golden.plan is None:
                return Refusal.NO_GOLDEN_PARTS
            if not golden.start(self._new_id(), actor, self._moment()):
                return Refusal.GOLDEN_RUNS
            if not self._keep():
                golden.abort(self._moment(), Due.NOT_KEPT)
                self._settle()
                return Refusal.NOT_KEPT
            self._settle()
            return None

    def abort(self) -> Refusal | None:
        """Break the session off: golden parts are due; why not, or None."""
        with self._lock:
            if not self._golden.running:
                return Refusal.NO_GOLDEN_RUNS
            self._break_off()
            self._settle()
            return None

    def looked(self, part_id: str, measures: Mapping[str, float]) -> None:
        """What was measured of a golden part; it goes into the record with the part's verdict."""
        with self._lock:
            self._measured[part_id] = measures
            while len(self._measured) > _MOST_MEASURED:
                self._measured.pop(next(iter(self._measured)))

    def answered(self, verdict: Verdict) -> None:
        """A part was answered; blocks for fsync where that ends a session."""
        if not verdict.part.trigger.golden:
            return
        with self._lock:
            measures = self._measured.pop(verdict.part.id, {})
            golden, session = self._golden, self._golden.session
            if session is None or not golden.running or not self._is_of_now(verdict, session.begun):
                return
            golden.show(_judged(verdict, measures), self._moment())
            if not golden.running and not self._keep():
                golden.ask(Due.NOT_KEPT)
            passed = golden.phase is GoldenPhase.PASSED
            self._settle()
        if passed:
            self._on_passed()

    def refresh(self) -> None:
        """Time has passed. Returns at once: where another thread is at work here, the next round comes to it."""
        now_ns = self._moment().monotonic_ns
        if now_ns - self._refreshed_ns < _REFRESH_NS or not self._lock.acquire(blocking=False):
            return
        self._refreshed_ns = now_ns
        try:
            was_running = self._golden.running
            self._golden.tick(self._moment())
            if was_running and not self._golden.running:
                _log.error("golden parts: nobody ended the session; it is broken off")
            self._settle()
        finally:
            self._lock.release()

    def _resume(self, golden: GoldenParts, plan: Plan, bound_to: BindingEntry, cause: Due) -> None:
        try:
            record = self._records.last(bound_to)
        except SealBroken as error:
            _log.error("golden parts: %s; it does not count", error)
            golden.ask(Due.RECORD_DAMAGED)
            return
        if record is not None:
            golden.resume(record.session(), self._moment())
        asked = plan.at_start if cause is Due.START else plan.at_changeover
        if asked and golden.phase is GoldenPhase.PASSED:
            golden.ask(cause)

    def _is_of_now(self, verdict: Verdict, begun: Moment) -> bool:
        """A golden part that was admitted before this session, or under another recipe, is none of its."""
        part = verdict.part
        mine = self._bound_to is not None and part.recipe.hash == self._bound_to.recipe.hash
        return mine and part.admitted_ns >= begun.monotonic_ns

    def _break_off(self) -> None:
        if self._golden.abort(self._moment()):
            self._keep()  # where that fails, the record of its beginning says as much: it was not passed

    def _keep(self) -> bool:
        golden = self._golden
        if golden.session is None or golden.plan is None or self._bound_to is None:
            return False
        record = GoldenRecord.of(golden.session, golden.plan, self._bound_to)
        try:
            self._records.write(record)
        except NotThere as error:
            _log.error("%s", error)
            return False
        if record.outcome != "running":
            failed = golden.session.failed
            part = failed.part.name if failed is not None and failed.part is not None else None
            told: dict[str, object] = {
                "session": record.id,
                "outcome": record.outcome,
                "by": record.actor,
                "part": part,
            }
            self._tell("golden", told | {"recipe_hash": record.bound_to.recipe.hash})
        return True

    def _settle(self) -> None:
        """Bring the ledger and the view in line; the door is shut first, so that no part comes between two states."""
        golden, before = self._golden, self.view
        session, plan = golden.session, golden.plan
        running_plan = plan if plan is not None and golden.running else None
        view = GoldenView(
            phase=golden.phase,
            cause=golden.cause,
            order=plan.order if plan else "listed",
            parts=plan.parts if plan else (),
            remaining=session.remaining(running_plan) if session and running_plan else (),
            # What was shown before is history once they are due again: none of it looks done.
            shows=session.shows if session and golden.phase is not GoldenPhase.DUE else (),
            failed=session.failed if session else None,
            valid_until=golden.valid_until,
            soon=golden.soon_due(self._moment()),
        )
        terms = self._ledger.terms
        turned = view.running != terms.golden
        if turned or (view.withheld and not before.withheld):
            self._ledger.shut()
        if turned:
            self._ledger.change(replace(terms, golden=view.running))
        if before.phase is not view.phase:
            _log.info("golden parts: %s%s", view.phase, f" ({view.cause})" if view.cause else "")
        self.view = view


def _judged(verdict: Verdict, measures: Mapping[str, float]) -> Judged:
    return Judged(
        verdict_id=verdict.id,
        serial=verdict.part.trigger.part_id,
        outcome=verdict.outcome,
        reason=verdict.reasons[0].value,
        labels=tuple(dict.fromkeys(found.label for found in verdict.detections)),
        score=verdict.score,
        measures=dict(measures),
    )

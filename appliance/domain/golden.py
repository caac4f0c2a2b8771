"""Golden parts: reference parts whose verdicts are known, shown to the station before it may judge others.

    NOT_ASKED (the recipe names none)
    DUE ─start─▶ RUNNING ─every part came out as expected─▶ PASSED ─expired, shift, changeover─▶ DUE
     ▲              ├ one came out otherwise ─▶ FAILED ─start─▶ RUNNING
     └──────────────┴ aborted, or it took too long

Invariants, each with a test that goes red when it is broken:

1. Production is withheld in every phase but NOT_ASKED and PASSED; while RUNNING, whatever is triggered is golden.
2. The first part that comes out otherwise ends the session: nothing is shown again until it fits.
3. PASSED is kept no longer than the plan says by either clock: the later of the wall clock and of the wall clock of the
   session plus the monotonic time since. A clock that jumps can only end it early. After a reboot only a wall clock
   that was synchronized then and is now, and that has not gone back, is believed.
4. A session that was begun and not passed makes golden parts due, whatever passed before it.

Pure; not thread-safe, its owner holds the lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Literal

from models.decision import Outcome


class GoldenPhase(StrEnum):
    NOT_ASKED = "not_asked"
    DUE = "due"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


class Due(StrEnum):
    """Why golden parts are to be shown."""

    START = "start"
    CHANGEOVER = "changeover"
    SHIFT = "shift"
    EXPIRED = "expired"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    CHANGED = "changed"
    NO_RECORD = "no_record"
    RECORD_DAMAGED = "record_damaged"
    CLOCK = "clock"
    NOT_KEPT = "not_kept"


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of both clocks. `boot` names the machine's run: monotonic times of two boots cannot be compared."""

    utc: datetime
    monotonic_ns: int
    boot: str
    synchronized: bool


@dataclass(frozen=True, slots=True)
class ExpectedPart:
    """One golden part. `label`: the defect class that must be among what is found; None: any."""

    name: str
    serial: str | None
    expected: Outcome
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the recipe asks for. `shifts`: when a shift begins, in UTC or in the machine's local time."""

    parts: tuple[ExpectedPart, ...]
    order: Literal["listed", "serial"] = "listed"
    shows: int = 1
    valid: timedelta = timedelta(hours=8)
    within: timedelta = timedelta(hours=1)
    warn_before: timedelta = timedelta(minutes=30)
    at_start: bool = True
    at_changeover: bool = True
    shifts: tuple[time, ...] = ()
    shifts_utc: bool = False

    @property
    def sequence(self) -> tuple[ExpectedPart, ...]:
        """Every show, in the order of the list."""
        return tuple(part for part in self.parts for _ in range(self.shows))


@dataclass(frozen=True, slots=True)
class Judged:
    """The station's word on one golden part. `serial` is what the operator or the PLC gave with the trigger."""

    verdict_id: str
    serial: str | None
    outcome: Outcome
    reason: str
    labels: tuple[str, ...] = ()
    score: float | None = None
    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Show:
    """One golden part as it was shown; `part` is None where the serial belongs to none."""

    part: ExpectedPart | None
    judged: Judged

    @property
    def as_expected(self) -> bool:
        part = self.part
        if part is None or self.judged.outcome is not part.expected:
            return False
        return part.label is None or part.label in self.judged.labels


@dataclass(frozen=True, slots=True)
class Session:
    """`ended` is None while it runs; `passed` and `failed` tell how it ended, neither: it was broken off."""

    id: str
    actor: str
    begun: Moment
    shows: tuple[Show, ...] = ()
    ended: Moment | None = None

    @property
    def failed(self) -> Show | None:
        """The show that ended it. A serial that belongs to no golden part proves nothing either way."""
        return next((show for show in self.shows if show.part is not None and not show.as_expected), None)

    def remaining(self, plan: Plan) -> tuple[ExpectedPart, ...]:
        """What is still to be shown, in the order of the list."""
        owed = Counter(plan.sequence)
        owed.subtract(show.part for show in self.shows if show.part is not None)
        return tuple(part for part in dict.fromkeys(plan.sequence) for _ in range(max(0, owed[part])))


class GoldenParts:
    """The state machine of one recipe's golden parts; `plan` is None where the recipe names none."""

    def __init__(self, plan: Plan | None, cause: Due = Due.NO_RECORD) -> None:
        self.plan = plan
        self.phase = GoldenPhase.NOT_ASKED if plan is None else GoldenPhase.DUE
        self.cause: Due | None = None if plan is None else cause
        self.session: Session | None = None
        self._anchor: Moment | None = None

    @property
    def withheld(self) -> bool:
        """Whether no part may be taken at all."""
        return self.phase in (GoldenPhase.DUE, GoldenPhase.FAILED)

    @property
    def running(self) -> bool:
        return self.phase is GoldenPhase.RUNNING

    @property
    def valid_until(self) -> datetime | None:
        """When golden parts are due again by the clock; None while they have not passed."""
        if self.phase is not GoldenPhase.PASSED or self.plan is None or self._passed_at is None:
            return None
        shift = next_shift(self.plan, self._passed_at)
        expiry = self._passed_at + self.plan.valid
        return expiry if shift is None else min(expiry, shift)

    def start(self, id: str, actor: str, now: Moment) -> bool:
        """Begin a session; False where one runs already or none is asked for. What passed before no longer counts."""
        if self.plan is None or self.running:
            return False
        self.session = Session(id, actor, now)
        self.phase, self.cause = GoldenPhase.RUNNING, None
        return True

    def show(self, judged: Judged, now: Moment) -> None:
        """A golden part was judged and answered; outside a session it proves nothing."""
        if self.plan is None or self.session is None or not self.running:
            return
        show = Show(self._which(judged), judged)
        self.session = replace(self.session, shows=(*self.session.shows, show))
        if show.part is not None and not show.as_expected:
            self._end(GoldenPhase.FAILED, Due.FAILED, now)
        elif not self.session.remaining(self.plan):
            self._end(GoldenPhase.PASSED, None, now)
            self._anchor = now

    def abort(self, now: Moment, cause: Due = Due.ABORTED) -> bool:
        """Break the session off; False where none runs."""
        if not self.running:
            return False
        self._end(GoldenPhase.DUE, cause, now)
        return True

    def ask(self, cause: Due) -> None:
        """Golden parts are due from here on; a session that runs goes on."""
        if self.plan is not None and not self.running:
            self.phase, self.cause = GoldenPhase.DUE, cause

    def tick(self, now: Moment) -> None:
        """Time has passed."""
        if self.running and self.plan is not None and self.session is not None:
            begun = self.session.begun
            if now.monotonic_ns - begun.monotonic_ns >= self.plan.within / timedelta(microseconds=1) * 1000:
                self.abort(now, Due.INTERRUPTED)
        until = self.valid_until
        if until is None or self.plan is None or self._passed_at is None or self._anchor is None:
            return
        seeming = seeming_now(self._anchor, now)
        if seeming is None:
            self.ask(Due.CLOCK)
        elif seeming >= until:
            self.ask(Due.EXPIRED if until == self._passed_at + self.plan.valid else Due.SHIFT)

    def soon_due(self, now: Moment) -> bool:
        """Whether what passed ends within the plan's warning time."""
        until = self.valid_until
        if until is None or self.plan is None or self._anchor is None:
            return False
        seeming = seeming_now(self._anchor, now)
        return seeming is None or seeming >= until - self.plan.warn_before

    def resume(self, session: Session, now: Moment) -> None:
        """Take over what an earlier run of the station recorded last; it counts only where it is still to be believed.

        A session that was not ended was interrupted.
        """
        if self.plan is None:
            return
        self.session = session
        if session.ended is None:
            self.ask(Due.INTERRUPTED)
        elif session.failed is not None:
            self.phase, self.cause = GoldenPhase.FAILED, Due.FAILED
        elif session.remaining(self.plan):
            self.ask(Due.ABORTED)
        elif seeming_now(session.ended, now) is None:
            self.ask(Due.CLOCK)
        else:
            self.phase, self.cause = GoldenPhase.PASSED, None
            # From here on this boot's monotonic clock is the witness.
            self._anchor = session.ended if session.ended.boot == now.boot else now
            self.tick(now)

    @property
    def _passed_at(self) -> datetime | None:
        return self.session.ended.utc if self.session is not None and self.session.ended is not None else None

    def _which(self, judged: Judged) -> ExpectedPart | None:
        plan, session = self.plan, self.session
        if plan is None or session is None:
            return None
        if plan.order == "listed":
            return next(iter(session.remaining(plan)), None)
        return next((part for part in plan.parts if part.serial == judged.serial), None)

    def _end(self, phase: GoldenPhase, cause: Due | None, now: Moment) -> None:
        if self.session is not None:
            self.session = replace(self.session, ended=now)
        self.phase, self.cause = phase, cause


def seeming_now(since: Moment, now: Moment) -> datetime | None:
    """The latest that it can be, seen from an earlier moment; None where the clocks cannot be believed."""
    if now.boot == since.boot:
        elapsed = timedelta(microseconds=(now.monotonic_ns - since.monotonic_ns) / 1000)
        return max(now.utc, since.utc + elapsed) if elapsed >= timedelta(0) else None
    believed = since.synchronized and now.synchronized and now.utc >= since.utc
    return now.utc if believed else None


def next_shift(plan: Plan, after: datetime) -> datetime | None:
    """When the first shift after a moment begins, in UTC; None without shifts."""
    local = after.astimezone(UTC) if plan.shifts_utc else after.astimezone()
    begins = [
        _at(local + timedelta(days=day), shift, utc=plan.shifts_utc) for day in (0, 1, 2) for shift in plan.shifts
    ]
    return min((begin for begin in begins if begin > after), default=None)


def _at(day: datetime, shift: time, *, utc: bool) -> datetime:
    """A time of day on a date. Where summer time skips it or has it twice, Python takes the first reading."""
    naive = datetime.combine(day.date(), shift)
    return naive.replace(tzinfo=UTC) if utc else naive.astimezone(UTC)

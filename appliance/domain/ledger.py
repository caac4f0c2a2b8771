"""The book of parts: admits every trigger, closes each exactly once. Silence is never OK.

    trigger ─admit─▶ OPEN ─close (first writer wins)─▶ CLOSED ─on disk, settle─▶ SETTLED (counted)
                       └─deadline passed, expire─▶ CLOSED as ERROR

Invariants, each with a test that goes red when it is broken:

1. In every snapshot `accepted == ok + ng + recheck + no_part + error + in_flight`; counters never go down.
2. A part has one verdict: after `close` or `expire`, a later verdict is refused and only counted as late.
3. Nothing but ERROR stands past the deadline: `close` turns a verdict that comes too late into ERROR, and `settle`
   turns one that was not on disk in time into an ERROR that supersedes it.
4. No two parts in flight share an inspection id; a trigger that cannot be served is missed: counted, no verdict ever.
5. While a part waits for its exposure no other is admitted: a picture can belong to one trigger only.
6. A part keeps the recipe and the golden mark that held at its admission.

All methods may be called from any thread and never block for long. Longer than 300 lines: what one lock guards is one
book.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from appliance.domain.clock import Clock
from appliance.domain.parts import Part, RecipeKey, Trigger
from appliance.domain.reasons import Reason
from appliance.domain.verdict import DecidedBy, Verdict, fault
from models.decision import Outcome

_LAST_INSPECTION_ID = 65_535


@dataclass(frozen=True, slots=True)
class GoldenCounts:
    """How many of the settled parts were golden: they belong to no yield and no NG rate."""

    ok: int = 0
    ng: int = 0
    recheck: int = 0
    no_part: int = 0
    error: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counters since boot, taken at one instant. `late` of the errors missed their deadline.

    `suppressed` counts detections, not parts: those that a rule of the recipe tolerates. `golden` are among all.
    """

    accepted: int
    ok: int
    ng: int
    recheck: int
    no_part: int
    error: int
    in_flight: int
    missed: int
    late: int
    refused_verdicts: int
    suppressed: int = 0
    golden: GoldenCounts = GoldenCounts()

    @property
    def text(self) -> str:
        """For the log of a run that has ended."""
        verdicts = f"OK {self.ok}, NG {self.ng}, RECHECK {self.recheck}, NO_PART {self.no_part}, ERROR {self.error}"
        return f"accepted {self.accepted}, missed {self.missed}; {verdicts}"

    @property
    def balanced(self) -> bool:
        return self.accepted == self.ok + self.ng + self.recheck + self.no_part + self.error + self.in_flight


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every part from its admission on. `deadline_ms` is the recipe's; a trigger may ask for less.

    `golden`: reference parts are shown, and no production; see `Trigger.golden`.
    """

    recipe: RecipeKey
    deadline_ms: int
    golden: bool = False


class Ledger:
    """`terms` hold until `change`; `capacity`: parts that may be in flight at once."""

    def __init__(self, *, clock: Clock, new_id: Callable[[], str], terms: Terms, capacity: int) -> None:
        self._clock = clock
        self._new_id = new_id
        self._terms = terms
        self._capacity = capacity
        self._lock = threading.Lock()
        self._ready = False
        self._open: dict[str, Part] = {}
        self._closed: dict[str, Verdict] = {}
        self._ids: set[int] = set()
        self._unexposed: str | None = None
        self._epoch = 0
        self._last_id = 0
        self._settled: Counter[Outcome] = Counter()
        self._golden: Counter[Outcome] = Counter()
        self._errors: Counter[Reason] = Counter()
        self._accepted = self._missed = self._late = self._refused = self._suppressed = 0

    @property
    def can_admit(self) -> bool:
        """Whether the next trigger would be admitted."""
        with self._lock:
            return self._has_room()

    @property
    def epoch(self) -> int:
        """Counts how often the door was shut; see `set_ready`."""
        with self._lock:
            return self._epoch

    @property
    def terms(self) -> Terms:
        """What holds for the next part."""
        with self._lock:
            return self._terms

    def change(self, terms: Terms) -> None:
        """Between two parts: whoever is admitted from here on comes under these terms, who is inside stays as it is."""
        with self._lock:
            self._terms = terms

    def in_flight_under(self, recipe: RecipeKey) -> int:
        """How many parts are still owed an answer under this recipe."""
        with self._lock:
            closed = (verdict.part for verdict in self._closed.values())
            return sum(part.recipe == recipe for part in (*self._open.values(), *closed))

    def shut(self) -> None:
        """Admit nobody until readiness was found anew. Parts inside go on."""
        with self._lock:
            self._ready = False
            self._epoch += 1

    def set_ready(self, ready: bool, epoch: int) -> None:
        """Open or shut the door after what was found since `epoch` was read; a door shut meanwhile stays shut."""
        with self._lock:
            self._ready = ready and epoch == self._epoch

    def exposed(self, part: Part) -> None:
        """The part's picture was taken, or will not be: the next part may come."""
        with self._lock:
            if self._unexposed == part.id:
                self._unexposed = None

    def admit(self, trigger: Trigger) -> Part | None:
        """The part that this trigger starts, or None: missed.

        That is while not ready, full, with a part that waits for its exposure, or with the tag still in flight.
        """
        with self._lock:
            if not self._has_room() or trigger.tag in self._ids:
                self._missed += 1
                return None
            now = self._clock.monotonic_ns()
            self._accepted += 1
            inspection_id = trigger.tag or self._next_id()
            self._last_id = inspection_id
            terms = self._terms
            allowed_ms = min(terms.deadline_ms, trigger.deadline_ms or terms.deadline_ms)
            part = Part(
                id=self._new_id(),
                number=self._accepted,
                inspection_id=inspection_id,
                trigger=replace(trigger, golden=True) if terms.golden else trigger,
                admitted_ns=now,
                deadline_ns=trigger.received_ns + allowed_ms * 1_000_000,
                recipe=terms.recipe,
            )
            self._open[part.id] = part
            self._unexposed = part.id
            self._ids.add(inspection_id)
            return part

    def miss(self) -> None:
        """A part went by that nobody could take a picture of: it has no verdict and is counted as missed."""
        with self._lock:
            self._missed += 1

    def is_open(self, part: Part) -> bool:
        with self._lock:
            return part.id in self._open

    def close(self, verdict: Verdict) -> Verdict | None:
        """Write the part's one verdict; returns the one that stands, or None when the part was closed before.

        A verdict that comes after the deadline stands as ERROR.
        """
        with self._lock:
            if verdict.part.id not in self._open:
                self._refused += 1
                return None
            if self._clock.monotonic_ns() > verdict.part.deadline_ns:
                verdict = self._late_verdict(verdict.part)
            return self._close(verdict)

    def expire(self) -> tuple[Verdict, ...]:
        """Close every open part whose deadline has passed; returns their ERROR verdicts."""
        with self._lock:
            now = self._clock.monotonic_ns()
            late = [part for part in self._open.values() if now > part.deadline_ns]
            return tuple(self._close(self._late_verdict(part)) for part in late)

    def close_all(self, reason: Reason) -> tuple[Verdict, ...]:
        """Close whatever is still open as ERROR, when the station stops."""
        with self._lock:
            now = self._clock.monotonic_ns()
            return tuple(self._close(fault(self._new_id(), part, reason, now)) for part in tuple(self._open.values()))

    def settle(self, verdict: Verdict) -> Verdict:
        """The verdict is on disk: count it and let it be answered.

        Returns it, or, when its deadline passed meanwhile, an ERROR that supersedes it; that one is to be written
        and settled in turn before anyone is answered.

        Raises:
            KeyError: the part was never closed with this verdict.
        """
        with self._lock:
            if self._closed[verdict.part.id] != verdict:
                raise KeyError(verdict.id)
            now = self._clock.monotonic_ns()
            if verdict.outcome is not Outcome.ERROR and now > verdict.part.deadline_ns:
                late = fault(self._new_id(), verdict.part, Reason.ANSWER_LATE, now, DecidedBy.TIMEOUT)
                superseding = replace(
                    late, supersedes=verdict.id, captured_ns=verdict.captured_ns, picture=verdict.picture
                )
                self._closed[verdict.part.id] = superseding
                return superseding
            del self._closed[verdict.part.id]
            self._ids.discard(verdict.part.inspection_id)
            self._settled[verdict.outcome] += 1
            self._suppressed += verdict.suppressed
            self._golden[verdict.outcome] += verdict.part.trigger.golden
            if verdict.outcome is Outcome.ERROR:
                self._errors[verdict.reasons[0]] += 1
            if verdict.decided_by is DecidedBy.TIMEOUT:
                self._late += 1
            return verdict

    def next_deadline_ns(self) -> int | None:
        """When the next open part expires, or None."""
        with self._lock:
            return min((part.deadline_ns for part in self._open.values()), default=None)

    def snapshot(self) -> Snapshot:
        with self._lock:
            return self._snapshot()

    def snapshot_with_errors(self) -> tuple[Snapshot, dict[Reason, int]]:
        """A snapshot, and its errors by their first reason: they sum up to `error`."""
        with self._lock:
            return self._snapshot(), dict(self._errors)

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            accepted=self._accepted,
            ok=self._settled[Outcome.OK],
            ng=self._settled[Outcome.NG],
            recheck=self._settled[Outcome.RECHECK],
            no_part=self._settled[Outcome.NO_PART],
            error=self._settled[Outcome.ERROR],
            in_flight=self._in_flight(),
            missed=self._missed,
            late=self._late,
            refused_verdicts=self._refused,
            suppressed=self._suppressed,
            golden=GoldenCounts(
                ok=self._golden[Outcome.OK],
                ng=self._golden[Outcome.NG],
                recheck=self._golden[Outcome.RECHECK],
                no_part=self._golden[Outcome.NO_PART],
                error=self._golden[Outcome.ERROR],
            ),
        )

    def _has_room(self) -> bool:
        return self._ready and self._unexposed is None and self._in_flight() < self._capacity

    def _in_flight(self) -> int:
        return len(self._open) + len(self._closed)

    def _close(self, verdict: Verdict) -> Verdict:
        del self._open[verdict.part.id]
        self._closed[verdict.part.id] = verdict
        return verdict

    def _late_verdict(self, part: Part) -> Verdict:
        return fault(self._new_id(), part, Reason.DEADLINE_MISSED, self._clock.monotonic_ns(), DecidedBy.TIMEOUT)

    def _next_id(self) -> int:
        candidate = self._last_id
        while True:
            candidate = candidate % _LAST_INSPECTION_ID + 1
            if candidate not in self._ids:
                return candidate

"""The result side of the handshake: which triggers are owed a result, which results wait, and the one that is shown.

    EMPTY ─result→ LATCHED ─acknowledged→ CLEARED ─ResultsAck low→ next one waiting, or EMPTY

Pure; the invariants stand in `firmware_bridge/plc.py`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum, auto

from firmware_bridge.line import Evaluation, PlcResult

BUFFERED_RESULTS = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """The latched result as the PLC sees it."""

    inspection_id: int
    evaluation: Evaluation
    code: int
    score: float | None
    no_part: bool
    passes: bool
    decided_ns: int

    @property
    def fails(self) -> bool:
        return not self.passes and not self.no_part


@dataclass(slots=True)
class _Claim:
    """What an accepted trigger may still become; every mark only ever gets worse.

    `due` results will come from the line for this tag; the first is for the PLC if it is still `wanted`.
    """

    deadline_ns: int
    may_pass: bool
    ambiguous: bool = False
    wanted: bool = True
    due: int = 1


class _State(Enum):
    EMPTY = auto()
    LATCHED = auto()
    CLEARED = auto()


class ResultSide:
    def __init__(self) -> None:
        self._owed: dict[int, _Claim] = {}
        self._waiting: deque[tuple[PlcResult, _Claim]] = deque()
        self._state = _State.EMPTY
        self.shown: Shown | None = None
        self.completed_toggle = False
        self.overruns = 0
        self.unclaimed = 0

    def owe(self, tag: int, deadline_ns: int, may_pass: bool) -> None:
        """An accepted trigger; from here on one result is due."""
        self._owed[tag] = _Claim(deadline_ns, may_pass)

    def strand(self, tag: int) -> None:
        """The line owes a result for `tag` that must not be taken for any other part's: nobody gets it."""
        claim = self._owed.setdefault(tag, _Claim(0, may_pass=False, ambiguous=True, wanted=False, due=0))
        claim.due += 1

    def is_owed(self, tag: int) -> bool:
        return tag in self._owed and self._owed[tag].wanted

    @property
    def any_owed(self) -> bool:
        return any(claim.wanted for claim in self._owed.values())

    @property
    def queued(self) -> int:
        """Results that wait behind the one that is shown."""
        return len(self._waiting)

    def spoil(self, tag: int) -> bool:
        """Whether `tag` is owed, waiting or shown. If so two parts bear it, and neither may pass."""
        claims = [claim for result, claim in self._waiting if result.inspection_id == tag]
        if tag in self._owed:
            claims.append(self._owed[tag])
        for claim in claims:
            claim.ambiguous = True
        shown = self.shown
        if shown is None or shown.inspection_id != tag:
            return bool(claims)
        self.shown = _undefined(tag, shown.decided_ns)
        return True

    def bar(self) -> None:
        """The station is not armed, or golden: nothing that is under way may pass, and a Pass that stands goes."""
        for claim in (*self._owed.values(), *(claim for _, claim in self._waiting)):
            claim.may_pass = False
        if self.shown is not None:
            self.shown = replace(self.shown, passes=False)

    def answer(self, result: PlcResult, buffered: bool) -> bool:
        """Queue the one result of an accepted trigger; False where it was lost because the queue is full.

        A result that nobody is owed is counted and dropped.
        """
        claim = self._owed.get(result.inspection_id)
        if claim is not None:
            claim.due -= 1
            if not claim.due:
                del self._owed[result.inspection_id]
        if claim is None or not claim.wanted:
            self.unclaimed += 1
            return True
        claim.wanted = False
        room = BUFFERED_RESULTS if buffered else 1
        if len(self._waiting) + (self._state is _State.LATCHED) >= room:
            self.overruns += 1
            return False
        self._waiting.append((result, claim))
        return True

    def acknowledge(self, inspection_id: int | None = None) -> None:
        """The PLC took the result that is shown; with an id, only if it bears that id."""
        if self.shown is not None and inspection_id in (None, self.shown.inspection_id):
            self.shown = None
            self._state = _State.CLEARED

    def advance(self, ack_is_high: bool, now_ns: int) -> None:
        """Show the next result once the last one is acknowledged and ResultsAck is low again."""
        if self._state is _State.CLEARED and not ack_is_high:
            self._state = _State.EMPTY
        if self._state is _State.EMPTY and self._waiting:
            self.shown = _latch(*self._waiting.popleft(), now_ns)
            self._state = _State.LATCHED
            self.completed_toggle = not self.completed_toggle

    def forget(self) -> None:
        """Drop what is shown and what waits; what the line still owes goes to nobody, and blocks its tag until then."""
        for claim in self._owed.values():
            claim.wanted = False
        self._waiting.clear()
        self.shown = None
        self._state = _State.EMPTY


def _latch(result: PlcResult, claim: _Claim, now_ns: int) -> Shown:
    """What the PLC may see of a result that is latched now."""
    if claim.ambiguous or now_ns > min(claim.deadline_ns, result.deadline_ns):
        return _undefined(result.inspection_id, result.decided_ns)
    return Shown(
        inspection_id=result.inspection_id,
        evaluation=result.evaluation,
        code=result.code,
        score=result.score,
        no_part=result.no_part,
        passes=result.evaluation is Evaluation.OK and claim.may_pass and not result.golden,
        decided_ns=result.decided_ns,
    )


def _undefined(inspection_id: int, decided_ns: int) -> Shown:
    return Shown(inspection_id, Evaluation.UNDEFINED, 0, None, no_part=False, passes=False, decided_ns=decided_ns)

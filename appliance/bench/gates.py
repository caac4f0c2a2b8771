"""What is promised of a run's figures, and the word on each promise.

A figure that was not measured is missed. A figure of a disturbed run is void: it is neither met nor missed, and the run
does not pass. A short run judges what holds at any speed, and nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Word(StrEnum):
    MET = "met"
    MISSED = "missed"
    VOID = "void"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Gate:
    """One promise: `value` must be `sense` `bound`. `why` says what keeps it from being judged, or is empty."""

    name: str
    value: float | None
    sense: Literal["at most", "at least"]
    bound: float
    unit: str
    word: Word
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """`void`: why this run proves nothing, None for a sound one. `quick`: speeds are shown, not judged."""

    void: str | None
    quick: bool

    def at_most(self, name: str, value: float | None, bound: float, unit: str, *, speed: bool = True) -> Gate:
        return self._gate(name, value, "at most", bound, unit, speed)

    def at_least(self, name: str, value: float | None, bound: float, unit: str, *, speed: bool = True) -> Gate:
        return self._gate(name, value, "at least", bound, unit, speed)

    def _gate(
        self,
        name: str,
        value: float | None,
        sense: Literal["at most", "at least"],
        bound: float,
        unit: str,
        speed: bool,
    ) -> Gate:
        word, why = self._word(value, sense, bound, speed)
        return Gate(name, value, sense, bound, unit, word, why)

    def _word(self, value: float | None, sense: str, bound: float, speed: bool) -> tuple[Word, str]:
        measured = value is not None and math.isfinite(value)
        kept = measured and value is not None and (value <= bound if sense == "at most" else value >= bound)
        if not speed:
            # A lost part is lost, however disturbed the machine was.
            return (Word.MET, "") if kept else (Word.MISSED, "" if measured else "not measured")
        if self.quick:
            return Word.NOT_JUDGED, "a quick run judges no speed"
        if self.void is not None:
            return Word.VOID, self.void
        return (Word.MET, "") if kept else (Word.MISSED, "" if measured else "not measured")


def passed(gates: tuple[Gate, ...]) -> bool:
    """Whether no gate is missed and none is void; a run without a gate proves nothing."""
    return bool(gates) and all(gate.word in (Word.MET, Word.NOT_JUDGED) for gate in gates)


def throughput_bound(infer_cpu_ms: float) -> float:
    """The share of bare throughput that must be left: 0.85 where inference costs 5 ms or less, 0.95 from 20 ms on."""
    share = (min(max(infer_cpu_ms, 5.0), 20.0) - 5.0) / 15.0
    return round(0.85 + 0.10 * share, 4)

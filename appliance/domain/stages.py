"""Where a part's time goes, measured at the places where it passes from hand to hand.

trigger ─EXPOSE─▶ picture ─WAIT─▶ PREPROCESS ─▶ INFER ─▶ SCORE ─▶ verdict ─RECORD─▶ on disk ─ANSWER─▶ answered
   └──────────────────────────────────────────── TOTAL ──────────────────────────────────────────────────┘

WAKE is no part's time: how late the thread of the interval trigger woke.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Stage(StrEnum):
    EXPOSE = "expose"
    WAIT = "wait"
    PREPROCESS = "preprocess"
    INFER = "infer"
    SCORE = "score"
    RECORD = "record"
    ANSWER = "answer"
    TOTAL = "total"
    WAKE = "wake"


class Meter(Protocol):
    """Hears every duration. Called on the hot threads, each stage by one thread: it never blocks."""

    def observe(self, stage: Stage, duration_ns: int) -> None:
        """One part took so long in one stage."""

"""A finding that passed, and its place; tests change what they are about."""

from __future__ import annotations

from models.certification import Finding, Place, find
from models.decision import Outcome
from models.golden import Replay
from models.manifest import GoldenExpectation

PLACE = Place("sha256:" + "ab" * 32, "openvino-gpu 2026.4.1", "avx2", "AMD EPYC 0123456789ab")
OK = GoldenExpectation(raw=1.0, score=0.2, map_mean=0.1, outcome=Outcome.OK)
NG = GoldenExpectation(raw=9.0, score=0.9, map_mean=0.4, outcome=Outcome.NG)
TOLERANCE = 0.005
TIME = "2026-11-22T08:00:00Z"


def replay(expected: GoldenExpectation, outcome: Outcome | None = None, deviation: float = 0.001) -> Replay:
    return Replay("golden/00.png", expected, expected.score, outcome or expected.outcome, deviation)


def finding(*replays: Replay, place: Place = PLACE) -> Finding:
    """What a replay found; one frame to let through and one to stop when none is given."""
    return find(place, replays or (replay(OK), replay(NG, deviation=0.004)), TOLERANCE, TIME)

"""The simulated line's book: every part from trigger to gate, and what the transcript says about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal, TextIO

from firmware_bridge.plc_program import Block, gate_opens
from firmware_bridge.registers import Flag

Outcome = Literal["accepted", "missed", "no_answer"]


@dataclass(slots=True)
class Tally:
    """The summary. At the end `triggers == gate_pass + gate_reject`; `lost` parts were accepted and got no result."""

    triggers: int = 0
    accepted: int = 0
    missed: int = 0
    no_answer: int = 0
    results: int = 0
    duplicates: int = 0
    foreign: int = 0
    lost: int = 0
    gate_pass: int = 0
    gate_reject: int = 0
    heartbeat_gaps: int = 0
    line_errors: int = 0


@dataclass(slots=True)
class LinePart:
    """One triggered part on its way to the gate, until it is answered. `gate_s`: when it reaches the gate."""

    tag: int
    sent_s: float
    gate_s: float
    accepted: bool = False
    gated: bool = False


class LineBook:
    """Each event becomes one JSON line and a count. The gate of a part is decided once, and shut stays shut."""

    def __init__(self, transcript: TextIO, monotonic_s: Callable[[], float], accept_simulated: bool) -> None:
        self._transcript = transcript
        self._now_s = monotonic_s
        self._started_s = monotonic_s()
        self._accept_simulated = accept_simulated
        self._open: dict[int, LinePart] = {}
        self._answered: set[int] = set()
        self.tally = Tally()

    def say(self, event: str, **fields: object) -> None:
        """Write one line at once, so that a transcript is whole up to the moment of a crash."""
        now_s = self._now_s()
        elapsed_ms = round((now_s - self._started_s) * 1000, 1)
        line = {"event": event, "t_ms": elapsed_ms, "monotonic_s": round(now_s, 6), **fields}
        self._transcript.write(json.dumps(line) + "\n")
        self._transcript.flush()

    def send(self, tag: int, gate_after_s: float) -> LinePart:
        """A part is triggered."""
        now_s = self._now_s()
        part = self._open[tag] = LinePart(tag, now_s, now_s + gate_after_s)
        self._answered.discard(tag)
        self.tally.triggers += 1
        return part

    def resolve(self, part: LinePart, outcome: Outcome) -> None:
        """What became of its trigger. A part that was not accepted is rejected at the gate."""
        part.accepted = outcome == "accepted"
        self.tally.accepted += part.accepted
        self.tally.missed += outcome == "missed"
        self.tally.no_answer += outcome == "no_answer"
        self.say("trigger", tag=part.tag, outcome=outcome)
        if not part.accepted:
            self._gate(part, opens=False)
        if outcome == "missed":
            del self._open[part.tag]

    def take(self, block: Block, heartbeat_age_s: float) -> None:
        """A result: it decides the gate of the part it names, if that part is still owed one and not yet there."""
        now_s = self._now_s()
        part = self._open.pop(block.inspection_id, None)
        duplicate = part is None and block.inspection_id in self._answered
        opens = False
        if part is not None:
            before_gate = not part.gated and now_s <= part.gate_s
            opens = gate_opens(block, part.tag, heartbeat_age_s, before_gate, self._accept_simulated)
            self._gate(part, opens)
            self._answered.add(part.tag)
        self.tally.results += 1
        self.tally.duplicates += duplicate
        self.tally.foreign += part is None and not duplicate
        self.say(
            "result",
            tag=part.tag if part else None,
            inspection_id=block.inspection_id,
            evaluation=block.evaluation,
            code=block.code,
            score=block.score,
            **{"pass": block.flag(Flag.PASS)},
            fail=block.flag(Flag.FAIL),
            not_decidable=block.flag(Flag.NOT_DECIDABLE),
            no_part=block.flag(Flag.NO_PART),
            gate="pass" if opens else "reject",
            age_ms=block.age_ms,
            wait_ms=round((now_s - part.sent_s) * 1000, 1) if part else None,
            duplicate=duplicate,
            foreign=part is None and not duplicate,
        )

    def close_gates(self) -> None:
        """Parts that reach the gate without a result are rejected; their result may still come, too late."""
        for part in self._open.values():
            if part.accepted and not part.gated and self._now_s() > part.gate_s:
                self._gate(part, opens=False)
                self.say("gate", tag=part.tag, gate="reject", why="no result in time")

    def lose(self, why: str) -> None:
        """No result comes any more for those who are owed one."""
        for part in self._open.values():
            if part.accepted:
                self.tally.lost += 1
                self._gate(part, opens=False)
                self.say("lost", tag=part.tag, why=why)
        self._open.clear()

    def owed(self) -> bool:
        return any(part.accepted for part in self._open.values())

    def summarize(self) -> bool:
        """Write the summary; whether each accepted trigger got exactly one result."""
        self.lose("no result")
        self.say("summary", **asdict(self.tally))
        return not self.tally.lost and not self.tally.duplicates

    def _gate(self, part: LinePart, opens: bool) -> None:
        if not part.gated:
            part.gated = True
            self.tally.gate_pass += opens
            self.tally.gate_reject += not opens

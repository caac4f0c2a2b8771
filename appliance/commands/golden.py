"""The verbs `golden` and `drift`: reference parts are shown, and a drift that was dealt with is to end.

    {"verb":"golden","request_id":"3f…","actor":{"source":"cli","name":"ada"},"action":"start"}
    {"type":"reply","request_id":"3f…","verb":"golden","status":"accepted","golden":{"phase":"running",…}}
    {"verb":"drift","request_id":"40…","actor":{"source":"cli","name":"ada"},"action":"reset","reason":"new lamp"}

A reset ends nothing by itself: golden parts that pass after it do.
"""

from __future__ import annotations

from typing import Literal

from appliance.commands.envelope import Order, Request, Shown, Source, Strict

Action = Literal["start", "abort"]


class GoldenRequest(Request):
    """What a caller may ask of golden parts. `reason`: why, for the audit trail."""

    action: Action
    reason: Shown | None = None

    def command(self, source: Source, name: str) -> GoldenCommand:
        return GoldenCommand(verb="golden", **self.signed(source, name), action=self.action, reason=self.reason)


class GoldenCommand(Order):
    """Begin or break off a session with golden parts."""

    verb: Literal["golden"]
    action: Action
    reason: Shown | None = None


class DriftRequest(Request):
    """Why the drift is dealt with: what was cleaned, changed or found."""

    action: Literal["reset"]
    reason: Shown

    def command(self, source: Source, name: str) -> DriftCommand:
        return DriftCommand(verb="drift", **self.signed(source, name), action=self.action, reason=self.reason)


class DriftCommand(Order):
    """Let golden parts that pass from now on end the drift."""

    verb: Literal["drift"]
    action: Literal["reset"]
    reason: Shown


class GoldenStanding(Strict):
    """How golden parts stand after a command. `remaining`: names, the next to be shown first."""

    phase: str
    remaining: tuple[str, ...]

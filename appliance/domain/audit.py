"""Who asked the station for what, when, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One command and its outcome. `command` and `reply` are JSON as they were understood and answered.

    `reply` is what stood when the row was written: a verdict that came later is found in the results.
    """

    at_utc: str
    source: str
    actor: str
    verb: str
    request_id: str
    status: str
    code: str
    command: str
    reply: str

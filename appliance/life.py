"""What the audit trail says of the station itself: when it started with what, and when it ended."""

from __future__ import annotations

import json
from datetime import datetime

from appliance.domain.audit import AuditRow, own_row
from appliance.domain.ledger import Snapshot
from appliance.sinks.result_message import ResultContext
from models.instructions import instruction_set, machine_name

STARTED, STOPPED = "start", "stop"


def started(context: ResultContext, now: datetime, before: AuditRow | None, start_before: AuditRow | None) -> AuditRow:
    """The station starts. `before`: the last row that told of a start or a stop; `start_before`: of a start."""
    model = context.model
    told: dict[str, object] = {
        "software": context.station.sw,
        "station": context.station.path,
        "config": context.config_hash,
        "config_before": _config(start_before),
        "recipe": f"{context.recipe.id} {context.recipe.version}",
        "recipe_hash": context.recipe.hash,
        "model": model.id if model else None,
        "package": model.hash if model else None,
        "runtime": model.runtime if model else None,
        "instruction_set": instruction_set(),
        "machine": machine_name(),
        "armed": context.armed,
        "simulated": context.simulated,
        "ended_in_order": before is None or before.verb == STOPPED,
    }
    told["config_changed"] = told["config_before"] not in (None, told["config"])
    return own_row(now.isoformat(), STARTED, told)


def stopped(snapshot: Snapshot, now: datetime) -> AuditRow:
    """The station was told to end and every part was answered."""
    return own_row(now.isoformat(), STOPPED, {"counters": snapshot.text})


def _config(start: AuditRow | None) -> str | None:
    found = json.loads(start.command).get("config") if start is not None else None
    return found if isinstance(found, str) else None

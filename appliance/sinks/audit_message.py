"""`evt/audit`: who asked the station for what, and what came of it."""

from __future__ import annotations

from pydantic import AwareDatetime

from appliance.domain.audit import AuditRow
from appliance.sinks.state_messages import StateBlock

AUDIT_TOPIC = "evt/audit"


class AuditMessage(StateBlock):
    """`code` says why a refused command was refused."""

    ts: AwareDatetime
    source: str
    actor: str
    verb: str
    request_id: str
    status: str
    code: str | None = None


def audit_message(row: AuditRow, boot_id: str) -> AuditMessage:
    return AuditMessage.model_validate_strings(
        {
            "boot_id": boot_id,
            "ts": row.at_utc,
            "source": row.source,
            "actor": row.actor,
            "verb": row.verb,
            "request_id": row.request_id,
            "status": row.status,
            **({"code": row.code} if row.code else {}),
        }
    )

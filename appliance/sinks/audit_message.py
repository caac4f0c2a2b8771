"""`evt/audit`: who asked the station for what, and what came of it."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from appliance.domain.audit import SealedRow
from appliance.sinks.state_messages import StateBlock

AUDIT_TOPIC = "evt/audit"


class AuditMessage(StateBlock):
    """`code` says why a refused command was refused. `number` and `seal` are the row's in the station's audit trail:
    who keeps them can tell later whether the trail was shortened or replaced.
    """

    ts: AwareDatetime
    source: str
    actor: str
    verb: str
    request_id: str
    status: str
    code: str | None = None
    number: int = Field(ge=1)
    seal: str = Field(pattern=r"^[0-9a-f]{64}$")


def audit_message(sealed: SealedRow) -> AuditMessage:
    row = sealed.row
    return AuditMessage(
        boot_id=sealed.boot_id,
        ts=datetime.fromisoformat(row.at_utc),
        source=row.source,
        actor=row.actor,
        verb=row.verb,
        request_id=row.request_id,
        status=row.status,
        code=row.code or None,
        number=sealed.number,
        seal=sealed.seal,
    )

"""What the station says on which topic: rows of the outbox and retained state, made ready to send."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from appliance.domain.outbox import OutboxRow
from appliance.sinks.audit_message import AUDIT_TOPIC
from appliance.sinks.mqtt_connection import Outgoing
from appliance.sinks.result_schema import SCHEMA_ID, ResultMessage
from appliance.sinks.state_messages import (
    AUDIT,
    AVAILABILITY,
    IDENTITY,
    LAST_RESULT,
    STATUS,
    AvailabilityMessage,
    IdentityMessage,
    LastResultMessage,
    StateBlock,
    StatusMessage,
)

_log = logging.getLogger(__name__)

HISTORICAL_AFTER_S = 10.0
EVENT_EXPIRY_S = 7 * 24 * 3600


class Messages:
    """`root` is `okng/v1/<station path>`."""

    def __init__(self, root: str, boot_id: str, utc: Callable[[], datetime]) -> None:
        self._root = root
        self._boot_id = boot_id
        self._utc = utc
        self.status_topic = f"{root}/state/status"

    def availability(self, online: bool) -> Outgoing:
        said = AvailabilityMessage(boot_id=self._boot_id, online=online, ts=self._utc())
        return self._state("availability", AVAILABILITY, said)

    def identity(self, said: IdentityMessage) -> Outgoing:
        return self._state("identity", IDENTITY, said)

    def status(self, said: StatusMessage) -> Outgoing:
        return self._state("status", STATUS, said)

    def last_result(self, result: ResultMessage) -> Outgoing:
        return self._state("last_result", LAST_RESULT, LastResultMessage.of(result))

    def event(self, row: OutboxRow, now_ns: int) -> tuple[Outgoing, ResultMessage | None]:
        """The row as it is sent now, and the result in it.

        A result of an earlier boot, or one that waited for 10 s, is sent as `historical`: the MES must not act on it as
        if the part stood at the gate. A row that cannot be read (written by another version) is sent as it was stored,
        because a result must neither be lost nor hold up the others.
        """
        if row.topic == AUDIT_TOPIC:
            return self._event(row, row.payload, self._boot_id, AUDIT), None
        try:
            result = ResultMessage.model_validate_json(row.payload)
        except ValidationError as error:
            _log.warning("outbox row %d is sent as stored, it is no %s: %s", row.id, SCHEMA_ID, error)
            return self._event(row, row.payload, self._boot_id), None
        if result.boot_id != self._boot_id or now_ns - row.queued_ns > HISTORICAL_AFTER_S * 1e9:
            result = result.model_copy(update={"historical": True})
        return self._event(row, result.to_bytes(), result.boot_id), result

    def _event(self, row: OutboxRow, payload: bytes, boot_id: str, schema: str = SCHEMA_ID) -> Outgoing:
        return Outgoing(f"{self._root}/{row.topic}", payload, False, schema, boot_id, EVENT_EXPIRY_S)

    def _state(self, suffix: str, schema: str, said: StateBlock) -> Outgoing:
        return Outgoing(f"{self._root}/state/{suffix}", said.to_bytes(), True, schema, self._boot_id)

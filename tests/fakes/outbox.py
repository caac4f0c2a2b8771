"""An outbox in memory, in the simplest way possible."""

from __future__ import annotations

import threading

from appliance.domain.outbox import OutboxRow


class MemoryOutbox:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._added = threading.Event()
        self._rows: dict[int, OutboxRow] = {}
        self._last_id = 0
        self.delivered_ids: list[int] = []

    def add(self, payload: bytes, queued_ns: int = 0, topic: str = "evt/result") -> int:
        with self._lock:
            self._last_id += 1
            self._rows[self._last_id] = OutboxRow(self._last_id, topic, payload, queued_ns)
        self._added.set()
        return self._last_id

    def __len__(self) -> int:
        with self._lock:
            return len(self._rows)

    def read(self, after_id: int, limit: int) -> tuple[OutboxRow, ...]:
        with self._lock:
            return tuple(row for row in self._rows.values() if row.id > after_id)[:limit]

    def delivered(self, row_id: int) -> None:
        with self._lock:
            self.delivered_ids.append(row_id)
            self._rows.pop(row_id, None)

    def wait(self, timeout_s: float) -> None:
        self._added.wait(timeout_s)
        self._added.clear()

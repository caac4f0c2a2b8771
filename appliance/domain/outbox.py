"""The port between the journal and whoever carries verdicts to the MES."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message that the journal owes the MES. `topic` is the suffix, such as "evt/result".

    `queued_ns` is monotonic: it says nothing of rows that an earlier boot of the machine left.
    """

    id: int
    topic: str
    payload: bytes
    queued_ns: int


class Outbox(Protocol):
    """Rows leave in the order they were written and only after the broker acknowledged them. Any thread."""

    def read(self, after_id: int, limit: int) -> tuple[OutboxRow, ...]:
        """The oldest rows with an id above `after_id`, at most `limit`, in order; does not block."""

    def delivered(self, row_id: int) -> None:
        """The broker acknowledged this row: it may be forgotten. Returns at once; the deletion is written later."""

    def wait(self, timeout_s: float) -> None:
        """Block until rows were added since the last call, or the time is up."""

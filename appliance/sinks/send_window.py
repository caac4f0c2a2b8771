"""Which rows are on their way to the broker, and which of them may be forgotten."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(slots=True)
class _Flight:
    row_id: int
    topic: str
    sent_ns: int
    acknowledged: bool = False


class SendWindow:
    """Rows in flight, released in the order they were sent.

    An acknowledgement that overtakes an earlier row waits for it. So the released rows are always all rows up to some
    id, and what is left after a broken connection can be sent again from the oldest without a gap or a swap.
    """

    def __init__(self) -> None:
        self._flights: OrderedDict[int, _Flight] = OrderedDict()

    def __len__(self) -> int:
        return len(self._flights)

    @property
    def oldest_sent_ns(self) -> int | None:
        """When the oldest row that is still owed an acknowledgement was sent."""
        return next((flight.sent_ns for flight in self._flights.values()), None)

    def sent(self, packet_id: int, row_id: int, topic: str, now_ns: int) -> None:
        self._flights[packet_id] = _Flight(row_id, topic, now_ns)

    def topic(self, packet_id: int) -> str:
        return self._flights[packet_id].topic

    def acknowledged(self, packet_id: int) -> tuple[int, ...]:
        """The rows this acknowledgement sets free, oldest first; often one, none while an earlier row is unanswered."""
        self._flights[packet_id].acknowledged = True
        free: list[int] = []
        while self._flights and next(iter(self._flights.values())).acknowledged:
            free.append(self._flights.popitem(last=False)[1].row_id)
        return tuple(free)

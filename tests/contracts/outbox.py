"""What every `Outbox` does. A suite makes a subclass with a `desk` fixture for its outbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from appliance.domain.outbox import Outbox

PAYLOADS = [f'{{"n":{n}}}'.encode() for n in range(1, 8)]


@dataclass(frozen=True)
class OutboxDesk:
    """`add` queues payloads in one go, as the journal does; `flush` writes down what was delivered."""

    outbox: Outbox
    add: Callable[[list[bytes]], None]
    flush: Callable[[], None]


class OutboxContract:
    def test_rows_come_in_the_order_they_were_written(self, desk: OutboxDesk) -> None:
        desk.add(PAYLOADS[:3])
        desk.add(PAYLOADS[3:])
        rows = desk.outbox.read(0, 100)
        assert [row.payload for row in rows] == PAYLOADS
        assert [row.id for row in rows] == sorted({row.id for row in rows})
        assert {row.topic for row in rows} == {"evt/result"}

    def test_reading_starts_behind_an_id_and_ends_at_the_limit(self, desk: OutboxDesk) -> None:
        desk.add(PAYLOADS)
        first = desk.outbox.read(0, 3)
        assert [row.payload for row in first] == PAYLOADS[:3]
        assert [row.payload for row in desk.outbox.read(first[-1].id, 2)] == PAYLOADS[3:5]

    def test_reading_takes_nothing_away(self, desk: OutboxDesk) -> None:
        desk.add(PAYLOADS)
        assert desk.outbox.read(0, 100) == desk.outbox.read(0, 100)

    def test_only_delivered_rows_are_forgotten(self, desk: OutboxDesk) -> None:
        desk.add(PAYLOADS)
        for row in desk.outbox.read(0, 2):
            desk.outbox.delivered(row.id)
        desk.flush()
        assert [row.payload for row in desk.outbox.read(0, 100)] == PAYLOADS[2:]

    def test_a_row_may_be_reported_delivered_twice(self, desk: OutboxDesk) -> None:
        desk.add(PAYLOADS[:2])
        row = desk.outbox.read(0, 1)[0]
        for _ in range(2):
            desk.outbox.delivered(row.id)
            desk.flush()
        assert [left.payload for left in desk.outbox.read(0, 100)] == PAYLOADS[1:2]

    def test_an_id_is_never_given_twice(self, desk: OutboxDesk) -> None:
        desk.add(PAYLOADS[:1])
        row = desk.outbox.read(0, 1)[0]
        desk.outbox.delivered(row.id)
        desk.flush()
        desk.add(PAYLOADS[1:2])
        assert [later.payload for later in desk.outbox.read(row.id, 100)] == PAYLOADS[1:2]

    def test_an_empty_outbox_reads_as_nothing(self, desk: OutboxDesk) -> None:
        assert desk.outbox.read(0, 100) == ()

    def test_waiting_ends_with_the_time_where_nothing_comes(self, desk: OutboxDesk) -> None:
        started = time.monotonic()
        desk.outbox.wait(0.05)
        assert 0.04 < time.monotonic() - started < 5.0

    def test_waiting_ends_at_once_where_rows_came_since_the_last_wait(self, desk: OutboxDesk) -> None:
        desk.add(PAYLOADS[:1])
        started = time.monotonic()
        desk.outbox.wait(30.0)
        assert time.monotonic() - started < 10.0

    def test_a_row_wakes_who_waits(self, desk: OutboxDesk) -> None:
        woken = threading.Event()

        def wait() -> None:
            desk.outbox.wait(30.0)
            woken.set()

        waiter = threading.Thread(target=wait)
        waiter.start()
        desk.add(PAYLOADS[:1])
        assert woken.wait(10.0)
        waiter.join(10.0)

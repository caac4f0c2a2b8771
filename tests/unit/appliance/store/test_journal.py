"""The journal: all or nothing, in order, and never lost."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.domain.audit import AuditRow
from appliance.domain.record import Record
from appliance.errors import NotThere
from appliance.store.journal import Journal, JournalFailed
from models.decision import Outcome
from tests.contracts.outbox import OutboxContract, OutboxDesk
from tests.fakes.clock import FakeClock
from tests.fakes.parts import make_ledger, make_trigger, make_verdict


def make_record(seq: int, payload: bytes = b"{}") -> Record:
    clock = FakeClock()
    part = make_ledger(clock).admit(make_trigger(clock))
    assert part is not None
    return Record(make_verdict(part, Outcome.NG, clock, f"id-{seq}"), seq, "2026-01-01T00:00:00+00:00", payload)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "station.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path, boot_id="00000001", publish=True)
    yield opened
    opened.close()


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


class TestJournalAsOutbox(OutboxContract):
    @pytest.fixture
    def desk(self, journal: Journal) -> OutboxDesk:
        written = [0]

        def add(payloads: list[bytes]) -> None:
            first = written[0] + 1
            written[0] += len(payloads)
            journal.write([make_record(first + n, payload) for n, payload in enumerate(payloads)])

        return OutboxDesk(journal, add, flush=lambda: journal.write(()))


def test_result_and_outbox_row_come_together_or_not_at_all(journal: Journal, path: Path) -> None:
    journal.write([make_record(1)])
    with pytest.raises(JournalFailed, match="check the disk"):
        journal.write([make_record(2), make_record(1)])  # the second repeats a number: the first may not stay
    assert rows(path, "parts") == rows(path, "outbox") == 1
    journal.write([make_record(2)])
    assert rows(path, "parts") == rows(path, "outbox") == 2


def test_deliveries_of_a_failed_transaction_are_not_forgotten(journal: Journal, path: Path) -> None:
    journal.write([make_record(1)])
    journal.delivered(journal.read(0, 1)[0].id)
    with pytest.raises(JournalFailed):
        journal.write([make_record(1)])
    assert rows(path, "outbox") == 1
    journal.write(())
    assert rows(path, "outbox") == 0
    assert journal.outbox_rows == journal.outbox_bytes == 0


def test_writes_are_synced_in_full(journal: Journal) -> None:
    with closing(journal._connect()) as db:
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_the_outbox_outlives_the_station(path: Path) -> None:
    first = Journal(path, boot_id="00000001", publish=True)
    first.write([make_record(1, b"owed")])
    first.close()
    second = Journal(path, boot_id="00000002", publish=True)
    assert [row.payload for row in second.read(0, 10)] == [b"owed"]
    assert (second.outbox_rows, second.outbox_bytes) == (1, 4)
    second.write([replace(make_record(2), seq=1)])  # numbers begin anew with each boot
    second.close()


def test_without_an_mes_nothing_is_owed(path: Path) -> None:
    journal = Journal(path, boot_id="00000001", publish=False)
    journal.write([make_record(1)])
    assert journal.read(0, 10) == ()
    journal.close()
    assert rows(path, "parts") == 1


def test_an_unreadable_data_base_is_put_aside(path: Path) -> None:
    path.write_bytes(b"this was a data base once" * 1000)
    journal = Journal(path, boot_id="00000001", publish=True)
    assert journal.quarantined is not None
    assert journal.quarantined.read_bytes().startswith(b"this was")
    journal.write([make_record(1)])
    journal.close()


def test_a_journal_of_another_version_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE parts (something TEXT)")
    with pytest.raises(NotThere, match="another version"):
        Journal(path, boot_id="00000001", publish=True)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 1


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="cannot be opened"):
        Journal(tmp_path / "none" / "station.db", boot_id="00000001", publish=True)


def test_nothing_owed_has_waited_for_nothing(journal: Journal) -> None:
    assert journal.oldest_owed_s() == 0


def test_the_oldest_owed_result_s_wait_is_told_until_it_is_delivered(journal: Journal) -> None:
    before_ns = time.monotonic_ns()
    journal.write([make_record(1)])
    journal.write([make_record(2)])
    first, second = journal.read(0, 2)
    assert 0 < journal.oldest_owed_s() <= (time.monotonic_ns() - before_ns) / 1e9
    journal.delivered(first.id)
    journal.write(())
    assert journal.oldest_owed_s() <= (time.monotonic_ns() - second.queued_ns) / 1e9
    journal.delivered(second.id)
    journal.write(())
    assert journal.oldest_owed_s() == 0


@pytest.mark.parametrize("queued_ns", [0, 2**62])
def test_what_an_earlier_run_left_waits_since_this_start(path: Path, queued_ns: int) -> None:
    """The machine may have been started anew: then the queueing time is of a clock that is gone."""
    with closing(Journal(path, boot_id="00000001", publish=True)) as earlier:
        earlier.write([make_record(1)])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE outbox SET queued_ns = ?", (queued_ns,))
    before_ns = time.monotonic_ns()
    with closing(Journal(path, boot_id="00000002", publish=True)) as journal:
        assert 0 < journal.oldest_owed_s() <= (time.monotonic_ns() - before_ns) / 1e9


def test_an_outbox_that_cannot_be_read_says_so(journal: Journal, path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE outbox")
    with pytest.raises(JournalFailed, match="cannot be read"):
        journal.oldest_owed_s()


def make_audit(request_id: str, status: str = "accepted") -> AuditRow:
    return AuditRow("2026-01-01T00:00:00+00:00", "cli", "ada", "trigger", request_id, status, "", "{}", "{}")


class TestAudit:
    def test_it_is_kept_and_published_with_the_next_write(self, journal: Journal, path: Path) -> None:
        journal.note(make_audit("a"))
        assert rows(path, "audit") == 0
        journal.write([make_record(1, b"what")])
        assert verbs(path) == ["begin", "trigger"]
        assert [row.topic for row in journal.read(0, 9)] == ["evt/audit", "evt/audit", "evt/result"]
        told = json.loads(journal.read(0, 9)[1].payload)
        assert (told["number"], told["row"]["request_id"], len(told["seal"])) == (2, "a", 64)
        assert journal.outbox_rows == 3

    def test_a_failed_write_keeps_it_for_the_next(self, journal: Journal, path: Path) -> None:
        journal.write([make_record(1)])
        journal.note(make_audit("a"))
        with pytest.raises(JournalFailed):
            journal.write([make_record(1)])
        assert rows(path, "audit") == 0
        journal.write(())
        assert verbs(path) == ["begin", "trigger"]

    def test_accepted_commands_are_found_again_in_their_order(self, path: Path) -> None:
        first = Journal(path, boot_id="00000001", publish=False)
        for request_id, status in (("a", "accepted"), ("b", "refused"), ("c", "accepted"), ("d", "accepted")):
            first.note(make_audit(request_id, status))
        first.close()
        second = Journal(path, boot_id="00000002", publish=False)
        assert second.accepted_commands(2) == (make_audit("c"), make_audit("d"))
        assert second.last_noted(("trigger", "begin")) == make_audit("d")
        assert second.last_noted(("start",)) is None
        assert second.outbox_rows == 0
        second.close()

    def test_while_the_disk_takes_nothing_only_so_many_wait_and_the_trail_says_how_many_are_lost(
        self, journal: Journal, path: Path
    ) -> None:
        for number in range(5000):
            journal.note(make_audit(str(number)))
        assert journal.lost_notes == 5000 - 4096
        journal.write(())
        lost = journal.last_noted(("lost",))
        assert lost is not None
        assert json.loads(lost.command) == {"rows": 5000 - 4096}
        journal.note(make_audit("next"))
        journal.write(())
        assert verbs(path)[-2:] == ["lost", "trigger"], "what was told is not told again"

    def test_a_journal_written_before_there_was_an_audit_trail_gets_one(self, path: Path) -> None:
        Journal(path, boot_id="00000001", publish=True).close()
        with closing(sqlite3.connect(path)) as db:
            db.execute("DROP TABLE audit")
        journal = Journal(path, boot_id="00000002", publish=True)
        journal.note(make_audit("a"))
        journal.close()
        assert verbs(path) == ["begin", "trigger"]


def verbs(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [verb for (verb,) in db.execute("SELECT verb FROM audit ORDER BY id")]

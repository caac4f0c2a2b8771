"""The journal: every verdict on disk before anyone hears it, and what is still owed to the MES.

SQLite in WAL with `synchronous=FULL`: NORMAL loses acknowledged rows in a power cut. The result row and its outbox row
are written in one transaction, so that no verdict is published that is not kept, and none kept that is not owed. The
audit trail, who asked the station for what, goes the same way; `appliance.store.trail` seals it.

One thread writes (`write`); any thread may read the outbox.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from appliance.domain.audit import AuditRow, SealedRow, own_row
from appliance.domain.outbox import OutboxRow
from appliance.domain.record import Record
from appliance.errors import NotThere
from appliance.store.journal_tables import INSERT_PART, PACKAGES_NAMED, VERSION, part_row, prepare_tables
from appliance.store.trail import LOST, Trail

_log = logging.getLogger(__name__)
_RESULT_TOPIC = "evt/result"
_AUDIT_TOPIC = "evt/audit"
_MAX_NOTES = 4096


class JournalFailed(Exception):
    """The transaction is not on disk; nothing of it may be answered. The message says why."""


class Journal:
    """`boot_id`: 8 hex digits of this run. `publish`: whether results are owed to an MES at all.

    `announce` makes the message that an MES gets about a row of the audit trail.
    """

    def __init__(
        self,
        path: Path,
        *,
        boot_id: str,
        publish: bool,
        announce: Callable[[SealedRow], bytes] = SealedRow.to_bytes,
    ) -> None:
        self._path = path
        self._boot_id = boot_id
        self._publish = publish
        self._announce = announce
        self._pending_lock = threading.Lock()
        self._delivered: list[int] = []
        self.lost_notes = 0
        """Audit rows that found no room while the disk took nothing."""
        self._lost_told = 0
        self._added = threading.Event()
        self._reader_lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self.quarantined: Path | None = None
        """Where an unreadable data base was put aside when the journal was opened."""
        try:
            self._prepare()
            self._reader = self._connect()
            self._trail = Trail(path)
            self._notes = list(self._trail.open(self._reader))
            self.outbox_rows, self.outbox_bytes, self._inherited_id = self._measure_outbox()
            self._opened_ns = time.monotonic_ns()
        except (sqlite3.Error, OSError) as error:
            raise NotThere(
                f"the journal {path} cannot be opened ({error}); make its folder writable or free the disk"
            ) from error

    def write(self, records: Sequence[Record]) -> None:
        """Put these records, and what was noted and delivered since the last call, on disk in one transaction.

        Blocks for fsync.

        Raises:
            JournalFailed: nothing was written; the same records may be written again.
        """
        with self._pending_lock:
            delivered, self._delivered = self._delivered, []
            notes, self._notes = self._notes + self._lost(), []
        if not records and not delivered and not notes:
            return
        if notes:
            self.after_answers()  # the anchor is behind by one transaction at the most
        try:
            self._transact(records, delivered, notes)
        except sqlite3.Error as error:
            with self._pending_lock:
                self._delivered = delivered + self._delivered
                self._notes = notes + self._notes
            self._drop_writer()
            raise JournalFailed(f"the journal {self._path} cannot be written ({error}); check the disk") from error
        if (records or notes) and self._publish:
            self._added.set()

    def after_answers(self) -> None:
        """What was written last was answered: do what could wait until then. Blocks for fsync."""
        try:
            self._trail.anchor()
        except OSError as error:
            _log.error("the anchor of the audit trail cannot be written (%s); free the disk", error.strerror)

    def note(self, row: AuditRow) -> None:
        """Keep who asked for what in the audit trail. Any thread; written by the next `write`."""
        with self._pending_lock:
            if len(self._notes) >= _MAX_NOTES:
                self.lost_notes += 1
                return
            self._notes.append(row)

    def last_noted(self, verbs: Sequence[str]) -> AuditRow | None:
        """The last row of the audit trail with one of these verbs."""
        marks = ",".join("?" * len(verbs))
        rows = self._audit_rows(f"verb IN ({marks}) ORDER BY id DESC LIMIT 1", *verbs)
        return rows[0] if rows else None

    def accepted_commands(self, limit: int) -> tuple[AuditRow, ...]:
        """The last commands that were carried out, oldest first."""
        return tuple(reversed(self._audit_rows("status = 'accepted' ORDER BY id DESC LIMIT ?", limit)))

    def read(self, after_id: int, limit: int) -> tuple[OutboxRow, ...]:
        with self._reader_lock:
            rows = self._reader.execute(
                "SELECT id, topic, payload, queued_ns FROM outbox WHERE id > ? ORDER BY id LIMIT ?", (after_id, limit)
            ).fetchall()
        return tuple(OutboxRow(*row) for row in rows)

    def delivered(self, row_id: int) -> None:
        with self._pending_lock:
            self._delivered.append(row_id)

    def wait(self, timeout_s: float) -> None:
        self._added.wait(timeout_s)
        self._added.clear()

    def packages_named(self) -> set[str]:
        """Hashes of the packages that results name, two where two models judged. Raises sqlite3.Error."""
        with self._reader_lock:
            return {hash for (names,) in self._reader.execute(PACKAGES_NAMED) for hash in str(names).split()}

    def oldest_owed_s(self) -> float:
        """How long the oldest message in the outbox has waited; 0 when it is empty.

        What an earlier run left counts from the opening of this journal: its clock may have been another.

        Raises:
            JournalFailed: the outbox cannot be read.
        """
        try:
            with self._reader_lock:
                row = self._reader.execute("SELECT id, queued_ns FROM outbox ORDER BY id LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise JournalFailed(f"the journal {self._path} cannot be read ({error}); check the disk") from error
        if row is None:
            return 0.0
        since_ns = self._opened_ns if row[0] <= self._inherited_id else row[1]
        return (time.monotonic_ns() - int(since_ns)) / 1e9

    def close(self) -> None:
        """Write what was delivered last and let go of the files. Raises JournalFailed."""
        self.write(())
        self.after_answers()
        self._drop_writer()
        with self._reader_lock:
            self._reader.close()

    def _audit_rows(self, which: str, *values: object) -> list[AuditRow]:
        with self._reader_lock:
            rows = self._reader.execute(
                "SELECT at_utc, source, actor, verb, request_id, status, code, command, reply FROM audit "
                f"WHERE {which}",
                values,
            ).fetchall()
        return [AuditRow(*row) for row in rows]

    def _lost(self) -> list[AuditRow]:
        """The row that tells how many found no room since the last one that told."""
        lost, self._lost_told = self.lost_notes - self._lost_told, self.lost_notes
        return [own_row(datetime.now(UTC).isoformat(), LOST, {"rows": lost})] if lost else []

    def _transact(self, records: Sequence[Record], delivered: Sequence[int], notes: Sequence[AuditRow]) -> None:
        if self._writer is None:
            self._writer = self._connect()
        db = self._writer
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(INSERT_PART, [part_row(record, self._boot_id) for record in records])
            noted = self._trail.extend(db, self._boot_id, notes) if notes else ()
            freed = self._forget(db, delivered)
            said = [(_AUDIT_TOPIC, self._announce(row)) for row in noted]
            said += [(_RESULT_TOPIC, record.payload) for record in records]
            owed = [(topic, payload, time.monotonic_ns()) for topic, payload in said] if self._publish else []
            db.executemany("INSERT INTO outbox (topic, payload, queued_ns) VALUES (?,?,?)", owed)
        self._trail.committed(noted)
        self.outbox_rows += len(owed) - freed[0]
        self.outbox_bytes += sum(len(payload) for _, payload, _ in owed) - freed[1]

    @staticmethod
    def _forget(db: sqlite3.Connection, delivered: Sequence[int]) -> tuple[int, int]:
        """Delete delivered rows; returns how many rows and bytes that freed."""
        rows = size = 0
        for row_id in delivered:
            freed = db.execute("DELETE FROM outbox WHERE id = ? RETURNING length(payload)", (row_id,)).fetchall()
            rows += len(freed)
            size += sum(length for (length,) in freed)
        return rows, size

    def _prepare(self) -> None:
        """Create the data base, or put an unreadable one aside: a station that cannot keep verdicts may not judge."""
        try:
            self._create()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self.quarantined = self._quarantine()
            _log.critical("the journal was unreadable (%s) and was put aside as %s", error, self.quarantined)
            self._create()

    def _create(self) -> None:
        with closing(self._connect()) as db:
            verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
            version = prepare_tables(db)
            if version is not None:
                raise NotThere(
                    f"the journal {self._path} is of another version ({version}, not {VERSION}); "
                    "move it away, or give the station another state_dir"
                )

    def _quarantine(self) -> Path:
        aside = self._path.with_name(f"{self._path.name}.unreadable-{time.time_ns()}")
        for suffix in ("", "-wal", "-shm"):
            file = self._path.with_name(self._path.name + suffix)
            if file.exists():
                file.rename(aside.with_name(aside.name + suffix))
        return aside

    def _measure_outbox(self) -> tuple[int, int, int]:
        """Rows, bytes and the highest id that an earlier run left."""
        rows, size, last_id = self._reader.execute(
            "SELECT count(*), coalesce(sum(length(payload)), 0), coalesce(max(id), 0) FROM outbox"
        ).fetchone()
        return int(rows), int(size), int(last_id)

    def _connect(self) -> sqlite3.Connection:
        # Each connection is guarded by its own lock or thread, so sqlite's own check would only stand in the way.
        db = sqlite3.connect(self._path, timeout=5, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        return db

    def _drop_writer(self) -> None:
        """After a failed fsync a connection's pages cannot be trusted: the next write opens another."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

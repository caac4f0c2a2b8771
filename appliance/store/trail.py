"""The audit trail as a chain: each row is sealed together with the seal of the row before it.

    seal(n) = HMAC-SHA256(key, JSON [seal(n-1), n, batch, boot_id, at_utc, …, reply])        seal(0) = 64 zeros

The key is derived from the station's secret, so that whoever may write the data base still cannot make a seal; the head
of the chain stands outside the table (`appliance.store.anchor`). What the station finds wrong with its own trail when
it starts becomes a row of the trail: going on never covers up what was done to it.

    begin    the first sealed row; says how many rows of an earlier version stand before it without a seal
    prune    rows up to a number were deleted because the trail was full; says which, and the last one's seal
    lost     so many rows found no room while the disk took nothing
    break    the trail was not as the station had left it (status "broken")
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

from appliance.domain.audit import BROKEN, AuditRow, SealedRow, own_row
from appliance.store.anchor import START, AnchorBroken, Head, anchor_fault, anchor_of, read_anchor, write_anchor
from appliance.store.station_key import StationKey, derived

TABLE = """
CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, boot_id TEXT NOT NULL, at_utc TEXT NOT NULL, source TEXT NOT NULL,
  actor TEXT NOT NULL, verb TEXT NOT NULL, request_id TEXT NOT NULL, status TEXT NOT NULL, code TEXT NOT NULL,
  command TEXT NOT NULL, reply TEXT NOT NULL, batch INTEGER NOT NULL DEFAULT 0, seal TEXT NOT NULL DEFAULT ''
) STRICT;
"""
COLUMNS = "id, batch, boot_id, at_utc, source, actor, verb, request_id, status, code, command, reply, seal"
BEGIN, PRUNE, LOST, BREAK = "begin", "prune", "lost", "break"
_PURPOSE = "okng audit trail 1"
_KEPT = 100_000
_PRUNED_AT_ONCE = 1000


def trail_key(journal: Path) -> StationKey:
    """The secret of the station that a journal belongs to."""
    return StationKey(journal.parent / "certified")


def seal_key(secret: bytes) -> bytes:
    """The key of the trail's seals."""
    return derived(secret, _PURPOSE)


def seal_of(key: bytes, before: str, number: int, batch: int, boot_id: str, row: AuditRow) -> str:
    """The seal of a row behind the row that has the seal `before`."""
    content = json.dumps([before, number, batch, boot_id, *astuple(row)], ensure_ascii=False, separators=(",", ":"))
    return hmac.digest(key, content.encode(), "sha256").hex()


def sealed_row(stored: Sequence[object]) -> SealedRow:
    """What `COLUMNS` of a row hold."""
    number, batch, boot_id, *words, seal = stored
    assert isinstance(number, int) and isinstance(batch, int)
    return SealedRow(number, batch, str(boot_id), AuditRow(*(str(word) for word in words)), str(seal))


class Trail:
    """Used by the journal's writer alone. Raises OSError where the secret cannot be read or made."""

    def __init__(self, journal: Path, *, kept: int = _KEPT, pruned_at_once: int = _PRUNED_AT_ONCE) -> None:
        self._key = seal_key(trail_key(journal).ensure())
        self._anchor = anchor_of(journal)
        self._kept, self._pruned_at_once = kept, pruned_at_once
        self._head = self._anchored = START
        self._number = 0

    def open(self, db: sqlite3.Connection) -> tuple[AuditRow, ...]:
        """Make the table fit and see where the chain stands; returns what is to be written about it, if anything."""
        db.execute(TABLE)
        if "seal" not in {str(column[1]) for column in db.execute("PRAGMA table_info(audit)")}:
            db.execute("BEGIN IMMEDIATE")
            with db:
                db.execute("ALTER TABLE audit ADD COLUMN batch INTEGER NOT NULL DEFAULT 0")
                db.execute("ALTER TABLE audit ADD COLUMN seal TEXT NOT NULL DEFAULT ''")
        last = db.execute("SELECT id, seal FROM audit WHERE seal != '' ORDER BY id DESC LIMIT 1").fetchone()
        highest = int(db.execute("SELECT coalesce(max(id), 0) FROM audit").fetchone()[0])
        self._head = Head(*last) if last else START
        fault = self._find_anchor(db)
        self._number = max(highest, self._anchored.number)
        if fault is None:
            return ()
        return (own_row(_now(), BREAK, {"found": fault, "last_row": highest}, status=BROKEN),)

    def extend(self, db: sqlite3.Connection, boot_id: str, rows: Sequence[AuditRow]) -> tuple[SealedRow, ...]:
        """Add rows to the chain within the transaction at hand; `committed` must follow once it is on disk."""
        first_words = self._begin(db) if self._head == START else self._prune(db)
        added: list[SealedRow] = []
        before, first = self._head.seal, self._number + 1
        for number, row in enumerate((*first_words, *rows), start=first):
            before = seal_of(self._key, before, number, first, boot_id, row)
            added.append(SealedRow(number, first, boot_id, row, before))
        db.executemany(
            f"INSERT INTO audit ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [(one.number, one.batch, one.boot_id, *astuple(one.row), one.seal) for one in added],
        )
        return tuple(added)

    def committed(self, added: Sequence[SealedRow]) -> None:
        """These rows are on disk."""
        if added:
            self._head = Head(added[-1].number, added[-1].seal)
            self._number = self._head.number

    def anchor(self) -> None:
        """Bring the anchor to the head, if it is not there. Blocks for fsync; raises OSError."""
        if self._anchored != self._head:
            write_anchor(self._anchor, self._head, self._key)
            self._anchored = self._head

    def _find_anchor(self, db: sqlite3.Connection) -> str | None:
        """What is wrong with the anchor, or None. A trail that has not begun gets one, so that none is ever missing."""
        if self._head == START and not self._anchor.exists():
            write_anchor(self._anchor, START, self._key)
            return None
        try:
            self._anchored = read_anchor(self._anchor, self._key)
        except AnchorBroken as error:
            return str(error)
        return anchor_fault(db, self._anchored)

    def _begin(self, db: sqlite3.Connection) -> tuple[AuditRow, ...]:
        before = int(db.execute("SELECT count(*) FROM audit").fetchone()[0])
        return (own_row(_now(), BEGIN, {"rows_before": before}),)

    def _prune(self, db: sqlite3.Connection) -> tuple[AuditRow, ...]:
        """Delete the oldest rows when there are too many; the chain then begins behind what the row returned names."""
        first = db.execute("SELECT coalesce(min(id), 0) FROM audit").fetchone()[0]
        if self._head.number - first < self._kept + self._pruned_at_once:
            return ()
        up_to = self._head.number - self._kept
        seal = db.execute("SELECT seal FROM audit WHERE id = ?", (up_to,)).fetchone()
        count = db.execute("DELETE FROM audit WHERE id <= ?", (up_to,)).rowcount
        told = {"first": first, "up_to": up_to, "rows": count, "seal": seal[0] if seal else ""}
        return (own_row(_now(), PRUNE, told),)


def _now() -> str:
    return datetime.now(UTC).isoformat()

"""The tables of results and of what is owed to the MES, and how those of earlier versions are made to fit.

Columns are only ever added, each with a default: an older okng can still read and write the data base.
"""

from __future__ import annotations

import sqlite3

from appliance.domain.record import Record

VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS parts (
  id TEXT PRIMARY KEY, boot_id TEXT NOT NULL, seq INTEGER NOT NULL, number INTEGER NOT NULL,
  inspection_id INTEGER NOT NULL, outcome TEXT NOT NULL, decided_by TEXT NOT NULL, reason TEXT NOT NULL,
  score REAL, created_utc TEXT NOT NULL, supersedes TEXT, picture TEXT NOT NULL, result BLOB NOT NULL,
  UNIQUE (boot_id, seq)
) STRICT;
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload BLOB NOT NULL, queued_ns INTEGER NOT NULL
) STRICT;
"""
# The ledger's id of the part, which package judged, whether it was drawn for the audit, and how probable that was.
_ADDED = {
    "part": "TEXT NOT NULL DEFAULT ''",
    "package": "TEXT NOT NULL DEFAULT ''",
    "audited": "INTEGER NOT NULL DEFAULT 0",
    "audit_share": "REAL NOT NULL DEFAULT 0",
}
INSERT_PART = (
    "INSERT INTO parts (id, boot_id, seq, number, inspection_id, outcome, decided_by, reason, score, created_utc, "
    "supersedes, picture, result, part, package, audited, audit_share) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
# Steps from one hash to the next greater one in the index, instead of reading a row for every part.
PACKAGES_NAMED = """
WITH RECURSIVE named(package) AS (
  SELECT min(package) FROM parts WHERE package > ''
  UNION ALL SELECT (SELECT min(package) FROM parts WHERE package > named.package) FROM named WHERE package IS NOT NULL
) SELECT package FROM named WHERE package IS NOT NULL
"""


def prepare_tables(db: sqlite3.Connection) -> int | None:
    """Create what is missing; the version of the data base where it is another, and then nothing was done."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    tables = db.execute("SELECT count(*) FROM sqlite_schema WHERE name IN ('parts', 'outbox')").fetchone()[0]
    if tables and version != VERSION:
        return version
    db.executescript(f"{_TABLES} PRAGMA user_version = {VERSION};")
    there = {str(column[1]) for column in db.execute("PRAGMA table_info(parts)")}
    for name, kind in _ADDED.items():
        if name not in there:
            db.execute(f"ALTER TABLE parts ADD COLUMN {name} {kind}")
    db.execute("CREATE INDEX IF NOT EXISTS parts_by_package ON parts (package) WHERE package > ''")
    return None


def part_row(record: Record, boot_id: str) -> tuple[object, ...]:
    """What `INSERT_PART` takes."""
    verdict = record.verdict
    return (
        verdict.id,
        boot_id,
        record.seq,
        verdict.part.number,
        verdict.part.inspection_id,
        verdict.outcome.value,
        verdict.decided_by.value,
        verdict.reasons[0].value,
        verdict.score,
        record.created_utc,
        verdict.supersedes,
        verdict.picture,
        record.payload,
        verdict.part.id,
        record.package,
        int(record.audited),
        record.audit_share,
    )

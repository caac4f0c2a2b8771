"""Whether the audit trail is as the station wrote it: every row's seal, every number, the anchor and a witness.

Reads only, and needs the station's secret. Safe while the station writes: the anchor is read before the table, so it
can only be behind what the table shows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from appliance.domain.audit import BROKEN, SealedRow
from appliance.store.anchor import START, AnchorBroken, Head, anchor_fault, anchor_of, read_anchor
from appliance.store.station_key import KeyDamaged
from appliance.store.trail import BEGIN, COLUMNS, PRUNE, seal_key, seal_of, sealed_row, trail_key

_TOLD = 20


class NoSecret(Exception):
    """The station's secret cannot be read here: nothing can be said about any seal."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`first` and `last` are numbers of rows; 0 where the trail as a whole is meant."""

    first: int
    last: int
    text: str

    def __str__(self) -> str:
        if not self.first:
            return self.text
        where = f"row {self.first}" if self.first == self.last else f"rows {self.first} to {self.last}"
        return f"{where}: {self.text}"


@dataclass
class Report:
    """`unsealed`: rows of an earlier version before the chain begins; `pruned`: the last row that was deleted.

    `earlier`: an earlier version wrote all of it, nothing is sealed yet.
    """

    rows: int = 0
    first: int = 0
    head: Head = START
    unsealed: int = 0
    pruned: int = 0
    behind: int = 0
    earlier: bool = False
    faults: list[Fault] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.faults

    def add(self, number: int, text: str) -> None:
        """Note a fault; the same one in a row of rows is told once."""
        last = self.faults[-1] if self.faults else None
        if last is not None and number and last.last == number - 1 and last.text == text:
            self.faults[-1] = Fault(last.first, number, text)
        else:
            self.faults.append(Fault(number, number, text))

    def lines(self) -> list[str]:
        """What an auditor reads: first what is there, then what is wrong with it."""
        said = [f"{self.rows} sealed rows, {self.first} to {self.head.number}; the last seal is {self.head.seal}"]
        if self.unsealed:
            said.append(f"{self.unsealed} rows before them were written by an earlier version and are not sealed")
        if self.pruned:
            said.append(f"rows up to {self.pruned} were deleted because the trail was full, as row by row it says")
        if self.behind:
            said.append(f"the anchor is {self.behind} rows behind: the station was writing, or was stopped in between")
        said += [f"WRONG  {fault}" for fault in self.faults[:_TOLD]]
        if len(self.faults) > _TOLD:
            said.append(f"WRONG  and {len(self.faults) - _TOLD} places more")
        return said


def check_trail(db: sqlite3.Connection, journal: Path, witness: Head | None = None) -> Report:
    """Go through the whole trail of a journal. `witness`: a row's number and seal that somebody kept elsewhere.

    Raises:
        NoSecret: the station's secret is not readable.
        sqlite3.Error: the data base cannot be read.
    """
    try:
        key = seal_key(trail_key(journal).read())
    except (OSError, KeyDamaged) as error:
        raise NoSecret(
            f"the station's secret {trail_key(journal).path} cannot be used ({error}); run this as the station's user"
        ) from error
    report = Report()
    if "seal" not in {str(column[1]) for column in db.execute("PRAGMA table_info(audit)")}:
        report.earlier = True
        report.add(0, "the trail is of an earlier version, no row is sealed; the station seals it from its next start")
        return report
    anchored = _anchor(journal, key, report)
    beyond = _check_rows(db, key, report, anchored)
    if anchored is not None:
        _check_anchor(db, journal, key, report, anchored, beyond)
    if witness is not None and not _stands(db, witness):
        report.add(witness.number, "is not there with the seal that the witness names: cut off, pruned or replaced")
    return report


def _anchor(journal: Path, key: bytes, report: Report) -> Head | None:
    try:
        return read_anchor(anchor_of(journal), key)
    except AnchorBroken as error:
        report.add(0, str(error))
        return None


def _check_rows(db: sqlite3.Connection, key: bytes, report: Report, anchored: Head | None) -> set[int]:
    """Every row in order; returns the batches of rows beyond the anchor."""
    pruned = _pruned(db)
    previous: SealedRow | None = None
    beyond: set[int] = set()
    for row in _rows(db):
        if not row.seal and previous is None:
            report.unsealed += 1
            continue
        before = START.seal
        if previous is not None:
            before = previous.seal
            _check_number(report, previous.number, row.number)
        elif pruned is not None and row.row.verb != BEGIN:
            before, report.pruned = pruned.seal, pruned.number
            _check_number(report, pruned.number, row.number)
        elif row.row.verb != BEGIN or _told(row, "rows_before") != report.unsealed:
            report.add(row.number, "is not where the trail began; rows before it are missing or were added")
        if row.seal != seal_of(key, before, row.number, row.batch, row.boot_id, row.row):
            report.add(row.number, "changed, moved, or not written by this station")
        if row.row.status == BROKEN:
            report.add(row.number, f"at its start the station found: {_told(row, 'found')}")
        if anchored is not None and row.number > anchored.number:
            beyond.add(row.batch)
            report.behind += 1
        report.rows += 1
        report.first = report.first or row.number
        report.head, previous = Head(row.number, row.seal), row
    if report.unsealed and previous is None:
        report.add(0, f"none of the {report.unsealed} rows is sealed")
    return beyond


def _check_number(report: Report, before: int, number: int) -> None:
    if number != before + 1:
        report.faults.append(Fault(before + 1, number - 1, "missing"))


def _check_anchor(
    db: sqlite3.Connection, journal: Path, key: bytes, report: Report, anchored: Head, beyond: set[int]
) -> None:
    fault = anchor_fault(db, anchored)
    if fault is not None:
        report.add(0, f"by the anchor, {fault}")
    # A station that writes on has moved its anchor meanwhile; one that stands still has left it behind.
    if len(beyond) > 1 and _anchor(journal, key, report) == anchored:
        report.add(0, f"the anchor is {report.behind} rows behind: it was put back, or could not be written")


def _rows(db: sqlite3.Connection) -> Iterator[SealedRow]:
    return (sealed_row(stored) for stored in db.execute(f"SELECT {COLUMNS} FROM audit ORDER BY id"))


def _pruned(db: sqlite3.Connection) -> Head | None:
    """What the last pruning says that it left; it counts only because its own row is sealed, as is seen later on."""
    stored = db.execute(f"SELECT {COLUMNS} FROM audit WHERE verb = ? ORDER BY id DESC LIMIT 1", (PRUNE,)).fetchone()
    if stored is None:
        return None
    row = sealed_row(stored)
    number, seal = _told(row, "up_to"), _told(row, "seal")
    return Head(number, seal) if isinstance(number, int) and isinstance(seal, str) else None


def _told(row: SealedRow, name: str) -> object:
    try:
        told = json.loads(row.row.command)
    except ValueError:
        return None
    return told.get(name) if isinstance(told, dict) else None


def _stands(db: sqlite3.Connection, witness: Head) -> bool:
    row = db.execute("SELECT seal FROM audit WHERE id = ?", (witness.number,)).fetchone()
    return row is not None and row[0] == witness.seal

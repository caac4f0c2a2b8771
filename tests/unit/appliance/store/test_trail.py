"""The audit trail: whatever is done to it is found, and nothing is found where nothing was done."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from appliance.domain.audit import AuditRow, SealedRow
from appliance.store import trail
from appliance.store.anchor import START, Head, anchor_of, read_anchor, write_anchor
from appliance.store.journal import Journal
from appliance.store.trail import Trail, seal_key, trail_key
from appliance.store.trail_check import NoSecret, Report, check_trail

WORDS = "boot_id, at_utc, source, actor, verb, request_id, status, code, command, reply"
OTHERS = f"{WORDS}, batch"


def make_row(request_id: str) -> AuditRow:
    return AuditRow("2026-01-01T00:00:00+00:00", "cli", "ada", "trigger", request_id, "accepted", "", "{}", "{}")


def write_rows(path: Path, batches: list[list[str]], boot_id: str = "00000001") -> list[SealedRow]:
    """A run of the station that writes these rows, a list a transaction; what the MES was told."""
    told: list[SealedRow] = []

    def announce(row: SealedRow) -> bytes:
        told.append(row)
        return b""

    journal = Journal(path, boot_id=boot_id, publish=True, announce=announce)
    for batch in batches:
        for request_id in batch:
            journal.note(make_row(request_id))
        journal.write(())
    journal.close()
    return told


def check(path: Path, witness: Head | None = None) -> Report:
    with closing(sqlite3.connect(path)) as db:
        return check_trail(db, path, witness)


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "station.db"


@pytest.fixture
def written(path: Path) -> Path:
    """Rows 1 (begin) to 7, by two runs of the station."""
    write_rows(path, [["a", "b"], ["c"]])
    write_rows(path, [["d", "e", "f"]], "00000002")
    return path


def test_what_the_station_wrote_is_sound(written: Path) -> None:
    report = check(written)
    assert report.faults == []
    assert (report.rows, report.first, report.head.number, report.unsealed, report.behind) == (7, 1, 7, 0, 0)


def test_an_empty_trail_is_sound(path: Path) -> None:
    write_rows(path, [])
    assert check(path).faults == []


@pytest.mark.parametrize(
    "column", ["boot_id", "at_utc", "source", "actor", "verb", "request_id", "status", "code", "command", "reply"]
)
def test_a_changed_word_is_found_in_its_row(written: Path, column: str) -> None:
    execute(written, f"UPDATE audit SET {column} = {column} || 'x' WHERE id = 4")
    assert [(fault.first, fault.text) for fault in check(written).faults] == [
        (4, "changed, moved, or not written by this station")
    ]


@pytest.mark.parametrize("column", ["seal", "batch"])
def test_a_changed_seal_is_found(written: Path, column: str) -> None:
    execute(written, f"UPDATE audit SET {column} = (SELECT {column} FROM audit WHERE id = 2) WHERE id = 5")
    assert 5 in {fault.first for fault in check(written).faults}


def test_a_deleted_row_is_found(written: Path) -> None:
    execute(written, "DELETE FROM audit WHERE id IN (3, 4)")
    assert [str(fault) for fault in check(written).faults] == [
        "rows 3 to 4: missing",
        "row 5: changed, moved, or not written by this station",
    ]


def test_deleted_rows_whose_numbers_were_closed_up_are_found(written: Path) -> None:
    execute(
        written,
        "DELETE FROM audit WHERE id = 3",
        *(f"UPDATE audit SET id = {n - 1} WHERE id = {n}" for n in (4, 5, 6, 7)),
    )
    faults = check(written).faults
    assert (faults[0].first, faults[0].last) == (3, 6)


def test_the_first_rows_cannot_be_deleted(written: Path) -> None:
    execute(written, "DELETE FROM audit WHERE id <= 3")
    assert "not where the trail began" in str(check(written).faults[0])


def test_an_inserted_row_is_found(written: Path) -> None:
    execute(
        written,
        "UPDATE audit SET id = 8 WHERE id = 7",
        f"INSERT INTO audit (id, {OTHERS}, seal) SELECT 7, {OTHERS}, seal FROM audit WHERE id = 6",
    )
    assert {fault.first for fault in check(written).faults} >= {7}


def test_an_unsealed_row_is_found(written: Path) -> None:
    execute(written, f"INSERT INTO audit (id, {OTHERS}) SELECT 8, {OTHERS} FROM audit WHERE id = 6")
    assert [fault.first for fault in check(written).faults] == [8]


def test_swapped_rows_are_found(written: Path) -> None:
    execute(
        written,
        "UPDATE audit SET id = 100 WHERE id = 3",
        "UPDATE audit SET id = 3 WHERE id = 4",
        "UPDATE audit SET id = 4 WHERE id = 100",
    )
    assert [(fault.first, fault.last) for fault in check(written).faults] == [(3, 5)]


@pytest.mark.parametrize("left", [6, 4, 1, 0])
def test_a_cut_tail_is_found_by_the_anchor(written: Path, left: int) -> None:
    execute(written, f"DELETE FROM audit WHERE id > {left}")
    assert (
        str(check(written).faults[-1])
        == f"by the anchor, the trail was cut: it ends at row {left}, and row 7 was written"
    )


def test_a_cut_tail_stays_found_when_the_station_goes_on(written: Path) -> None:
    execute(written, "DELETE FROM audit WHERE id > 4")
    write_rows(written, [["later"]], "00000003")
    found = [str(fault) for fault in check(written).faults]
    assert found == [
        "rows 5 to 7: missing",
        "row 8: at its start the station found: the trail was cut: it ends at row 4, and row 7 was written",
    ]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda anchor: anchor.unlink(), "cannot be read"),
        (lambda anchor: anchor.write_text("{}"), "damaged"),
        (lambda anchor: anchor.write_text(anchor.read_text().replace('"number": 7', '"number": 4')), "was changed"),
    ],
)
def test_an_anchor_that_is_gone_or_changed_is_found_now_and_after_the_next_start(
    written: Path, harm: Callable[[Path], None], said: str
) -> None:
    harm(anchor_of(written))
    assert [said in str(fault) for fault in check(written).faults] == [True]
    write_rows(written, [["later"]], "00000003")
    assert [said in str(fault) for fault in check(written).faults] == [True]


def test_an_old_anchor_that_was_put_back_is_found(path: Path) -> None:
    write_rows(path, [["a"]])
    old = anchor_of(path).read_bytes()
    write_rows(path, [["b"], ["c"]])
    anchor_of(path).write_bytes(old)
    assert "2 rows behind" in str(check(path).faults[0])


def test_an_old_state_that_was_put_back_whole_is_found_by_a_witness_alone(path: Path) -> None:
    write_rows(path, [["a"]])
    old = {file: file.read_bytes() for file in (path, anchor_of(path))}
    told = write_rows(path, [["b"]])
    for file, content in old.items():
        file.write_bytes(content)
    assert check(path).sound
    witness = Head(told[-1].number, told[-1].seal)
    assert "the witness names" in str(check(path, witness).faults[0])


def test_every_announced_row_is_a_witness(path: Path) -> None:
    told = write_rows(path, [["a", "b"], ["c"]])
    assert [row.number for row in told] == [1, 2, 3, 4]
    assert all(check(path, Head(row.number, row.seal)).sound for row in told)


def test_without_the_station_s_secret_nothing_is_said(written: Path) -> None:
    trail_key(written).path.unlink()
    with pytest.raises(NoSecret, match="station's user"):
        check(written)


def test_another_station_s_secret_fits_no_row(written: Path) -> None:
    trail_key(written).path.write_bytes(os.urandom(32))
    faults = check(written).faults
    assert any((fault.first, fault.last) == (1, 7) for fault in faults)


class TestEarlierVersion:
    @pytest.fixture
    def old(self, path: Path) -> Path:
        Journal(path, boot_id="00000001", publish=False).close()
        anchor_of(path).unlink()
        execute(
            path,
            "DROP TABLE audit",
            trail.TABLE.replace(", batch INTEGER NOT NULL DEFAULT 0, seal TEXT NOT NULL DEFAULT ''", ""),
        )
        row = f"INSERT INTO audit ({WORDS}) VALUES ({','.join(['?'] * 10)})".replace("?", "'old'")
        execute(path, row, row, row)
        return path

    def test_it_is_said_before_the_first_start(self, old: Path) -> None:
        assert "earlier version" in str(check(old).faults[0])

    def test_the_chain_begins_with_a_row_that_says_how_many_are_not_sealed(self, old: Path) -> None:
        write_rows(old, [["a"]])
        report = check(old)
        assert report.faults == []
        assert (report.unsealed, report.rows, report.first) == (3, 2, 4)
        assert "3 rows before them" in report.lines()[1]

    def test_rows_added_or_taken_before_the_chain_are_found(self, old: Path) -> None:
        write_rows(old, [["a"]])
        execute(old, "DELETE FROM audit WHERE id = 1")
        assert not check(old).sound


class TestPruning:
    def grow(self, path: Path, runs: int) -> None:
        Journal(path, boot_id="00000001", publish=False).close()
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            chain = Trail(path, kept=5, pruned_at_once=3)
            chain.open(db)
            for number in range(runs):
                with db:
                    db.execute("BEGIN IMMEDIATE")
                    added = chain.extend(db, "00000001", [make_row(str(number))])
                chain.committed(added)
                chain.anchor()

    def test_the_oldest_rows_go_and_the_trail_says_which(self, path: Path) -> None:
        self.grow(path, 30)
        report = check(path)
        assert report.faults == []
        assert report.rows <= 9
        assert report.pruned == report.first - 1 > 0
        assert "because the trail was full" in report.lines()[1]

    def test_a_row_more_than_was_pruned_is_missed(self, path: Path) -> None:
        self.grow(path, 30)
        first = check(path).first
        execute(path, f"DELETE FROM audit WHERE id = {first}")
        assert str(check(path).faults[0]) == f"row {first}: missing"

    def test_a_forged_pruning_does_not_count(self, written: Path) -> None:
        execute(
            written,
            "DELETE FROM audit WHERE id <= 3",
            "UPDATE audit SET verb = 'prune', command = '{\"up_to\": 3, \"seal\": \"' || seal || '\"}' WHERE id = 4",
        )
        assert not check(written).sound


def test_an_anchor_that_cannot_be_written_costs_no_row(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    journal = Journal(path, boot_id="00000001", publish=False)
    monkeypatch.setattr(trail, "write_anchor", full)
    for name in "ab":
        journal.note(make_row(name))
        journal.write(())
    assert check(path).behind == 3
    monkeypatch.setattr(trail, "write_anchor", write_anchor)
    journal.close()
    report = check(path)
    assert (report.faults, report.behind) == ([], 0)


def test_a_trail_that_has_not_begun_is_anchored_already(path: Path) -> None:
    Journal(path, boot_id="00000001", publish=False).close()
    key = seal_key(trail_key(path).read())
    assert read_anchor(anchor_of(path), key) == START


def test_before_the_next_rows_the_anchor_is_brought_to_the_last_ones(path: Path) -> None:
    journal = Journal(path, boot_id="00000001", publish=False)
    for name in "abc":
        journal.note(make_row(name))
        journal.write(())
    report = check(path)
    assert (report.faults, report.behind) == ([], 1)
    journal.close()

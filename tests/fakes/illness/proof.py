"""Faults of what an auditor asks for: trail, evidence, kept packages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date

from appliance.domain.audit import own_row
from appliance.store.anchor import anchor_of
from appliance.store.journal import Journal
from appliance.store.trail import trail_key
from tests.fakes.evidence import make_evidence, make_store
from tests.fakes.illness.table import fault
from tests.fakes.ward import Ward


def make_trail(ward: Ward) -> None:
    """Three sealed rows."""
    journal = Journal(ward.state.journal, boot_id="00000001", publish=False)
    for verb in ("start", "stop"):
        journal.note(own_row("2026-01-01T00:00:00+00:00", verb, {}))
    journal.close()


@fault("audit", "fail", "row 2: changed")
def a_changed_row_of_the_trail(ward: Ward) -> None:
    make_trail(ward)
    with closing(sqlite3.connect(ward.state.journal)) as db, db:
        db.execute("UPDATE audit SET actor = 'nobody' WHERE id = 2")


@fault("audit", "fail", "row 3 was written")
def a_trail_that_was_cut(ward: Ward) -> None:
    make_trail(ward)
    with closing(sqlite3.connect(ward.state.journal)) as db, db:
        db.execute("DELETE FROM audit WHERE id = 3")


@fault("audit", "fail", "cannot be read")
def a_trail_without_its_anchor(ward: Ward) -> None:
    make_trail(ward)
    anchor_of(ward.state.journal).unlink()


@fault("audit", "unknown", "as the station's user")
def a_secret_that_may_not_be_read(ward: Ward) -> None:
    make_trail(ward)
    trail_key(ward.state.journal).path.unlink()


@fault("audit", "warn", "earlier version")
def a_trail_of_an_earlier_version(ward: Ward) -> None:
    make_trail(ward)
    with closing(sqlite3.connect(ward.state.journal)) as db, db:
        db.execute("ALTER TABLE audit DROP COLUMN seal")


@fault("audit", "unknown", "mend the journal")
def a_journal_that_is_none(ward: Ward) -> None:
    make_trail(ward)
    ward.state.journal.write_bytes(b"no data base" * 1000)


@fault("evidence", "warn", "bring them back")
def evidence_without_its_package(ward: Ward) -> None:
    assert make_store(ward.state.root).keep(make_evidence(), date(2026, 1, 1))


@fault("evidence", "warn", "raise [evidence] quota_mb")
def evidence_that_fills_its_quota(ward: Ward) -> None:
    ward.configure(evidence={"quota_mb": 1})
    assert make_store(ward.state.root).keep(make_evidence(views=1), date(2026, 1, 1))
    (mark,) = ward.state.evidence.glob("*/.package-*")
    mark.unlink()
    (ward.state.evidence / "2026-01-01" / "NG-019b0002.json").write_bytes(bytes(1_000_000))

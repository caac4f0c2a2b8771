"""The table of faults by check, and what several of them are made of."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from appliance.doctor.check import State
from appliance.doctor.machine import User
from appliance.store.journal import Journal
from tests.fakes.ward import Ward

Fault = Callable[[Ward], None]
FAULTS: dict[str, list[tuple[Fault, State, str]]] = {}
NOBODY = User(65534, frozenset({65534}))
STATION_PID = 4711


def fault(check: str, state: State, says: str) -> Callable[[Fault], Fault]:
    """The decorated function makes a well station ill; `check` must then say `state`, and `says` in its words."""

    def keep(make: Fault) -> Fault:
        FAULTS.setdefault(check, []).append((make, state, says))
        return make

    return keep


def hold_lock(ward: Ward) -> int:
    """A station's process holds the lock, and the kernel says so; returns its number."""
    lock = os.open(ward.state.lock_file, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    ward.leaving.callback(os.close, lock)
    info = os.fstat(lock)
    place = f"{os.major(info.st_dev):02x}:{os.minor(info.st_dev):02x}:{info.st_ino}"
    ward.kernel(
        "proc/locks", f"1: POSIX ADVISORY WRITE 9 {place} 0 EOF\n2: FLOCK ADVISORY WRITE {STATION_PID} {place} 0 EOF\n"
    )
    return STATION_PID


def make_journal(ward: Ward, *, owed: int = 0, size: int = 10, rows: int = 0) -> Path:
    """The station's own empty journal with owed messages of `size` bytes and `rows` results, closed in order."""
    Journal(ward.state.journal, boot_id="00000001", publish=True).close()
    with closing(sqlite3.connect(ward.state.journal)) as db, db:
        db.executemany(
            "INSERT INTO outbox (topic, payload, queued_ns) VALUES ('evt/result', ?, 0)", [(bytes(size),)] * owed
        )
        db.executemany(
            "INSERT INTO parts (id, boot_id, seq, number, inspection_id, outcome, decided_by, reason, score, "
            "created_utc, supersedes, picture, result) "
            "VALUES (?, 'b', ?, 1, 1, 'OK', 'model', 'r', 0.1, 't', NULL, 'none', ?)",
            [(f"id-{number}", number, b"{}" * 400) for number in range(rows)],
        )
    return ward.state.journal

"""Reading the journal without writing a byte beside it, whether a station runs on it or not.

A data base whose write-ahead log is gone was closed in order: it is read as immutable, so that no file is made that the
station's user could not write to. With a log beside it, SQLite's own read-only mode is used, which takes nothing over.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

READ_S = 5.0
_EVERY_STEPS = 10_000


@contextmanager
def read_journal(path: Path, seconds: float = READ_S) -> Iterator[sqlite3.Connection]:
    """A connection that only reads and gives up after `seconds` (sqlite3.OperationalError: interrupted)."""
    log = path.with_name(path.name + "-wal")
    how = "mode=ro" if log.exists() else "immutable=1"
    db = sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, timeout=2, isolation_level=None)
    deadline = time.monotonic() + seconds
    db.set_progress_handler(lambda: time.monotonic() > deadline, _EVERY_STEPS)
    try:
        yield db
    finally:
        db.close()

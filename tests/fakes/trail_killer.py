"""Kills a process that writes an audit trail at every line of the code that writes it, once each, and looks each time.

python -m tests.fakes.trail_killer FOLDER      prints one JSON object a kill
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

from appliance.domain.audit import own_row
from appliance.store.journal import Journal
from appliance.store.trail_check import check_trail

_WATCHED = ("journal.py", "trail.py", "anchor.py", "package.py")


def write(path: Path, batches: tuple[tuple[str, ...], ...]) -> None:
    journal = Journal(path, boot_id="00000001", publish=True)
    for batch in batches:
        for name in batch:
            journal.note(own_row("2026-01-01T00:00:00+00:00", name, {}))
        journal.write(())
        journal.after_answers()
    journal.close()


def killed_at(point: int, path: Path) -> bool:
    """Whether the writer lived until that line."""
    child = os.fork()
    if child == 0:
        lines = itertools.count()

        def trace(frame: FrameType, event: str, _: object) -> Any:
            if not frame.f_code.co_filename.endswith(_WATCHED):
                return None
            if event == "line" and next(lines) == point:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        write(path, (("one", "two"), ("three",), ("four", "five")))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main(folder: Path) -> None:
    ready = folder / "ready"
    ready.mkdir()
    write(ready / "station.db", (("before",),))
    for point in itertools.count():
        state = folder / str(point)
        shutil.copytree(ready, state)
        path = state / "station.db"
        killed = killed_at(point, path)
        with closing(sqlite3.connect(path)) as db:
            report = check_trail(db, path)
            batches = db.execute(
                "SELECT count(DISTINCT batch) FROM audit WHERE id > ?", (report.head.number - report.behind,)
            )
            found = {"killed": killed, "faults": [str(fault) for fault in report.faults], "rows": report.rows}
            found |= {"behind": report.behind, "batches_behind": batches.fetchone()[0]}
        write(path, (("after",),))
        with closing(sqlite3.connect(path)) as db:
            after = check_trail(db, path)
        found |= {"faults_after": [str(fault) for fault in after.faults], "behind_after": after.behind}
        print(json.dumps(found))  # noqa: T201 - its one purpose
        shutil.rmtree(state)
        if not killed:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))

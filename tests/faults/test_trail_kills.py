"""SIGKILL at every line that writes the audit trail: it stays sound, its anchor behind by one transaction at most."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fakes.line import ROOM

MEMORY = Path("/dev/shm")


def test_no_kill_leaves_a_trail_that_looks_changed(tmp_path: Path) -> None:
    # What a killed process wrote is in the kernel's hands wherever it lies; in memory nobody waits for a disk.
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as folder:
        command = [sys.executable, "-m", "tests.fakes.trail_killer", folder]
        done = subprocess.run(command, cwd=ROOM, capture_output=True, text=True, timeout=250, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["killed"] for one in found[:-1]] == [True] * (len(found) - 1)
    assert len(found) > 100, "the writer was killed at many points"
    for point, one in enumerate(found):
        assert one["faults"] == one["faults_after"] == [], f"killed at line {point}: {one}"
        assert one["batches_behind"] <= 1, f"killed at line {point}: {one}"
        assert one["behind_after"] == 0, f"killed at line {point}: {one}"
    assert {one["rows"] for one in found} == {2, 4, 5, 7}, "transactions are there whole or not at all"
    assert any(one["behind"] for one in found), "some kill came between the rows and their anchor"

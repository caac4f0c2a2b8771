"""Imports onto a disk that is full or read-only: one sentence, and nothing of the data set stays."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.sources import picture

_IMPORT = "from training.commands.exchange import import_command; import_command()"


def _import(source: Path, dest: Path, most_bytes: int) -> subprocess.CompletedProcess[str]:
    """In a process whose files cannot grow beyond `most_bytes`, as on a disk that is full."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    command = [sys.executable, "-c", _IMPORT, str(source), str(dest)]
    return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit, timeout=120)


def test_a_disk_that_fills_up_leaves_nothing(tmp_path: Path) -> None:
    for number in range(5):
        picture(tmp_path / "raw/good" / f"{number}.png", number, (200, 100))
    refused = _import(tmp_path / "raw", tmp_path / "out", 20_000)
    assert refused.returncode == 2, refused.stderr
    assert refused.stderr.splitlines()[-1] == (
        f"the disk of {tmp_path / 'out'} is full; nothing was written, make room or name another disk"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.parametrize("place", ["/proc/okng-out", "/sys/okng-out"])
def test_a_place_that_nobody_may_write_is_one_sentence(tmp_path: Path, place: str) -> None:
    picture(tmp_path / "raw/good/1.png", 1)
    refused = _import(tmp_path / "raw", Path(place), 1_000_000)
    assert refused.returncode == 3
    assert "cannot be written" in refused.stderr
    assert "Traceback" not in refused.stderr

"""Arrays beyond what memory may take lie in a file, with the same numbers; without room for it, in memory."""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path

import numpy as np
import pytest

from training import scratch as scratch_module
from training.scratch import Scratch


def arrays(count: int) -> list[tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(0)
    return [tuple(rng.random((side, side, 3), np.float32) for side in (16, 7)) for _ in range(count)]


def lies_in_a_file(array: np.ndarray) -> bool:
    base = array.base
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, memoryview | mmap.mmap) and not array.flags.writeable


def test_all_come_back_as_they_were_over_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch_module, "_BLOCK_BYTES", mmap.PAGESIZE)
    given = arrays(30)
    kept = list(Scratch(0).each(given))
    for own, mine in zip(given, kept, strict=True):
        assert all(np.array_equal(one, other) and lies_in_a_file(other) for one, other in zip(own, mine, strict=True))


def test_the_first_ones_stay_in_memory() -> None:
    given = arrays(3)
    kept = list(Scratch(sum(array.nbytes for array in given[0])).each(given))
    assert [lies_in_a_file(maps[0]) for maps in kept] == [False, True, True]


def test_no_file_is_left_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kept = list(Scratch(0).each(arrays(2)))
    assert lies_in_a_file(kept[0][0]) and not list(tmp_path.iterdir())


def test_a_full_disk_leaves_them_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int, _start: int, _size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    given = arrays(3)
    kept = list(Scratch(0).each(given))
    assert all(
        mine is own for maps, others in zip(kept, given, strict=True) for mine, own in zip(maps, others, strict=True)
    )

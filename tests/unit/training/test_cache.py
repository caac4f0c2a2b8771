"""The cache: what is read is what was written, whatever happened to process, disk and files between."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes.disks import fill_disk, make_read_only
from tests.fakes.waiting import until
from training.data import cache as cache_module
from training.data.cache import Cache, Making, Memory
from training.data.cache_place import cache_files, kept, usual_limit, usual_place
from training.errors import BadData

MAKING = Making("inputs", (1, 8, 8, 3), "as they are")
HUGE = 10**9


def key_of(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def row_of(number: int, making: Making = MAKING) -> NDArray[np.uint8]:
    return np.random.default_rng(number).integers(0, 256, making.shape).astype(np.uint8)


def fill(root: Path, numbers: range, making: Making = MAKING, limit: int = HUGE) -> list[str]:
    """Put rows as one process; what it was warned of."""
    said: list[str] = []
    shelf = Cache(root, said.append, limit).shelf(making, len(numbers))
    for number in numbers:
        assert (shelf.put(key_of(number), row_of(number, making)) == row_of(number, making)).all()
    return said


def found(root: Path, numbers: range, making: Making = MAKING) -> tuple[set[int], list[str]]:
    """Which rows are there, all of them right; and the warnings."""
    said: list[str] = []
    shelf = Cache(root, said.append, HUGE).shelf(making, 0)
    rows = {number: shelf.get(key_of(number)) for number in numbers}
    there = {number: row for number, row in rows.items() if row is not None}
    assert all((row == row_of(number, making)).all() for number, row in there.items())
    return set(there), said


def test_rows_come_back_as_read_only_views_of_the_file(tmp_path: Path) -> None:
    assert fill(tmp_path / "c", range(40)) == []
    assert found(tmp_path / "c", range(50)) == (set(range(40)), [])
    shelf = Cache(tmp_path / "c", print, HUGE).shelf(MAKING, 0)
    first, again = shelf.get(key_of(3)), shelf.get(key_of(3))
    assert first is not None and again is not None and first.shape == (1, 8, 8, 3)
    assert np.shares_memory(first, again) and not first.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


def test_what_was_put_is_a_view_too_so_that_memory_does_not_grow(tmp_path: Path) -> None:
    shelf = Cache(tmp_path / "c", print, HUGE).shelf(MAKING, 1)
    row = row_of(1)
    kept_row, known = shelf.put(key_of(1), row), shelf.get(key_of(1))
    assert known is not None and np.shares_memory(kept_row, known) and not np.shares_memory(kept_row, row)


@pytest.mark.parametrize(
    "other",
    [
        Making("views", MAKING.shape, MAKING.how),
        Making(MAKING.kind, (1, 8, 24, 1), MAKING.how),
        Making(MAKING.kind, MAKING.shape, "another geometry"),
    ],
)
def test_what_was_made_otherwise_is_another_row(tmp_path: Path, other: Making) -> None:
    fill(tmp_path / "c", range(3))
    assert found(tmp_path / "c", range(3), other)[0] == set()


def test_other_code_finds_nothing_of_what_this_one_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "c", range(3))
    monkeypatch.setattr(cache_module, "code_version", lambda: "another")
    assert found(tmp_path / "c", range(3))[0] == set()


def test_a_row_of_another_shape_is_refused(tmp_path: Path) -> None:
    shelf = Cache(tmp_path / "c", print, HUGE).shelf(MAKING, 1)
    with pytest.raises(ValueError, match="cannot be"):
        shelf.put(key_of(0), np.zeros((1, 8, 8), np.uint8))


def test_a_row_is_kept_once(tmp_path: Path) -> None:
    fill(tmp_path / "c", range(4))
    fill(tmp_path / "c", range(4))
    shelf = Cache(tmp_path / "c", print, HUGE).shelf(MAKING, 4)
    assert (shelf.put(key_of(1), row_of(2)) == row_of(1)).all()
    assert [one.rows for one in kept(tmp_path / "c")] == [4]


KILLED = """
import sys
from pathlib import Path
from tests.unit.training.test_cache import MAKING, key_of, row_of
from training.data.cache import Cache
shelf = Cache(Path(sys.argv[1]), print, 10**9).shelf(MAKING, 100_000)
for number in range(100_000):
    shelf.put(key_of(number), row_of(number))
    if number == 200:
        print("begun", flush=True)
"""


def test_a_process_that_is_killed_leaves_whole_rows(tmp_path: Path) -> None:
    root = tmp_path / "c"
    killed = subprocess.Popen(
        [sys.executable, "-c", KILLED.replace("tests.unit.training.test_cache", "test_cache"), str(root)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
    )
    assert killed.stdout is not None and killed.stdout.readline() == b"begun\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    killed.stdout.close()
    there, said = found(root, range(2_000))
    assert there >= set(range(200)) and there == set(range(len(there))) and said == []
    fill(root, range(5_000, 5_010))
    assert found(root, range(5_000, 5_010))[0] == set(range(5_000, 5_010))


def test_a_row_without_its_entry_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the two writes."""
    root = tmp_path / "c"
    shelf = Cache(root, print, HUGE).shelf(MAKING, 2)
    shelf.put(key_of(0), row_of(0))
    fill_disk(monkeypatch, MAKING.row_bytes)
    shelf.put(key_of(1), row_of(1))
    monkeypatch.undo()
    assert found(root, range(2)) == ({0}, [])


def damage(root: Path, at: int, content: bytes) -> None:
    ((path, _),) = cache_files(root)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


@pytest.mark.parametrize("at", [8192 + 64 * 3 * 2 + 5, 4096 + 40 * 2 + 33, 4096 + 40 * 2 + 2])
def test_a_torn_row_or_entry_is_never_read_and_made_again(tmp_path: Path, at: int) -> None:
    """In the row's pixels (its entry reached the disk, it did not), in its checksum, in its key."""
    root = tmp_path / "c"
    fill(root, range(4))
    damage(root, at, bytes(4))
    there, said = found(root, range(4))
    assert there == {0, 1, 3} and len(said) <= 1
    fill(root, range(2, 3))
    assert found(root, range(4)) == ({0, 1, 2, 3}, [])


def test_a_row_is_never_given_under_the_key_of_another_picture(tmp_path: Path) -> None:
    root = tmp_path / "c"
    fill(root, range(4))
    damage(root, 4096 + 40 * 2, bytes.fromhex(key_of(9)))
    assert found(root, range(10))[0] == {0, 1, 3}


def test_many_damaged_rows_are_told_once(tmp_path: Path) -> None:
    root = tmp_path / "c"
    fill(root, range(4))
    damage(root, 8192, bytes(64 * 3 * 4))
    there, said = found(root, range(4))
    assert there == set() and len(said) == 1 and "is damaged" in said[0] and "made again" in said[0]


@pytest.mark.parametrize("content", [b"", b"no shard at all", b"okngrows" + bytes(9000)])
def test_a_foreign_file_is_never_trusted_and_goes(tmp_path: Path, content: bytes) -> None:
    root = tmp_path / "c"
    fill(root, range(2))
    ((path, _),) = cache_files(root)
    path.write_bytes(content)
    there, said = found(root, range(2))
    assert there == set() and len(said) == 1 and not path.exists()
    fill(root, range(2))
    assert found(root, range(2)) == ({0, 1}, [])


def test_a_file_that_was_cut_short_does_not_kill_its_reader(tmp_path: Path) -> None:
    root = tmp_path / "c"
    fill(root, range(4))
    ((path, status),) = cache_files(root)
    os.truncate(path, status.st_size - 1)
    assert found(root, range(4))[0] == set()


def test_a_file_under_the_name_of_another_making_is_not_taken(tmp_path: Path) -> None:
    root = tmp_path / "c"
    fill(root, range(2))
    ((path, _),) = cache_files(root)
    other = Making("views", MAKING.shape)
    fill(root, range(5, 6), other)
    (theirs,) = [one for one, _ in cache_files(root) if one.parent != path.parent]
    theirs.write_bytes(path.read_bytes())
    assert found(root, range(2), other)[0] == set()


def test_the_least_recently_used_files_go_first_and_the_bound_holds(tmp_path: Path) -> None:
    root, limit = tmp_path / "c", 400_000
    makings = [Making("inputs", (1, 40, 40, 3), str(number)) for number in range(8)]
    for age, making in enumerate(makings[:4]):
        fill(root, range(16), making, limit)
        for path, _ in cache_files(root):
            if path.parent.name == making.header(0).making.hex()[:16]:
                os.utime(path, (age, age))
    found(root, range(1), makings[0])  # used again, and so the newest
    for making in makings[4:]:
        assert fill(root, range(16), making, limit) == []
        assert sum(status.st_size for _, status in cache_files(root)) <= limit
    assert not found(root, range(16), makings[1])[0]
    assert found(root, range(16), makings[-1])[0]


def test_what_a_run_holds_is_not_taken_from_it(tmp_path: Path) -> None:
    root, limit = tmp_path / "c", 100_000
    making = Making("inputs", (1, 32, 32, 3))
    said: list[str] = []
    shelf = Cache(root, said.append, limit).shelf(making, 100)
    rows = [shelf.put(key_of(number), row_of(number, making)) for number in range(100)]
    assert all((row == row_of(number, making)).all() for number, row in enumerate(rows))
    assert len(said) == 1 and "too small" in said[0] and "--cache-gb" in said[0]
    assert 15 <= sum(shelf.get(key_of(number)) is not None for number in range(100)) <= 32
    assert sum(status.st_size for _, status in cache_files(root)) <= limit


@pytest.mark.parametrize("room", [0, 10, 4_200, 10_000])
def test_a_full_disk_is_one_sentence_and_the_rows_are_right_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    Cache(tmp_path / "c", print, HUGE)
    fill_disk(monkeypatch, room)
    said = fill(tmp_path / "c", range(60))
    monkeypatch.undo()
    assert len(said) == 1 and "No space left on device" in said[0] and "goes on without it" in said[0]
    there, _ = found(tmp_path / "c", range(60))
    assert there == set(range(len(there))) and len(there) < 60


def test_a_read_only_disk_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "c"
    fill(root, range(4))
    make_read_only(monkeypatch, root)
    assert found(root, range(4)) == ({0, 1, 2, 3}, [])
    said = fill(root, range(10, 12))
    assert len(said) == 1 and "Read-only file system" in said[0]


def test_no_folder_and_no_right_to_make_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_read_only(monkeypatch, tmp_path)
    said = fill(tmp_path / "new" / "cache", range(3))
    assert len(said) == 1 and "goes on without it" in said[0]


def test_a_folder_of_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(BadData, match=r"holds other things.*--cache"):
        Cache(tmp_path, print)
    with pytest.raises(BadData, match="is no folder"):
        Cache(tmp_path / "holiday.jpg", print)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_clearing_takes_what_nobody_uses_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "c"
    fill(root, range(4))
    other = Making("views", MAKING.shape)
    fill(root, range(4), other)
    (root / "notes.txt").write_text("mine")
    shelf = Cache(root, print, HUGE).shelf(other, 0)
    removed, left = Cache(root, print, HUGE).clear()
    row = shelf.get(key_of(1))
    assert removed > 0 and left > 0 and row is not None and (row == row_of(1)).all()
    assert len(cache_files(root)) == 1 and (root / "notes.txt").exists()


def test_a_link_in_the_cache_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "c"
    fill(root, range(2))
    ((path, _),) = cache_files(root)
    outside = tmp_path / "outside.rows"
    path.rename(outside)
    path.symlink_to(outside)
    assert found(root, range(2))[0] == set()
    assert outside.exists()


BESIDE = """
import sys
from pathlib import Path
from test_cache import fill
print(fill(Path(sys.argv[1]), range(int(sys.argv[2]), int(sys.argv[3]))))
"""


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    root = tmp_path / "c"
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    both = [
        subprocess.Popen(
            [sys.executable, "-c", BESIDE, str(root), str(first), str(first + 600)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        for first in (0, 300)
    ]
    assert [one.communicate(timeout=60)[0] for one in both] == [b"[]\n", b"[]\n"]
    assert found(root, range(1000)) == (set(range(900)), [])


def test_what_is_kept_is_told_by_kind(tmp_path: Path) -> None:
    root = tmp_path / "c"
    fill(root, range(5))
    fill(root, range(2), Making("around", (4, 4, 3)))
    (around, inputs) = kept(root)
    assert (around.kind, around.rows, inputs.kind, inputs.rows) == ("around 4x4x3", 2, "inputs 1x8x8x3", 5)
    assert inputs.disk_bytes > 0 and inputs.newest_s >= inputs.oldest_s > 0


def test_place_and_limit_follow_environment_and_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert usual_place() == tmp_path / "okng"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert usual_place() == tmp_path / ".cache" / "okng"
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 4_000_000})())
    assert usual_limit(tmp_path / "not" / "there") == 1_000_000
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10**12})())
    assert usual_limit(tmp_path) == 8 * 10**9


def test_memory_keeps_what_fits_and_gives_back_the_rest() -> None:
    memory = Memory(2 * MAKING.row_bytes)
    shelf, other = memory.shelf(MAKING, 5), memory.shelf(Making("views", MAKING.shape), 5)
    rows = [row_of(number) for number in range(3)]
    assert all(shelf.put(key_of(number), row) is row for number, row in enumerate(rows))
    assert [shelf.get(key_of(number)) is row for number, row in enumerate(rows)] == [True, True, False]
    assert other.get(key_of(0)) is None


def test_an_unused_file_can_be_dropped_once_its_reader_is_gone(tmp_path: Path) -> None:
    root = tmp_path / "c"
    fill(root, range(4))
    store = Cache(root, print, HUGE)
    shelf = store.shelf(MAKING, 0)
    assert store.clear()[0] == 0
    del shelf
    until(lambda: store.clear()[0] > 0 or not cache_files(root), "the file is dropped")

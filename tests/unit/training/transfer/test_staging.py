"""A folder that is there whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from training.errors import BadData, NotThere
from training.transfer import staging
from training.transfer.staging import refuse_little_room, refuse_nested, refuse_taken, staged


def _make(dest: Path, force: bool = False, content: str = "new") -> None:
    with staged(dest, force) as stage:
        (stage / "data").mkdir()
        (stage / "data/file").write_text(content)


def test_it_takes_its_place_when_all_went_well(tmp_path: Path) -> None:
    _make(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out/file").read_text() == "new"


def test_nothing_stays_when_something_went_wrong(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), staged(tmp_path / "out", False) as stage:
        (stage / "data").mkdir()
        (stage / "data/half").write_text("half")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_kept_unless_force_is_given(tmp_path: Path) -> None:
    _make(tmp_path / "out", content="old")
    with pytest.raises(BadData, match=r"is there already; .* --force"):
        _make(tmp_path / "out")
    assert (tmp_path / "out/file").read_text() == "old"
    _make(tmp_path / "out", force=True)
    assert (tmp_path / "out/file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_replacement_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    _make(tmp_path / "out", content="old")
    with pytest.raises(BadData, match="stop"), staged(tmp_path / "out", True) as stage:
        (stage / "data").mkdir()
        raise BadData("stop")
    assert (tmp_path / "out/file").read_text() == "old"


def test_a_rename_that_fails_puts_back_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _make(tmp_path / "out", content="old")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name == "data":
            raise OSError(errno.EIO, "Input/output error", str(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(NotThere, match="cannot be written"):
        _make(tmp_path / "out", force=True)
    assert (tmp_path / "out/file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    _make(tmp_path / "out")
    assert (tmp_path / "out/file").exists()


def test_force_never_replaces_a_file_a_link_or_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "here/inside").mkdir(parents=True)
    (tmp_path / "link").symlink_to("here")
    monkeypatch.chdir(tmp_path / "here/inside")
    for name, said in (("file", "no folder"), ("link", "no folder"), ("here", "the folder you are in")):
        with pytest.raises(BadData, match=said):
            refuse_taken(tmp_path / name, force=True)
    monkeypatch.setenv("HOME", str(tmp_path / "here/inside"))
    monkeypatch.chdir("/")
    with pytest.raises(BadData, match="your home"):
        refuse_taken(tmp_path / "here", force=True)


def test_a_folder_above_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match=r"there is no folder .*; make it first"):
        _make(tmp_path / "no/out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("source", "dest"), [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a/file", "a"), ("l/x", "a/b/x")]
)
def test_source_and_destination_do_not_lie_in_each_other(tmp_path: Path, source: str, dest: str) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/file").write_text("")
    (tmp_path / "l").symlink_to("a/b")
    with pytest.raises(BadData, match="lies in"):
        refuse_nested(tmp_path / source, tmp_path / dest)


def test_a_file_may_be_read_beside_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("")
    refuse_nested(tmp_path / "labels.csv", tmp_path / "out")


def test_room_is_asked_for_before(tmp_path: Path) -> None:
    refuse_little_room(tmp_path / "out", 1000)
    with pytest.raises(BadData, match="GB free; make room or name another disk"):
        refuse_little_room(tmp_path / "out", shutil.disk_usage(tmp_path).total * 2)


def test_what_a_killed_run_left_is_taken_away(tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    (tmp_path / f".out.{int(gone.stdout)}.part").mkdir()
    (tmp_path / f".out.{os.getppid()}.part").mkdir()
    _make(tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".out.{os.getppid()}.part", "out"]


def test_what_a_killed_run_had_moved_aside_is_put_back(tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    (tmp_path / f".out.{int(gone.stdout)}.old.part").mkdir()
    (tmp_path / f".out.{int(gone.stdout)}.old.part/file").write_text("old")
    with pytest.raises(BadData, match="is there already"):
        _make(tmp_path / "out")
    assert (tmp_path / "out/file").read_text() == "old"


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        (errno.ENOSPC, BadData, "the disk of .* is full; nothing was written"),
        (errno.EDQUOT, BadData, "is full"),
        (errno.EROFS, NotThere, "cannot be written .* whether its disk is read-only"),
        (errno.EACCES, NotThere, "cannot be written"),
    ],
)
def test_a_disk_that_fails_is_one_sentence(tmp_path: Path, code: int, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said), staged(tmp_path / "out", False) as stage:
        (stage / "data").mkdir()
        raise OSError(code, os.strerror(code), "/elsewhere/picture.png", None, str(stage / "data/picture.png"))
    assert not list(tmp_path.iterdir())


def test_a_read_only_place_is_told_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(self: Path, *_args: object, **_more: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    monkeypatch.setattr(staging.Path, "mkdir", read_only)
    with pytest.raises(NotThere, match="read-only"), staged(tmp_path / "out", False):
        raise AssertionError("nothing is begun")


def test_a_source_that_cannot_be_read_is_told_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone"), staged(tmp_path / "out", False):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/somewhere/gone.png")

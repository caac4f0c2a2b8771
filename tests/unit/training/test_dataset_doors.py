"""What must not hang, mislead or kill whoever opens a data set: each is one sentence."""

from __future__ import annotations

import errno
import io
import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from models.geometry_entry import GeometrySpec
from models.picture_file import whole_size
from tests.fakes.discs import write_discs
from tests.fakes.disks import make_read_only
from training.cli import train
from training.data.cache import Memory
from training.data.dataset import decoded_size, open_dataset
from training.data.pictures import Pictures
from training.data.split import folds_by_group
from training.errors import BadData
from training.framing import geometry_for, settle
from training.guard import guarded
from training.progress import Progress
from training.sights import Sights


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_discs(tmp_path / "discs", good=12, scratches=1, stains=0)


def loop(at: Path) -> None:
    at.symlink_to(at)


def ring_of_folders(at: Path) -> None:
    at.with_name("deeper").symlink_to(at.parent.parent, target_is_directory=True)


def out_of_it(at: Path) -> None:
    outside = at.parent.parent.parent / "outside.png"
    outside.write_bytes(b"x")
    at.symlink_to(outside)


def nowhere(at: Path) -> None:
    at.symlink_to(at.with_name("gone.png"))


def listening(at: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(at))


def no_utf8(at: Path) -> None:
    (at.parent / os.fsdecode(b"\xc1\xbc.png")).write_bytes(b"x")


@pytest.mark.parametrize(
    ("put", "says"),
    [
        (loop, r"the link .*odd.png leads nowhere or around in a circle; remove it"),
        (nowhere, r"the link .*odd.png leads nowhere or around in a circle; remove it"),
        (ring_of_folders, r"the link .*deeper leads to another folder of the data set, .*; remove it"),
        (out_of_it, r"the link .*odd.png leads out of .*, to .*outside.png; copy the files there instead"),
        (os.mkfifo, r"odd.png is no ordinary file; take it out of the data set"),
        (listening, r"odd.png is no ordinary file; take it out of the data set"),
        (no_utf8, r"is not UTF-8; rename it"),
    ],
)
def test_what_hangs_or_leads_elsewhere_is_refused_by_name(
    root: Path, put: object, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(put)
    monkeypatch.chdir(root)  # a socket's name must be short
    put(root / "good" / "odd.png")
    with pytest.raises(BadData, match=says):
        open_dataset(root)


def test_a_link_to_a_picture_of_the_data_set_is_a_copy(root: Path) -> None:
    first = sorted((root / "good").iterdir())[0]
    (root / "good" / "zz.png").symlink_to(first)
    assert open_dataset(root).copies == (("good/" + first.name, "good/zz.png"),) or open_dataset(root).copies == (
        ("good/zz.png", "good/" + first.name),
    )


def test_a_folder_without_the_right_to_look_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def closed(folder: str) -> object:
        if str(folder).endswith("scratch"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", closed)
    done = CliRunner().invoke(train, [str(root), "--out", str(root.parent / "a.okng"), "--no-cache"])
    assert done.exit_code == 3 and "scratch: Permission denied; check the path and its rights" in done.stderr


@pytest.mark.parametrize("size_of", [whole_size, decoded_size])
def test_a_picture_that_goes_while_others_are_read_is_named(root: Path, size_of: object) -> None:
    assert callable(size_of)
    last = sorted((root / "good").iterdir())[-1]

    def while_reading(name: str, content: bytes) -> tuple[int, int]:
        last.unlink(missing_ok=True)
        found: tuple[int, int] = size_of(name, content)
        return found

    with pytest.raises(BadData, match=r"1 pictures cannot be used: good/.*No such file or directory"):
        open_dataset(root, size_of=while_reading)


def test_a_data_set_on_a_read_only_disk_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_read_only(monkeypatch, root)
    data = open_dataset(root, size_of=whole_size)
    geometry = geometry_for(settle(GeometrySpec(), data), (64, 64))
    sights = Sights(geometry, data, None, Pictures(Memory(), data.good), Memory())
    sights.prepare(data, Progress(io.StringIO()))
    assert len(data.good) == 12 and sights.of(data.good[0]).inputs.shape == (1, 64, 64, 3)


def test_a_training_that_could_not_write_its_package_is_told_before(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_read_only(monkeypatch, tmp_path)
    done = CliRunner().invoke(train, [str(root), "--out", str(tmp_path / "a.okng"), "--no-cache"])
    assert done.exit_code == 3 and "the disk is read-only; name another place" in done.stderr
    assert not (tmp_path / "a.okng").exists()


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "the disk is full; free some room and start again"),
        (errno.EDQUOT, "the disk is full; free some room and start again"),
        (errno.EROFS, "the disk is read-only; name another place"),
        (errno.EACCES, "Permission denied; check the path and its rights"),
    ],
)
def test_trouble_with_a_disk_is_one_sentence_with_or_without_a_name(
    number: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (None, "/data/a.okng"):

        def work(file: str | None = file) -> None:
            raise OSError(number, os.strerror(number), file)

        with pytest.raises(SystemExit) as left:
            guarded(work)
        said = capsys.readouterr().err
        assert left.value.code == 3 and says in said and "None" not in said and said.count("\n") == 1


def test_folds_of_many_groups_are_dealt_in_no_time_and_as_before() -> None:
    groups = [f"part {number % 40_000}" for number in range(100_000)]
    folds = folds_by_group(groups, 0)
    assert len({(group, fold) for group, fold in zip(groups, folds, strict=True)}) == 40_000
    assert folds_by_group(["a", "b", "a", "c", "d", "e", "a"], 3) == [0, 3, 0, 2, 1, 1, 0]

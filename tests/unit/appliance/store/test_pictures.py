"""Pictures stay below their quota, and those that matter stay longest."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from appliance.domain.parts import Frame
from appliance.domain.verdict import Verdict
from appliance.store.pictures import PictureArchive
from appliance.store.shelves import Shelves, Store
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.evidence import make_shelves
from tests.fakes.parts import make_ledger, make_trigger, make_verdict

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def make_archive(
    folder: Path,
    quota_bytes: int = 10**9,
    keep_ok: bool = True,
    min_free_bytes: int = 0,
    keep: bool = True,
    shelves: Shelves | None = None,
) -> PictureArchive:
    shelves = shelves or make_shelves(folder, quota_bytes=quota_bytes, min_free_bytes=min_free_bytes)
    return PictureArchive(folder / "live", folder / "pictures", shelves, keep=keep, keep_ok=keep_ok)


def make_picture(outcome: Outcome, n: int) -> tuple[Verdict, Frame]:
    clock = FakeClock()
    part = make_ledger(clock).admit(make_trigger(clock))
    assert part is not None
    image = np.random.default_rng(n).integers(0, 255, (64, 64, 3), np.uint8)
    return make_verdict(part, outcome, clock, f"{outcome}-{n}"), Frame("fake", n, 0, image)


def archived(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / "pictures").glob("*/*.jpg"))


def test_quota_is_kept_and_ok_goes_first(tmp_path: Path) -> None:
    shelves = make_shelves(tmp_path)
    archive = make_archive(tmp_path, shelves=shelves)
    for n, outcome in enumerate((Outcome.NG, Outcome.OK, Outcome.OK, Outcome.NG)):
        assert archive.keep(*make_picture(outcome, n), WHEN)
    full = make_shelves(tmp_path, quota_bytes=shelves.bytes_of(Store.PICTURES) + 100)
    archive = make_archive(tmp_path, shelves=full)
    archive.keep(*make_picture(Outcome.NG, 4), WHEN)
    assert archived(tmp_path) == ["NG-NG-0", "NG-NG-3", "NG-NG-4", "OK-OK-2"]
    for n in range(5, 9):
        archive.keep(*make_picture(Outcome.NG, n), WHEN)
    assert archived(tmp_path) == ["NG-NG-5", "NG-NG-6", "NG-NG-7", "NG-NG-8"]
    kept = sum(path.stat().st_size for path in (tmp_path / "pictures").glob("*/*.jpg"))
    assert full.bytes_of(Store.PICTURES) == kept


def test_ok_is_shown_but_not_archived_unless_asked(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, keep_ok=False)
    assert archive.keep(*make_picture(Outcome.OK, 1), WHEN)
    assert archived(tmp_path) == []
    assert (tmp_path / "live" / "OK-1.jpg").exists()


def test_a_picture_that_nobody_gets_is_not_encoded(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, keep_ok=False)
    assert not archive.keep(*make_picture(Outcome.OK, 1), WHEN, show=False)
    assert not archive.keep(*make_picture(Outcome.NG, 2), WHEN, show=False)
    assert archived(tmp_path) == ["NG-NG-2"], "the archive does not depend on who watches"
    assert list((tmp_path / "live").iterdir()) == []


def test_an_archive_that_is_switched_off_still_shows(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, keep=False)
    assert archive.keep(*make_picture(Outcome.NG, 1), WHEN)
    assert archived(tmp_path) == []
    assert (tmp_path / "live" / "NG-1.jpg").exists()


def test_the_ring_of_live_pictures_ends(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, keep_ok=False)
    for n in range(70):
        archive.keep(*make_picture(Outcome.OK, n), WHEN)
    assert len(list((tmp_path / "live").glob("*.jpg"))) == 64


def test_a_restart_empties_the_ring(tmp_path: Path) -> None:
    make_archive(tmp_path).keep(*make_picture(Outcome.NG, 1), WHEN)
    make_archive(tmp_path)
    assert list((tmp_path / "live").glob("*.jpg")) == []
    assert archived(tmp_path) == ["NG-NG-1"]


def test_a_folder_that_is_gone_costs_the_picture_alone(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    for path in (tmp_path / "live", tmp_path / "pictures"):
        path.rmdir()
        path.write_text("in the way")
    verdict, frame = make_picture(Outcome.NG, 1)
    assert archive.keep(verdict, frame, WHEN) is False
    assert archive.failed_writes == 1


def test_a_live_picture_half_written_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make_archive(tmp_path)

    def disk_full(path: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", disk_full)
    assert archive.keep(*make_picture(Outcome.NG, 1), WHEN) is False
    assert list((tmp_path / "live").iterdir()) == []


def test_pictures_are_shed_before_the_disk_is_full(tmp_path: Path) -> None:
    make_archive(tmp_path).keep(*make_picture(Outcome.NG, 1), WHEN)
    crowded = make_archive(tmp_path, min_free_bytes=10**18)
    assert crowded.keep(*make_picture(Outcome.NG, 2), WHEN), "the page still gets its picture"
    assert archived(tmp_path) == []
    assert crowded.shed == 1


def test_a_picture_larger_than_the_quota_is_not_archived(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, quota_bytes=10)
    verdict, frame = make_picture(Outcome.NG, 1)
    assert archive.keep(replace(verdict), frame, WHEN)
    assert archived(tmp_path) == []

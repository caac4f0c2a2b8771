"""Pictures that are to be trained on: whole, exact, never lost after they were said to be kept, never overwritten."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.store.collection import PictureCollection
from models.origin import Origin, origin_of
from models.picture_file import read_picture
from tests.fakes.clock import FakeClock

ORIGIN = Origin(
    taken="2026-01-02T03:04:05.678900+00:00",
    part="part-0",
    part_id="",
    lot="A/26 七",
    trigger="plc",
    camera="fake",
    station="a/b/c/d/e",
    clock="synced",
)
GB = 10**9


def collection(data_set: Path, label: str = "good", max_bytes: int = GB, free: int = GB) -> PictureCollection:
    return PictureCollection(data_set, label, max_bytes=max_bytes, clock=FakeClock(), free_bytes=lambda folder: free)


def picture(seed: int, *shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape or (24, 32), np.uint8)


def origin(number: int) -> Origin:
    return replace(ORIGIN, part=f"part-{number}")


@pytest.mark.parametrize("shape", [(24, 32), (24, 32, 3), (1, 1)])
def test_a_picture_comes_back_with_every_pixel_and_its_origin(tmp_path: Path, shape: tuple[int, ...]) -> None:
    image = picture(1, *shape)
    name = collection(tmp_path / "parts", "划痕").keep(image, ORIGIN)
    assert name == "划痕/20260102T030405.678Z_A-26-七_part-0.png"
    path = tmp_path / "parts" / name
    assert read_picture(path).shape == shape, "gray stays gray"
    assert np.array_equal(read_picture(path), image)
    assert origin_of(path.read_bytes()) == ORIGIN
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_bytes_are_on_disk_before_the_name_and_the_name_before_the_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = collection(tmp_path / "parts")
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def synced(descriptor: int) -> None:
        done.append("fsync " + Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    assert kept.keep(picture(1), ORIGIN) is not None
    assert done == ["fsync .okng.part", "rename", "fsync good"]


def test_an_existing_data_set_goes_on_and_nothing_in_it_is_overwritten(tmp_path: Path) -> None:
    first = collection(tmp_path)
    name = first.keep(picture(1), ORIGIN)
    assert name is not None
    (tmp_path / "good" / "by hand.png").write_bytes(b"a picture of somebody else")
    first.close()
    again = collection(tmp_path)
    assert again.keep(picture(2), ORIGIN) is None, "the same name again"
    assert again.failed == 1
    assert np.array_equal(read_picture(tmp_path / name), picture(1))
    assert (tmp_path / "good" / "by hand.png").read_bytes() == b"a picture of somebody else"


def test_a_full_data_set_says_so_before_the_next_part_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    clock = FakeClock()
    kept = PictureCollection(tmp_path, "good", max_bytes=4000, clock=clock, free_bytes=lambda folder: GB)
    count = 0
    while kept.state.state == "ok" and count < 50:
        assert kept.keep(picture(count), origin(count)) is not None
        count += 1
    assert count == kept.kept > 1
    assert "max_gb" in kept.state.text_en and "max_gb" in kept.state.text_zh
    assert kept.keep(picture(99), origin(99)) is None
    assert sum(file.stat().st_size for file in (tmp_path / "good").iterdir()) <= 4000
    for file in (tmp_path / "good").iterdir():
        file.unlink()
    clock.advance_ms(2001)
    kept.idle()
    assert kept.state.state == "ok"
    assert kept.keep(picture(99), origin(99)) is not None


def test_a_label_belongs_to_one_station_at_a_time(tmp_path: Path) -> None:
    first, clock = collection(tmp_path), FakeClock()
    second = PictureCollection(tmp_path, "good", max_bytes=GB, clock=clock, free_bytes=lambda folder: GB)
    assert "Another station" in second.state.text_en and second.state.text_zh
    assert second.keep(picture(1), ORIGIN) is None
    assert collection(tmp_path, "scratch").state.state == "ok"
    assert first.keep(picture(1), ORIGIN) is not None
    first.close()
    clock.advance_ms(2001)
    second.idle()
    assert second.keep(picture(2), origin(2)) is not None


def test_what_other_labels_hold_counts_too(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "1.png").write_bytes(bytes(5000))
    assert collection(tmp_path, max_bytes=4000).state.state == "fault"


def test_a_disk_that_is_nearly_full_takes_no_more(tmp_path: Path) -> None:
    kept = collection(tmp_path, free=50_000_000)
    assert kept.state.state == "fault"
    assert "50 MB free" in kept.state.text_en
    assert kept.keep(picture(1), ORIGIN) is None
    assert (kept.kept, kept.failed) == (0, 1)


def test_a_data_set_whose_disk_is_not_there_is_not_made_somewhere_else(tmp_path: Path) -> None:
    clock = FakeClock()
    kept = PictureCollection(
        tmp_path / "usb" / "parts", "good", max_bytes=GB, clock=clock, free_bytes=lambda folder: GB
    )
    assert kept.state.state == "fault"
    assert "data_set" in kept.state.text_en
    assert not (tmp_path / "usb").exists()
    (tmp_path / "usb").mkdir()
    clock.advance_ms(2001)
    kept.idle()
    assert kept.state.state == "ok"


def test_a_failing_disk_is_told_and_leaves_no_half_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = collection(tmp_path)

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    assert kept.keep(picture(1), ORIGIN) is None
    assert kept.state.state == "fault"
    assert "Input/output error" in kept.state.text_en and kept.state.text_zh
    assert not list(tmp_path.glob("good/*.png"))


_KEEP_FOR_EVER = """
import itertools, sys
from dataclasses import replace
from pathlib import Path
from tests.unit.appliance.store.test_collection import collection, origin, picture
kept = collection(Path(sys.argv[1]))
for number in itertools.count():
    print(kept.keep(picture(number, 200, 300), origin(int(sys.argv[2]) + number)), flush=True)
"""


def test_sigkill_at_any_moment_loses_no_picture_that_was_said_to_be_kept(tmp_path: Path) -> None:
    said: list[str] = []
    for run, lines in enumerate((1, 2, 3, 5, 8)):
        command = [sys.executable, "-c", _KEEP_FOR_EVER, str(tmp_path), str(1000 * run)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[4]) as process:
            assert process.stdout is not None
            said += [process.stdout.readline().strip() for _ in range(lines)]
            process.send_signal(signal.SIGKILL)
            said += process.stdout.read().split()
    assert len(said) >= 19
    pictures = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.glob("good/*.png")}
    assert set(said) <= set(pictures)
    for path in pictures.values():
        found = origin_of(path.read_bytes())
        assert found is not None
        assert np.array_equal(read_picture(path), picture(int(found.part.removeprefix("part-")) % 1000, 200, 300))


def test_png_is_read_by_anything_that_reads_png(tmp_path: Path) -> None:
    name = collection(tmp_path).keep(picture(1), ORIGIN)
    assert name is not None
    assert np.array_equal(cv2.imread(str(tmp_path / name), cv2.IMREAD_UNCHANGED), picture(1))

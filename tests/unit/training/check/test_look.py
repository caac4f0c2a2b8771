"""One look at a picture: what of its file is told, and that no file can stop the looking."""

from __future__ import annotations

import errno
import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.origin import Origin, with_origin
from training.check import look as looking
from training.check.header import Kind, header_of
from training.check.look import Look, look_at
from training.errors import NotThere
from training.exif import Exif, exif_of
from training.formats.item import Item, Source
from training.progress import Progress

ORIGIN = Origin("2026-01-02T03:04:05+00:00", "1", "", "A", "plc", "fake", "a/b/c/d/e", "synced")


def noise(seed: int = 0, size: tuple[int, int] = (40, 60)) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)


def encoded(picture: NDArray[np.generic], suffix: str = ".png", *options: int) -> bytes:
    return cv2.imencode(suffix, picture, options)[1].tobytes()


def look_at_files(folder: Path, **files: bytes) -> dict[str, Look]:
    """Looks by name; `files` are written as `name` with __ for the point."""
    items = []
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content)
        items.append(Item(path, path.name, ("good",)))
    looks = look_at(Source(folder, "folders", tuple(items), ("good",)), Progress(io.StringIO()))
    return {look.name: look for look in looks}


def test_a_picture_is_told_as_it_is_stored(tmp_path: Path) -> None:
    content = encoded(noise())
    look = look_at_files(tmp_path, a__png=content)["a.png"]
    assert (look.fault, look.size, look.channels, look.bytes, look.gray) == ("", (60, 40), 3, len(content), False)
    assert look.header.kind is Kind.PNG and look.label == "good" and look.quality is not None
    assert 120 < look.quality.light < 135 and look.thumbnail.shape == (96, 96) and look.thumbnail.any()
    with pytest.raises(ValueError, match="read-only"):
        look.thumbnail[0, 0] = 1


def test_the_same_picture_has_one_hash_whatever_its_file_and_its_origin(tmp_path: Path) -> None:
    plain = encoded(noise())
    looks = look_at_files(
        tmp_path,
        a__png=plain,
        b__png=with_origin(plain, ORIGIN),
        c__bmp=encoded(noise(), ".bmp"),
        d__png=encoded(noise(1)),
    )
    a, b, c, d = (looks[name] for name in ("a.png", "b.png", "c.bmp", "d.png"))
    assert a.sha256 == b.sha256 != c.sha256 and a.pixels == b.pixels == c.pixels != d.pixels
    assert b.origin == ORIGIN and a.origin is None
    assert (a.dhash, a.phash) == (c.dhash, c.phash) and a.phash != d.phash


def test_hashes_hardly_change_with_compression_and_light() -> None:
    smooth = cv2.GaussianBlur(noise(3, (200, 300)), (0, 0), 12)
    smooth = cv2.normalize(smooth, None, 0, 200, cv2.NORM_MINMAX).astype(np.uint8)
    twin = cv2.imdecode(np.frombuffer(encoded(smooth, ".jpg"), np.uint8), cv2.IMREAD_COLOR) + np.uint8(20)
    other = cv2.GaussianBlur(noise(4, (200, 300)), (0, 0), 12)

    def hashes(picture: NDArray[np.uint8]) -> tuple[int, int]:
        gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        return looking._dhash(gray), looking._phash(gray)

    near = [(one ^ two).bit_count() for one, two in zip(hashes(smooth), hashes(twin), strict=True)]
    far = [(one ^ two).bit_count() for one, two in zip(hashes(smooth), hashes(other), strict=True)]
    assert max(near) <= 6 and min(far) >= 16


def test_what_is_no_usable_picture_has_a_fault_and_never_stops_the_rest(tmp_path: Path) -> None:
    whole = encoded(noise())
    looks = look_at_files(
        tmp_path,
        cut__png=whole[:-30],
        text__jpg=b"not a picture",
        none__png=b"",
        deep__png=encoded(noise().astype(np.uint16)),
        glass__png=encoded(np.dstack([noise(), noise()[:, :, 0]])),
        fine__png=whole,
    )
    faults = {name: look.fault for name, look in looks.items()}
    assert faults.pop("fine.png") == ""
    for name, words in {
        "cut.png": "cut short",
        "text.jpg": "is no PNG",
        "none.png": "is no PNG",
        "deep.png": "16 bits",
        "glass.png": "alpha",
    }.items():
        assert words in faults[name] and faults[name][0] != " "
    assert looks["deep.png"].header.bits == 16 and looks["glass.png"].header.alpha
    assert looks["cut.png"].quality is None and looks["cut.png"].size == (60, 40)


def test_a_file_that_is_gone_forbidden_or_no_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    items = tuple(Item(tmp_path / name, name) for name in ("gone.png", "folder.png", "pipe.png"))
    looks = look_at(Source(tmp_path, "folders", items, ()), Progress(io.StringIO()))
    assert [look.fault.split(";")[0] for look in looks] == [
        "cannot be read (No such file or directory)",
        "cannot be read (it is no file)",
        "cannot be read (it is no file)",
    ]


def test_more_pixels_or_bytes_than_memory_holds_are_never_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    bomb = b"\x89PNG\r\n\x1a\n" + chunk + encoded(noise())[33:]
    assert "200 million pixels" in look_at_files(tmp_path, bomb__png=bomb)["bomb.png"].fault
    monkeypatch.setattr(looking, "_MOST_BYTES", 1000)
    assert "larger than" in look_at_files(tmp_path, big__png=encoded(noise()))["big.png"].fault


def test_many_thumbnails_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "_IN_MEMORY", 1)
    looks = look_at_files(tmp_path, a__png=encoded(noise(0)), b__png=encoded(noise(1)))
    assert isinstance(looks["a.png"].thumbnail.base, np.memmap)
    assert looks["a.png"].thumbnail.any() and (looks["a.png"].thumbnail != looks["b.png"].thumbnail).any()


def test_no_room_for_thumbnails_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int, _start: int, _length: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(NotThere, match=r"no room for 878 MB \(No space left on device\); .* TMPDIR"):
        looking.room_for((100_000, 96, 96))


def test_looks_come_in_order_and_only_a_few_ahead() -> None:
    begun: list[int] = []

    def work(one: int) -> int:
        begun.append(one)
        return 2 * one

    made = looking.in_order(work, range(1000))
    assert [next(made) for _ in range(3)] == [0, 2, 4]
    assert len(begun) < 20
    assert list(made) == [2 * one for one in range(3, 1000)]


def exif(order: str, orientation: int) -> bytes:
    """A directory with orientation and model, written by hand."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entries = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    entries = struct.pack(f"{order}HHII", 0x0110, 2, 6, 38) + entries
    return mark + struct.pack(f"{order}IH", 8, 2) + entries + struct.pack(f"{order}I", 0) + b"Phone\0"


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_tells_orientation_and_camera_in_every_container(order: str) -> None:
    said, known = exif(order, 6), Exif(6, "Phone")
    jpeg = encoded(noise(), ".jpg")
    body = b"Exif\0\0" + said
    assert exif_of(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(body)) + body + jpeg[2:]) == known
    png = encoded(noise())
    chunk = struct.pack(">I", len(said)) + b"eXIf" + said + struct.pack(">I", zlib.crc32(b"eXIf" + said))
    assert exif_of(png[:33] + chunk + png[33:]) == known
    webp = encoded(noise(), ".webp")
    assert exif_of(webp + b"EXIF" + struct.pack("<I", len(said)) + said) == known
    assert exif_of(said) == known
    assert exif_of(png) == exif_of(jpeg) == Exif()


def test_exif_that_makes_no_sense_says_nothing() -> None:
    whole = exif("<", 6)
    for cut in range(len(whole)):
        exif_of(whole[:cut])
    assert exif_of(whole.replace(b"\x06\x00\x00\x00" + b"\0" * 4, b"\x63\x00\x00\x00" + b"\0" * 4)).orientation in (
        1,
        6,
    )
    endless = b"II*\0" + struct.pack("<IH", 8, 65535)
    assert exif_of(endless) == Exif()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff", ".webp"])
def test_headers_tell_kind_and_size(suffix: str) -> None:
    content = encoded(noise(), suffix)
    header = header_of(content)
    assert header.size == (60, 40) and header.bits == 8 and not header.alpha and header.kind
    for cut in range(0, min(200, len(content))):
        header_of(content[:cut])


@pytest.mark.parametrize("quality", [30, 60, 75, 90, 95])
def test_the_quality_of_a_jpeg_is_what_it_was_written_with(quality: int) -> None:
    told = header_of(encoded(noise(), ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)).quality
    assert told is not None and abs(told - quality) <= 1

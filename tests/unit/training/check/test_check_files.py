"""Files that cannot be used, each with its own code and remedy; names that other systems refuse."""

from __future__ import annotations

import struct
import unicodedata
import zlib

import cv2
import numpy as np
import pytest

from models.errors import BadPicture
from models.picture_file import decode_picture
from tests.fakes.looks import codes, look
from training.check.files import check_files
from training.check.findings import Severity
from training.check.header import Header, Kind
from training.check.names import check_names
from training.exif import Exif

NOISE = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
PNG = cv2.imencode(".png", NOISE)[1].tobytes()


def fault(content: bytes) -> str:
    """What the reader really says of such a file."""
    with pytest.raises(BadPicture) as caught:
        decode_picture("", np.frombuffer(content, np.uint8))
    return str(caught.value).strip()


def encoded(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (PNG[:-20], "truncated"),
        (PNG[:60] + b"?" + PNG[61:], "truncated"),
        (PNG[:33] + b"\0\0\0\0acTL" + struct.pack(">I", zlib.crc32(b"acTL")) + PNG[33:], "animated"),
        (encoded(NOISE.astype(np.uint16)), "sixteen-bit"),
        (encoded(np.dstack([NOISE, NOISE[:, :, 0]])), "alpha"),
        (b"no picture at all", "not-a-picture"),
    ],
    ids=["cut", "damaged", "animated", "16 bit", "alpha", "text"],
)
def test_each_fault_of_the_reader_has_its_code_and_what_to_do(content: bytes, code: str) -> None:
    said = fault(content)
    (found,) = check_files([look("a.png", fault=said), look("b.png")])
    assert (found.code, found.severity, found.pictures) == (code, Severity.ERROR, ("a.png",))
    assert (
        found.remarks == (("a.png", said),) and "1 picture of 2" in found.found.en and "2 张中有 1 张" in found.found.zh
    )


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("cannot be read (Permission denied); check the file and its rights", "unreadable"),
        ("cannot be read (larger than 512 MB); check the file and its rights", "too-large"),
        ("has more than 200 million pixels; cut it", "too-large"),
    ],
)
def test_what_the_disk_refuses_is_told_apart(said: str, code: str) -> None:
    assert codes(list(check_files([look("a.png", fault=said)]))) == [code]


def test_sound_files_are_not_spoken_of() -> None:
    fine = [look("好/图.png"), look("a.JPEG", header=Header(Kind.JPEG, quality=92))]
    assert list(check_files(fine)) == []


def test_an_ending_that_lies_is_told_with_what_it_is() -> None:
    (found,) = check_files([look("a.jpg"), look("b.png")])
    assert (found.code, found.severity, found.remarks) == ("wrong-ending", Severity.NOTE, (("a.jpg", "PNG"),))


def test_pictures_that_viewers_turn_are_told_and_whether_they_lie_differently() -> None:
    turned, plain = look("a.png", exif=Exif(6)), look("b.png")
    (mixed,), (alike,) = check_files([turned, plain]), check_files([turned])
    assert mixed.code == alike.code == "exif-rotation" and mixed.pictures == ("a.png",)
    assert "turned in 2 ways" in mixed.found.en and "ways" not in alike.found.en and "2 种方向" in mixed.found.zh


def test_coarse_jpeg_is_told_with_the_lowest_quality() -> None:
    (found,) = check_files(
        [look(f"{quality}.jpg", header=Header(Kind.JPEG, quality=quality)) for quality in (40, 74, 75)]
    )
    assert found.code == "coarse-jpeg" and found.pictures == ("40.jpg", "74.jpg") and "40 the lowest" in found.found.en


def test_synthetic_pictures_among_real_ones_are_an_error_and_in_their_own_folder_none() -> None:
    looks = [look("dent/1.png", "dent", synthetic=True), look("synthetic/dent/1.png", "dent", synthetic=True)]
    (found,) = check_files(looks)
    assert (found.code, found.severity, found.pictures) == ("synthetic", Severity.ERROR, ("dent/1.png",))


def test_names_of_any_script_are_fine() -> None:
    assert list(check_names(["良品/图像 01.png", "Größe/é.png", "крышка/ё.png"])) == []


@pytest.mark.parametrize("name", ["a\tb.png", "a\u202egnp.exe.png", " a.png", "good /a.png", "a .png", "a\udcff.png"])
def test_characters_that_nobody_sees_are_told(name: str) -> None:
    found = list(check_names([name, "b.png"]))
    assert codes(found) == ["name-characters"] and found[0].pictures == (name,)


@pytest.mark.parametrize("name", ["a:b.png", "con.png", "good./a.png", "x" * 201 + ".png"])
def test_what_windows_refuses_is_a_note(name: str) -> None:
    (found,) = check_names([name])
    assert (found.code, found.severity) == ("name-elsewhere", Severity.NOTE)


def test_names_that_clash_elsewhere_stand_beside_each_other() -> None:
    composed, apart = "é.png", unicodedata.normalize("NFD", "é.png")
    (found,) = check_names(["A.png", "a.png", "b.png", composed, apart])
    assert found.code == "name-clash" and found.groups == (("A.png", "a.png"), (composed, apart))

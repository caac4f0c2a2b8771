"""Sizes from headers: what OpenCV and Pillow wrote, and what no program should have written."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from models.errors import BadPicture
from models.picture_file import read_picture
from training.formats.sizes import Header, picture_header, picture_size

GRAY = np.arange(37 * 53, dtype=np.uint32).astype(np.uint8).reshape(37, 53)
COLOUR = np.dstack([GRAY, GRAY.T.reshape(37, 53), GRAY])


@pytest.mark.parametrize("picture", [GRAY, COLOUR], ids=["gray", "colour"])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".webp"])
def test_the_header_says_what_decoding_gives(tmp_path: Path, suffix: str, picture: np.ndarray) -> None:
    path = tmp_path / f"图{suffix}"
    path.write_bytes(cv2.imencode(suffix, picture)[1].tobytes())
    decoded = read_picture(path)
    assert picture_size(path) == (decoded.shape[1], decoded.shape[0]) == (53, 37)
    # Neither WebP nor a BMP's palette says that a picture is gray.
    if suffix not in (".webp", ".bmp"):
        assert picture_header(path).channels == (1 if decoded.ndim == 2 else 3)


@pytest.mark.parametrize(
    ("mode", "suffix", "options", "channels"),
    [
        ("L", ".jpg", {"progressive": True}, 1),
        ("RGB", ".jpg", {"comment": b"x" * 60_000, "exif": b"Exif\0\0" + b"\xff\xc0" * 20_000}, 3),
        ("RGBA", ".png", {}, 4),
        ("LA", ".png", {}, 2),
        ("P", ".png", {}, 3),
        ("RGB", ".webp", {"lossless": True}, 3),
        ("RGBA", ".webp", {"lossless": True}, 4),
        ("RGB", ".webp", {"exif": b"Exif\0\0II*\0" + b"\0" * 20}, 3),
        ("RGB", ".tif", {"compression": "tiff_lzw"}, 3),
        ("L", ".tif", {"big_tiff": False}, 1),
    ],
)
def test_what_another_program_wrote(
    tmp_path: Path, mode: str, suffix: str, options: dict[str, object], channels: int
) -> None:
    path = tmp_path / f"a{suffix}"
    Image.new(mode, (301, 7)).save(path, **options)
    assert picture_header(path) == Header(301, 7, channels)


def test_a_big_endian_tiff_and_both_kinds_of_bitmap(tmp_path: Path) -> None:
    path = tmp_path / "a"
    rows = b"".join(struct.pack(">HHIHH", tag, 3, 1, value, 0) for tag, value in ((256, 640), (257, 480), (277, 3)))
    path.write_bytes(b"MM\0*" + struct.pack(">IH", 8, 3) + rows + bytes(4))
    assert picture_header(path) == Header(640, 480, 3)
    path.write_bytes(b"BM" + bytes(12) + struct.pack("<IHHHH", 12, 640, 480, 1, 24))
    assert picture_header(path) == Header(640, 480, 3)
    path.write_bytes(b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 640, -480, 1, 8))
    assert picture_size(path) == (640, 480)


def _png(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def _jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no PNG"),
        (b"GIF89a" + bytes(40), "no PNG"),
        (b"\x89PNG\r\n\x1a\n", "cut short"),
        (_png(10, 10)[:-1], "cut short"),
        (_png(10, 10)[:-1] + b"?", "damaged"),
        (_png(10, 10).replace(b"IHDR", b"IDAT"), "damaged"),
        (_png(0, 10), "no picture has"),
        (_png(2**31, 2**31), "no picture has"),
        (_jpeg(), "cut short"),
        (_jpeg(b"\xff\xe0\x00"), "cut short"),
        (_jpeg(b"\xff\xe0\x00\x04ab", b"zzzz" * 4), "damaged"),
        (_jpeg(b"\xff\xda\x00\x04ab" + bytes(10)), "no frame header"),
        (_jpeg(b"\xff\xd0" * 20_000), "no frame header"),
        (_jpeg(b"\xff\xc0\x00\x0b\x08\x00\x00\x00\x09\x01" + bytes(8)), "no picture has"),
        (b"RIFF\0\0\0\0WEBPVP8 " + bytes(20), "damaged"),
        (b"RIFF\0\0\0\0WEBPVP8L" + bytes(20), "damaged"),
        (b"RIFF\0\0\0\0WEBPXXXX" + bytes(20), "damaged"),
        (b"RIFF\0\0\0\0WEBPVP8X", "cut short"),
        (b"BM" + bytes(8), "cut short"),
        (b"BM" + bytes(12) + struct.pack("<IiiHH", 40, -5, 5, 1, 8), "no picture has"),
        (b"BM" + bytes(12) + struct.pack("<IiiHH", 40, -5, -5, 1, 8), "no picture has"),
        (b"II*\0" + struct.pack("<I", 2**31), "cut short"),
        (b"II*\0" + struct.pack("<IH", 8, 60_000), "cut short"),
        (b"II*\0" + struct.pack("<IH", 8, 0) + bytes(4), "no size"),
    ],
)
def test_a_wrong_header_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "图 1.png"
    path.write_bytes(content)
    with pytest.raises(BadPicture, match=f"图 1.png .*{said}.*; "):
        picture_size(path)


def test_every_cut_of_a_header_is_refused_or_has_the_size(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for suffix in (".png", ".jpg", ".bmp", ".tif", ".webp"):
        whole = cv2.imencode(suffix, COLOUR)[1].tobytes()
        for length in range(0, min(len(whole), 700)):
            path.write_bytes(whole[:length])
            try:
                assert picture_size(path) == (53, 37)
            except BadPicture as error:
                assert str(error).startswith("a ")


def test_no_file_and_no_right_to_read_are_sentences(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.png", tmp_path):
        with pytest.raises(BadPicture, match="cannot be read"):
            picture_size(path)


def test_an_orientation_does_not_turn_the_size(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = BytesIO()
    Image.new("RGB", (40, 20)).save(stored, "JPEG", exif=exif)
    (tmp_path / "a.jpg").write_bytes(stored.getvalue())
    assert picture_size(tmp_path / "a.jpg") == (40, 20)

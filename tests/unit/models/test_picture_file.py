"""Only whole pictures are read: every way in which a file can be less is refused by name."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.errors import BadPicture
from models.picture_file import decode_picture, read_picture, whole_size

SUFFIXES = (".png", ".jpg", ".bmp", ".tif", ".webp")


def encode(suffix: str, picture: np.ndarray, *options: int) -> bytes:
    return bytes(cv2.imencode(suffix, picture, options)[1].tobytes())


def texture(channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 255, (12, 16, channels), np.uint8)
    return cv2.resize(coarse, (160, 120)).reshape(120, 160, channels)


def read(folder: Path, data: bytes, name: str = "part.png") -> np.ndarray:
    (folder / name).write_bytes(data)
    return read_picture(folder / name)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_lossless_formats_come_back_as_stored(tmp_path: Path, suffix: str) -> None:
    assert (read(tmp_path, encode(suffix, texture())) == texture()).all()
    assert (read(tmp_path, encode(suffix, texture(1))) == texture(1)[:, :, 0]).all()


def test_names_in_chinese_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, encode(".png", texture()), "法兰盘 3.png").shape == (120, 160, 3)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_short_is_never_judged(tmp_path: Path, suffix: str, share: float) -> None:
    whole = encode(suffix, texture())
    with pytest.raises(BadPicture, match=r"^part\.png (is cut short|cannot be decoded)"):
        read(tmp_path, whole[: int(len(whole) * share)])


@pytest.mark.parametrize(
    "options",
    [(cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)],
    ids=["progressive", "restart markers"],
)
def test_jpegs_of_every_kind_are_followed_to_their_end(tmp_path: Path, options: tuple[int, int]) -> None:
    whole = encode(".jpg", texture(), *options)
    assert read(tmp_path, whole).shape == (120, 160, 3)
    assert read(tmp_path, whole + b"trailer of a telephone").shape == (120, 160, 3)
    with pytest.raises(BadPicture, match="cut short"):
        read(tmp_path, whole[:-40])


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture(tmp_path: Path) -> None:
    whole, thumbnail = encode(".jpg", texture()), encode(".jpg", texture()[:20, :20])
    with_thumbnail = whole[:2] + b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + whole[2:]
    assert read(tmp_path, with_thumbnail).shape == (120, 160, 3)
    with pytest.raises(BadPicture, match="cut short"):
        read(tmp_path, with_thumbnail[:-40])


def test_exif_orientation_does_not_turn_the_picture(tmp_path: Path) -> None:
    whole = encode(".jpg", texture())
    tiff = b"II*\x00\x08\x00\x00\x00" + struct.pack("<HHHII", 1, 0x0112, 3, 1, 6) + b"\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + tiff
    turned = whole[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + whole[2:]
    assert cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR).shape == (160, 120, 3)
    assert read(tmp_path, turned).shape == (120, 160, 3)


def test_damage_in_the_middle_of_a_png_is_found(tmp_path: Path) -> None:
    whole = bytearray(encode(".png", texture()))
    whole[len(whole) // 2] ^= 0x10
    with pytest.raises(BadPicture, match="checksum"):
        read(tmp_path, bytes(whole))


def test_more_than_eight_bits_are_refused(tmp_path: Path) -> None:
    for suffix in (".png", ".tif"):
        with pytest.raises(BadPicture, match="16 bits a channel"):
            read(tmp_path, encode(suffix, texture().astype(np.uint16) * 200))


def test_transparency_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match="alpha channel"):
        read(tmp_path, encode(".png", texture(4)))


def test_animations_are_refused(tmp_path: Path) -> None:
    whole = encode(".png", texture())
    control = b"acTL" + struct.pack(">II", 2, 0)
    animated = whole[:33] + struct.pack(">I", 8) + control + struct.pack(">I", zlib.crc32(control)) + whole[33:]
    with pytest.raises(BadPicture, match="animation"):
        read(tmp_path, animated)
    header = b"VP8X" + struct.pack("<I", 10) + b"\x02" + bytes(9)
    with pytest.raises(BadPicture, match="animation"):
        read(tmp_path, b"RIFF" + struct.pack("<I", 4 + len(header)) + b"WEBP" + header)


def test_several_pages_are_refused(tmp_path: Path) -> None:
    cv2.imwritemulti(str(tmp_path / "pages.tif"), [texture(), texture()])
    with pytest.raises(BadPicture, match="several pages"):
        read_picture(tmp_path / "pages.tif")


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a" + bytes(100), b"\xff\xd8", b"BM", b"II*\x00", b"RIFF\x04\0\0\0WEBPVP8X"]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadPicture, match=r"^part\.png .*; "):
        read(tmp_path, data)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match="cannot be read"):
        read_picture(tmp_path / "missing.png")


@settings(max_examples=150)
@given(
    suffix=st.sampled_from(SUFFIXES),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_any_damage_ends_in_a_picture_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, changes: list[tuple[float, int]]
) -> None:
    data = bytearray(encode(suffix, texture()[:24, :24]))
    for place, value in changes:
        data[int(place * min(len(data), 200))] = value
    try:
        assert read(tmp_path_factory.getbasetemp(), bytes(data), "fuzz").dtype == np.uint8
    except BadPicture as error:
        assert "; " in str(error)


JPEG = cv2.imencode(".jpg", np.random.default_rng(3).integers(0, 255, (120, 160, 3), np.uint8))[1].ravel()
DAMAGED = {
    "its middle is gone": np.concatenate((JPEG[:4000], JPEG[-2:])),
    "a packet is gone": np.concatenate((JPEG[:4000], JPEG[4500:])),
    "a packet is zeros": np.concatenate((JPEG[:4000], np.zeros(500, np.uint8), JPEG[4500:])),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_jpeg_with_both_its_ends_and_damage_between_them_is_refused(data: NDArray[np.uint8]) -> None:
    assert cv2.imdecode(data, cv2.IMREAD_UNCHANGED) is not None, "OpenCV takes it, with gray in place of the damage"
    with pytest.raises(BadPicture, match="is damaged; copy it again"):
        decode_picture("picture", data)


@pytest.mark.parametrize("shape", [(120, 160, 3), (120, 160)])
def test_a_jpeg_is_decoded_to_the_very_pixels_of_opencv(shape: tuple[int, ...]) -> None:
    data = cv2.imencode(".jpg", np.random.default_rng(4).integers(0, 255, shape, np.uint8))[1].ravel()
    found = decode_picture("picture", data)
    assert found.shape == shape
    assert (found == cv2.imdecode(data, cv2.IMREAD_UNCHANGED)).all()


def test_a_few_bytes_that_a_camera_adds_before_the_end_are_no_damage() -> None:
    padded = np.concatenate((JPEG[:-2], np.zeros(4, np.uint8), JPEG[-2:]))
    assert (decode_picture("picture", padded) == cv2.imdecode(JPEG, cv2.IMREAD_UNCHANGED)).all()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_whole_file_tells_its_size_and_a_cut_one_does_not(tmp_path: Path, suffix: str) -> None:
    written = cv2.imencode(suffix, np.zeros((24, 40, 3), np.uint8))[1].tobytes()
    assert whole_size(f"a{suffix}", written) == (40, 24)
    with pytest.raises(BadPicture, match=f"a{suffix} is "):
        whole_size(f"a{suffix}", written[: len(written) // 2])


def test_a_size_is_told_without_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.picture_file.decode_picture", None)
    for suffix in (".png", ".jpg"):
        written = cv2.imencode(suffix, np.zeros((24, 40, 3), np.uint8))[1].tobytes()
        assert whole_size("a", written) == (40, 24)
    with pytest.raises(BadPicture, match="a is damaged"):
        whole_size("a", b"\xff\xd8\xff\xdb\x00\x02\xff\xd9")

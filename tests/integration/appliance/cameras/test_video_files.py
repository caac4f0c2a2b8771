"""Video files as ffmpeg makes them: every codec, and everything that can be wrong with a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.cameras.base import EndOfPictures
from appliance.cameras.video import VideoCamera
from appliance.config.video import VideoCameraConfig
from appliance.errors import CameraLost
from models.errors import BadPicture
from tests.fakes.film import encode_film, ffmpeg

CODECS = {
    "h264.mp4": ("-c:v", "libx264", "-movflags", "faststart"),
    "mjpeg.avi": ("-c:v", "mjpeg", "-q:v", "3"),
    "mpeg4.mkv": ("-c:v", "mpeg4"),
    "vp8.webm": ("-c:v", "libvpx"),
    "gray.mkv": ("-c:v", "ffv1", "-pix_fmt", "gray"),
}


def make(path: Path, **settings: Any) -> VideoCamera:
    settings = {"pace": "trigger", **settings}
    return VideoCamera("video", VideoCameraConfig(type="video", source=path, **settings))


def replay(camera: VideoCamera) -> list[str]:
    """What every grab gave until the end: the source's name, or the fault."""
    found = []
    while not camera.exhausted:
        try:
            found.append(camera.grab(5).source)
        except BadPicture as error:
            found.append(str(error))
        assert len(found) < 1000
    return found


@pytest.mark.parametrize(("name", "encoding"), CODECS.items(), ids=CODECS.keys())
def test_every_picture_of_every_codec_is_given_once_and_in_order(
    tmp_path: Path, name: str, encoding: tuple[str, ...]
) -> None:
    camera = make(encode_film(tmp_path / name, *encoding, seconds=1))
    camera.open()
    assert camera.grab(5).image.shape == (240, 320, 3)
    assert replay(camera) == [f"{name} picture {number}" for number in range(2, 21)]
    with pytest.raises(EndOfPictures, match="all 20 pictures"):
        camera.grab(1)
    camera.close()


def test_a_wrong_ending_of_the_name_does_not_matter(tmp_path: Path) -> None:
    encode_film(tmp_path / "film.avi", *CODECS["mjpeg.avi"], seconds=1).rename(tmp_path / "film.mp4")
    camera = make(tmp_path / "film.mp4")
    camera.open()
    assert len(replay(camera)) == 20
    camera.close()


def test_a_loop_begins_again_behind_the_last_picture(tmp_path: Path) -> None:
    camera = make(encode_film(tmp_path / "film.avi", *CODECS["mjpeg.avi"], seconds=0.25), loop=True)
    camera.open()
    frames = [camera.grab(5) for _ in range(12)]
    assert [frame.source for frame in frames[4:7]] == [f"film.avi picture {number}" for number in (5, 1, 2)]
    assert [frame.seq for frame in frames] == list(range(1, 13))
    assert not camera.exhausted
    camera.close()


def test_in_real_time_pictures_come_by_the_clock_and_go_when_nobody_asks(tmp_path: Path) -> None:
    camera = make(encode_film(tmp_path / "film.avi", *CODECS["mjpeg.avi"], seconds=1.5), pace="real_time")
    camera.open()
    first, second = camera.grab(5), camera.grab(5)
    assert second.captured_ns - first.captured_ns > 20_000_000
    with pytest.raises(EndOfPictures):
        while True:
            camera.grab(5)
    assert camera.exhausted
    assert camera.counts.pictures == 30
    camera.close()


def test_reopening_goes_on_behind_the_last_picture_given(tmp_path: Path) -> None:
    camera = make(encode_film(tmp_path / "film.mp4", *CODECS["h264.mp4"], seconds=1))
    camera.open()
    for _ in range(5):
        camera.grab(5)
    camera.close()
    camera.open()
    assert camera.grab(5).source == "film.mp4 picture 6"
    camera.close()


@pytest.mark.parametrize("name", ["h264.mp4", "mjpeg.avi"])
def test_a_file_that_is_cut_short_says_so_before_its_end_and_gives_no_torn_picture(tmp_path: Path, name: str) -> None:
    whole = encode_film(tmp_path / name, *CODECS[name], seconds=3)
    content = whole.read_bytes()
    (tmp_path / f"cut-{name}").write_bytes(content[: len(content) * 2 // 5])
    camera = make(tmp_path / f"cut-{name}")
    camera.open()
    found = replay(camera)
    assert 5 < len(found) < 50
    assert "are missing; copy it again" in found[-1]
    assert all(f"cut-{name} picture" in one for one in found[:-1])
    assert camera.counts.unusable == 1
    camera.close()


def test_a_torn_jpeg_inside_a_file_costs_its_trigger_only(tmp_path: Path) -> None:
    film = encode_film(tmp_path / "film.avi", *CODECS["mjpeg.avi"], seconds=1)
    content = bytearray(film.read_bytes())
    start = content.index(b"\xff\xd8", content.index(b"\xff\xd8") + 2)
    end = content.index(b"\xff\xd9", start)
    content[end - 3000 : end + 2] = bytes(3002)
    film.write_bytes(content)
    camera = make(film)
    camera.open()
    found = replay(camera)
    assert len(found) == 20
    assert [number for number, one in enumerate(found, start=1) if "is damaged" in one] == [2]
    camera.close()


def write_bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def unknown_codec(path: Path) -> None:
    encode_film(path, *CODECS["h264.mp4"], seconds=1)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"okng"))


def still_picture(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2", "-frames:v", 1, "-f", "image2", "-c:v", "png", path)


NO_VIDEO: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda path: None, "is not there"),
    "a folder": (lambda path: path.mkdir(), "is not there"),
    "empty": (write_bytes(b""), "is empty"),
    "text": (write_bytes(b"no video\n" * 1000), "no video that can be read"),
    "noise": (write_bytes(bytes(range(256)) * 40), "no video that can be read"),
    "a list of other files": (write_bytes(b"ffconcat version 1.0\nfile 'other.avi'\n"), "no video that can be read"),
    "a playlist": (write_bytes(b"#EXTM3U\n#EXTINF:1,\nother.ts\n#EXT-X-ENDLIST\n"), "no video that can be read"),
    "a still picture": (still_picture, "no video that can be read"),
    "a codec that is not there": (unknown_codec, "no video that can be read|no picture that can be read"),
}


@pytest.mark.parametrize(("write", "said"), NO_VIDEO.values(), ids=NO_VIDEO.keys())
def test_what_is_no_video_is_said_as_such(tmp_path: Path, write: Callable[[Path], object], said: str) -> None:
    encode_film(tmp_path / "other.avi", *CODECS["mjpeg.avi"], seconds=0.5)
    write(tmp_path / "film.mp4")
    with pytest.raises(CameraLost, match=said) as caught:
        make(tmp_path / "film.mp4").open()
    assert caught.value.text_zh


def test_a_name_that_ffmpeg_would_take_for_a_command_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    encode_film(tmp_path / "other.avi", *CODECS["mjpeg.avi"], seconds=0.5)
    with pytest.raises(CameraLost, match="is not there"):
        make(Path("concat:other.avi|other.avi")).open()

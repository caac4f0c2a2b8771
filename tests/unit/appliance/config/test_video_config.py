"""What a video camera's section takes, what it refuses, and that no password is ever repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.load import load_config
from appliance.config.schema import Config
from appliance.config.video import SourceKind, VideoCameraConfig
from appliance.errors import UsageError


def load(folder: Path, *lines: str) -> Config:
    path = folder / "station.toml"
    camera = "\n".join(lines)
    path.write_text(
        f'[station]\nstate_dir = "s"\n[model]\npackage = "m.okng"\n[camera]\ntype = "video"\n{camera}\n',
        encoding="utf-8",
    )
    return load_config(path)[0]


def camera(folder: Path, *lines: str) -> VideoCameraConfig:
    found = load(folder, *lines).camera
    assert isinstance(found, VideoCameraConfig)
    return found


def problem(folder: Path, *lines: str) -> str:
    with pytest.raises(UsageError) as caught:
        load(folder, *lines)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("clips/belt.mp4", SourceKind.FILE),
        ("/dev/v4l/by-id/usb-Cam_1-video-index0", SourceKind.V4L2),
        ("/dev/video0", SourceKind.V4L2),
        ("rtsp://camera.line:8554/stream?channel=1", SourceKind.RTSP),
        ("http://10.0.0.9/video.mjpg", SourceKind.HTTP),
        ("https://[fe80::1]:8443/video.mjpg", SourceKind.HTTP),
    ],
)
def test_the_kind_is_read_off_the_source(tmp_path: Path, source: str, kind: SourceKind) -> None:
    assert camera(tmp_path, f'source = "{source}"').kind is kind


def test_a_file_starts_at_the_configuration(tmp_path: Path) -> None:
    found = camera(tmp_path, 'source = "clips/belt.mp4"', 'pace = "trigger"', "loop = true")
    assert found.source == tmp_path / "clips" / "belt.mp4"


@pytest.mark.parametrize(
    "source",
    [
        "file:/etc/passwd",
        "concat:a.mp4|b.mp4",
        "pipe:0",
        "subfile,,start,0,end,9,,:/etc/passwd",
        "data:text/plain,hello",
        "rtmp://host/app",
        "udp://239.0.0.1:1234",
        "lavfi:testsrc",
        "rtsp:host/path",
        "http:///no-host",
        "rtsp://host:port/x",
        "http://host/a b",
        "http://host/a|b",
        "",
        "belt.mp4\\u0000.png",
        "\\u001b[2J",
    ],
)
def test_whatever_else_ffmpeg_knows_is_refused(tmp_path: Path, source: str) -> None:
    if source.startswith("subfile"):
        # No scheme by the rules of URLs: a file of this name, which FFmpeg is told as one.
        assert camera(tmp_path, f'source = "{source}"').kind is SourceKind.FILE
        return
    assert "[camera] source" in problem(tmp_path, f'source = "{source}"')


def test_a_password_in_the_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    for url in ("rtsp://okng:s3cret@host/x", "http://s3cret@host/x", "http://[s3cret@host/x", "ftp://a:s3cret@host"):
        said = problem(tmp_path, f'source = "{url}"')
        assert "s3cret" not in said
    assert "password_file" in problem(tmp_path, 'source = "rtsp://okng:s3cret@host/x"')


def test_keys_behind_the_question_mark_are_not_shown(tmp_path: Path) -> None:
    assert (
        camera(tmp_path, 'source = "http://host:81/v.cgi?user=a&pwd=s3cret"').shown_source == "http://host:81/v.cgi?…"
    )
    assert camera(tmp_path, 'source = "rtsp://host/stream"').shown_source == "rtsp://host/stream"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['source = "rtsp://h/x"', "loop = true"], "for files"),
        (['source = "/dev/video0"', 'pace = "trigger"'], "for files"),
        (['source = "a.mp4"', 'transport = "udp"'], "rtsp sources only"),
        (['source = "a.mp4"', 'username = "x"'], "rtsp and http"),
        (['source = "rtsp://h/x"', 'password_file = "p"'], "needs username"),
        (['source = "rtsp://h/x"', "[camera.settings]", "gain = 3"], "V4L2 devices only"),
        (['source = "/dev/video0"', "[camera.settings]", "width_px = 640"], "both width_px and height_px"),
        (
            ['source = "/dev/video0"', "[camera.settings]", "auto_exposure = true", "exposure = 9"],
            "auto_exposure is true",
        ),
        (['source = "/dev/video0"', "[camera.settings]", 'fourcc = "MJPG;x"'], "fourcc"),
        (['source = "/dev/video0"', "[camera.settings]", "exposur = 9"], "did you mean exposure?"),
        (["loop = true"], "source: missing"),
    ],
)
def test_what_does_not_fit_the_source_is_named(tmp_path: Path, lines: list[str], said: str) -> None:
    assert said in problem(tmp_path, *lines)


def test_live_sources_are_watched_for_repeating_themselves_and_files_are_not(tmp_path: Path) -> None:
    assert camera(tmp_path, 'source = "rtsp://h/x"').frozen_after > 0
    assert camera(tmp_path, 'source = "a.mp4"').frozen_after == 0
    assert camera(tmp_path, 'source = "rtsp://h/x"', "stale_after = 0").frozen_after == 0

"""Network streams from real servers: ffmpeg over HTTP, GStreamer over RTSP; killed, stalled and started again."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.cameras.video import VideoCamera
from appliance.config.video import VideoCameraConfig
from appliance.errors import CameraFrozen, CameraLost
from models.errors import BadPicture
from tests.fakes.film import HttpCamera, RtspCamera, Served
from tests.fakes.odd_camera import OddCamera, Send, jpeg, multipart, part, steadily
from tests.fakes.waiting import until


def make(url: str, **settings: Any) -> VideoCamera:
    return VideoCamera("video", VideoCameraConfig(type="video", source=url, **settings))


def opened(camera: VideoCamera) -> bool:
    try:
        camera.open()
    except CameraLost:
        return False
    return True


def lost(camera: VideoCamera) -> bool:
    try:
        camera.check()
    except CameraLost:
        return True
    return False


@pytest.fixture(params=[HttpCamera, RtspCamera], ids=["http", "rtsp"])
def server(request: pytest.FixtureRequest) -> Iterator[HttpCamera | RtspCamera]:
    made: HttpCamera | RtspCamera = request.param()
    with made:
        yield made


@pytest.fixture
def camera(server: HttpCamera | RtspCamera) -> Iterator[VideoCamera]:
    made = make(server.url)
    until(lambda: opened(made), "the stream is there", 20)
    yield made
    made.close()


def test_pictures_come_younger_than_the_question_and_move_on(camera: VideoCamera) -> None:
    asked, frames = [], []
    for _ in range(6):
        asked.append(time.monotonic_ns())
        frames.append(camera.grab(5))
    for question, frame in zip(asked, frames, strict=True):
        assert frame.captured_ns - question > 100_000_000, "what may have been on its way already is not given"
        assert (frame.image.shape, frame.image.dtype, frame.repeats) == ((240, 320, 3), np.uint8, 0)
    for one, other in itertools.pairwise(frames):
        assert one.seq < other.seq
        assert (one.image != other.image).any()


def test_a_killed_camera_is_found_at_once_without_a_question_and_is_there_again_when_started(
    server: Served, camera: VideoCamera
) -> None:
    before = camera.grab(5).seq
    server.stop()
    until(lambda: lost(camera), "the end is found", 2)
    with pytest.raises(CameraLost):
        camera.grab(1)
    camera.close()
    assert not opened(camera)
    server.start()
    until(lambda: opened(camera), "the stream is there again", 20)
    assert camera.grab(5).seq > before
    assert (camera.counts.openings, camera.counts.left_behind) == (2, 0)


def test_a_stalled_camera_is_found_without_a_question_and_reopened_when_it_goes_on(
    server: Served, camera: VideoCamera
) -> None:
    camera.grab(5)
    server.signal(signal.SIGSTOP)
    until(lambda: lost(camera), "the stall is found", 5)
    camera.close()
    server.signal(signal.SIGCONT)
    if isinstance(server, HttpCamera):
        server.stop()  # this server takes one client in its life
        server.start()
    until(lambda: opened(camera), "the stream is there again", 20)
    assert camera.grab(5).image.any()


def test_a_source_that_is_not_there_is_named_without_its_login(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "password").write_text("s3cret\n", encoding="utf-8")
    for scheme in ("rtsp", "http"):
        camera = make(f"{scheme}://127.0.0.1:9/x?key=hidden", username="okng", password_file=tmp_path / "password")
        with pytest.raises(CameraLost) as caught:
            camera.open()
        for text in (str(caught.value), caught.value.text_zh, repr(caught.value.__cause__)):
            assert "s3cret" not in text
            assert "hidden" not in text
        assert f"{scheme}://127.0.0.1:9/x" in str(caught.value)
    printed = capfd.readouterr()
    assert "s3cret" not in printed.out + printed.err


def test_an_rtsp_camera_with_a_login_gives_pictures_to_who_knows_it_and_nobody_sees_the_password(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "password").write_text("s3cret\n", encoding="utf-8")
    with RtspCamera("--login", "okng:s3cret") as server:
        with pytest.raises(CameraLost, match="username and password_file"):
            make(server.url).open()
        camera = make(server.url, username="okng", password_file=tmp_path / "password")
        camera.open()
        assert camera.grab(5).image.any()
        camera.close()
        (tmp_path / "password").write_text("wr0ng", encoding="utf-8")
        with pytest.raises(CameraLost):
            camera.open()
    printed = capfd.readouterr()
    assert "s3cret" not in printed.out + printed.err
    assert "wr0ng" not in printed.out + printed.err


def test_packets_lost_over_udp_cost_their_picture_which_is_counted_and_never_given_half() -> None:
    with RtspCamera("--loss", "0.01") as server:
        camera = make(server.url, transport="udp")
        until(lambda: opened(camera), "the stream is there", 20)
        refused = 0

        def a_trigger_was_refused() -> bool:
            nonlocal refused
            try:
                camera.grab(5)
            except BadPicture as error:
                assert "lost on its way" in str(error)
                refused += 1
            return refused > 0

        until(a_trigger_was_refused, "a picture is lost while it is waited for", 30)
        counts = camera.counts
        camera.close()
    assert counts.lost >= 1
    assert counts.unusable >= 1


def test_over_udp_nothing_is_taken_whose_damage_could_not_be_seen() -> None:
    with RtspCamera(encoding="vp8") as server:
        with pytest.raises(CameraLost, match="not MJPEG, and over UDP"):
            make(server.url, transport="udp").open()
        camera = make(server.url)
        camera.open()
        assert camera.grab(5).image.shape == (240, 320, 3)
        camera.close()


def test_a_camera_that_repeats_its_picture_is_found() -> None:
    with RtspCamera("--still") as still:
        camera = make(still.url, stale_after=10)
        until(lambda: opened(camera), "the stream is there", 20)

        def frozen() -> bool:
            try:
                camera.check()
            except CameraFrozen:
                return True
            return False

        until(frozen, "the frozen picture is found", 10)
        with pytest.raises(CameraFrozen):
            camera.grab(1)
        camera.close()


@pytest.mark.parametrize("length", [True, False], ids=["with Content-Length", "without"])
@pytest.mark.parametrize("told", ["frame", "--frame"])
def test_streams_of_every_spelling_are_read(length: bool, told: str) -> None:
    def serve(handler: BaseHTTPRequestHandler, send: Send) -> None:
        multipart(handler, told)
        steadily(send, lambda number: part(jpeg(number), length=length))

    with OddCamera(serve) as odd:
        camera = make(odd.url, latency_ms=0)
        camera.open()
        assert camera.grab(5).image.shape == (48, 64, 3)
        camera.close()


BROKEN = {
    "cut short": lambda number: part(jpeg(number)[:-200]),
    "another size": lambda number: part(jpeg(number, (64, 64))),
    "no JPEG": lambda number: part(b"GIF89a" + bytes(number % 256 for _ in range(50))),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_pictures_that_are_torn_or_changed_cost_their_trigger_and_are_counted(
    broken: Callable[[int], bytes],
) -> None:
    is_open = threading.Event()

    def serve(handler: BaseHTTPRequestHandler, send: Send) -> None:
        multipart(handler)
        send(part(jpeg(0)))
        is_open.wait(10)
        steadily(send, broken)

    with OddCamera(serve) as odd:
        camera = make(odd.url, latency_ms=0)
        camera.open()
        is_open.set()
        with pytest.raises(BadPicture, match=r"is damaged|changed from 64 x 48 to 64 x 64"):
            camera.grab(5)
        assert camera.counts.unusable == 1
        camera.close()


ODD_ANSWERS = {
    "a page": (200, {"Content-Type": "text/html"}, b"<html>", "no stream of JPEG pictures"),
    "one picture": (200, {"Content-Type": "image/jpeg"}, jpeg(1), "no stream of JPEG pictures"),
    "no login": (401, {"WWW-Authenticate": 'Basic realm="c"'}, b"", "refuses user name or password"),
    "elsewhere": (302, {"Location": "http://127.0.0.1:9/where-the-password-must-not-go"}, b"", "answers 302"),
    "gone": (404, {}, b"", "answers 404"),
    "an endless header": (200, {"X": "y" * 200_000}, b"", "cannot be reached"),
    "cut off": (200, {"Content-Type": "multipart/x-mixed-replace; boundary=b"}, b"--b\r\n", "ended"),
    "a huge length": (
        200,
        {"Content-Type": "multipart/x-mixed-replace; boundary=b"},
        b"--b\r\nContent-Length: 99999999999\r\n\r\n",
        "ended",
    ),
    "a wrong length": (
        200,
        {"Content-Type": "multipart/x-mixed-replace; boundary=b"},
        b"--b\r\nContent-Length: many\r\n\r\n",
        "ended",
    ),
}


@pytest.mark.parametrize(("status", "headers", "body", "said"), ODD_ANSWERS.values(), ids=ODD_ANSWERS.keys())
def test_what_is_no_stream_is_said_as_such(status: int, headers: dict[str, str], body: bytes, said: str) -> None:
    def serve(handler: BaseHTTPRequestHandler, send: Send) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        send(body)

    with OddCamera(serve) as odd, pytest.raises(CameraLost, match=said):
        make(odd.url).open()


def test_a_connection_that_is_taken_and_never_answered_is_given_up() -> None:
    ending = threading.Event()

    def serve(*_: object) -> None:
        ending.wait(30)

    with OddCamera(serve) as odd:
        began = time.monotonic()
        with pytest.raises(CameraLost):
            make(odd.url).open()
        assert time.monotonic() - began < 9, "an opening may take 10 s"
        ending.set()


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_an_http_camera_with_a_login_is_answered(tmp_path: Path, scheme: str) -> None:
    (tmp_path / "password").write_text("s3cret", encoding="utf-8")
    heard: list[str] = []

    def serve(handler: BaseHTTPRequestHandler, send: Send) -> None:
        login = handler.headers.get("Authorization")
        if login is None:
            challenge = 'Basic realm="c"' if scheme == "basic" else 'Digest realm="c", nonce="n", qop="auth"'
            handler.send_response(401)
            handler.send_header("WWW-Authenticate", challenge)
            handler.end_headers()
            return
        heard.append(login)
        multipart(handler)
        steadily(send, lambda number: part(jpeg(number)))

    with OddCamera(serve) as odd:
        camera = make(odd.url, username="okng", password_file=tmp_path / "password")
        camera.open()
        camera.close()
    assert heard[0].lower().startswith(scheme)
    assert ('username="okng"' in heard[0]) is (scheme == "digest")

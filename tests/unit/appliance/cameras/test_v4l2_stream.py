"""V4L2 devices by a hand-written capture in place of OpenCV's: settings read back, locks, kinds of pictures."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.cameras.v4l2_settings import read_settings
from appliance.cameras.v4l2_stream import V4l2Stream, programs_that_hold
from appliance.cameras.video import VideoCamera
from appliance.config.video import VideoCameraConfig
from appliance.errors import CameraLost
from models.errors import BadPicture
from tests.fakes.stream import picture
from tests.fakes.v4l2 import FakeCapture


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    """A file in place of a device node; it can be opened and locked like one."""
    node = tmp_path / "video0"
    node.touch()
    name = tmp_path / "usb-Maker_Camera-index0"
    name.symlink_to(node)
    yield name


def configure(device: Path, **settings: Any) -> VideoCameraConfig:
    # Its kind is read off the place of the device, which is not /dev here.
    config = VideoCameraConfig(type="video", source="/dev/video0", settings=settings)
    return config.model_copy(update={"source": device})


def open_stream(device: Path, capture: FakeCapture, **settings: Any) -> V4l2Stream:
    return V4l2Stream(configure(device, **settings), capture.open)


def test_the_stable_name_leads_to_the_device_and_settings_are_set_in_order(device: Path) -> None:
    capture = FakeCapture()
    stream = open_stream(
        device, capture, fourcc="YUYV", width_px=640, height_px=480, auto_exposure=False, exposure=120, gain=4
    )
    assert capture.opened == (str(device.resolve()), cv2.CAP_V4L2)
    given = [cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_AUTO_EXPOSURE]
    assert capture.asked[:4] == given
    assert capture.values[cv2.CAP_PROP_EXPOSURE] == 120
    assert capture.values[cv2.CAP_PROP_AUTO_EXPOSURE] == 1, "by hand, as V4L2 counts"
    assert capture.values[cv2.CAP_PROP_BUFFERSIZE] == 1
    shown = read_settings(capture)
    assert (shown["fourcc"], shown["exposure"], shown["auto_exposure"]) == ("YUYV", "120", "false")
    stream.close()
    assert capture.released


@pytest.mark.parametrize(
    ("settings", "found", "said"),
    [
        ({"exposure": 120}, {cv2.CAP_PROP_EXPOSURE: 50.0}, "exposure is 50 and not 120"),
        ({"width_px": 640, "height_px": 480}, {cv2.CAP_PROP_FRAME_WIDTH: 320.0}, "width_px is 320 and not 640"),
        ({"fourcc": "MJPG"}, {cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"YUYV"))}, "is YUYV and not MJPG"),
        ({"auto_exposure": False}, {cv2.CAP_PROP_AUTO_EXPOSURE: 3.0}, "auto_exposure is true and not false"),
    ],
)
def test_size_format_and_exposure_that_do_not_hold_are_a_lost_camera_with_both_values(
    device: Path, settings: dict[str, Any], found: dict[int, float], said: str
) -> None:
    capture = FakeCapture(stubborn=found)
    with pytest.raises(CameraLost, match=said) as caught:
        open_stream(device, capture, **settings)
    assert caught.value.text_zh
    assert capture.released, "what was refused is not held"


def test_another_setting_that_does_not_hold_is_a_warning(device: Path, caplog: pytest.LogCaptureFixture) -> None:
    stream = open_stream(device, FakeCapture(stubborn={cv2.CAP_PROP_GAIN: 1.0}), gain=8, brightness=100)
    assert "gain is 1 and not 8" in caplog.text
    assert "brightness" not in caplog.text
    stream.close()


def test_settings_are_applied_and_read_back_at_every_opening(device: Path) -> None:
    captures = [FakeCapture(), FakeCapture(), FakeCapture(stubborn={cv2.CAP_PROP_EXPOSURE: 7.0})]
    config = configure(device, exposure=120)
    ahead = iter(captures)
    camera = VideoCamera("video", config, lambda *_: V4l2Stream(config, next(ahead).open))
    for capture in captures[:2]:
        camera.open()
        assert capture.values[cv2.CAP_PROP_EXPOSURE] == 120
        camera.close()
    with pytest.raises(CameraLost, match="exposure is 7 and not 120"):
        camera.open()


def test_two_stations_never_share_a_device(device: Path) -> None:
    first = open_stream(device, FakeCapture())
    with pytest.raises(CameraLost, match="another station uses the camera"):
        open_stream(device, FakeCapture())
    first.close()
    open_stream(device, FakeCapture()).close()


def test_a_device_in_use_is_said_with_who_uses_it(device: Path, tmp_path: Path) -> None:
    process = tmp_path / "proc" / "4711"
    (process / "fd").mkdir(parents=True)
    (process / "fd" / "5").symlink_to(device.resolve())
    (process / "comm").write_text("cheese\n", encoding="utf-8")
    (tmp_path / "proc" / str(os.getpid()) / "fd").mkdir(parents=True)
    assert programs_that_hold(device.resolve(), tmp_path / "proc") == ("cheese (4711)",)
    with pytest.raises(CameraLost, match="is no camera that gives pictures"):
        open_stream(device, FakeCapture(opens=False))


def test_a_device_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CameraLost, match="is not there; check its plug"):
        open_stream(tmp_path / "gone", FakeCapture())


@pytest.mark.parametrize("fourcc", ["Y16", "Y10"])
def test_more_than_8_bits_are_refused_and_not_cut_down(device: Path, fourcc: str) -> None:
    with pytest.raises(CameraLost, match="more than 8 bits a pixel; set fourcc"):
        open_stream(device, FakeCapture(fourcc=fourcc))


def test_mjpeg_is_taken_undecoded_and_a_torn_picture_is_refused(device: Path) -> None:
    data = cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 255, (12, 16, 3), np.uint8))[1].reshape(1, -1)
    capture = FakeCapture(fourcc="MJPG", pictures=[data, data[:, :-30]])
    config = configure(device)
    camera = VideoCamera("video", config, lambda *_: V4l2Stream(config, capture.open))
    camera.open()
    assert capture.values[cv2.CAP_PROP_CONVERT_RGB] == 0
    capture.go_on.set()
    with pytest.raises(BadPicture, match="is damaged"):
        camera.grab(5)
    camera.close()


def test_a_driver_that_decodes_mjpeg_itself_is_refused(device: Path) -> None:
    with pytest.raises(CameraLost, match="where damage cannot be seen"):
        open_stream(device, FakeCapture(fourcc="MJPG", refuses={cv2.CAP_PROP_CONVERT_RGB}))


def test_the_kernel_s_time_is_taken_when_it_is_monotonic_and_else_the_arrival(device: Path) -> None:
    capture = FakeCapture(pictures=[picture(1), picture(2)])
    capture.go_on.set()
    stream = open_stream(device, capture)
    taken_ns = time.monotonic_ns() - 30_000_000
    capture.values[cv2.CAP_PROP_POS_MSEC] = taken_ns / 1e6
    assert abs(stream.read().arrived_ns - taken_ns) < 1_000
    capture.values[cv2.CAP_PROP_POS_MSEC] = time.time_ns() / 1e6
    before_ns = time.monotonic_ns()
    assert before_ns <= stream.read().arrived_ns <= time.monotonic_ns()
    stream.close()


def test_an_unplugged_device_is_lost(device: Path) -> None:
    capture = FakeCapture(pictures=[])
    capture.go_on.set()
    stream = open_stream(device, capture)
    with pytest.raises(CameraLost, match="stopped giving pictures"):
        stream.read()
    stream.close()

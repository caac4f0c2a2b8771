"""What every adapter of the `Camera` port promises, asked of each adapter and of the fake that other tests use."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.cameras.base import Camera
from appliance.cameras.flange import draw
from appliance.cameras.folder import FolderCamera
from appliance.cameras.synthetic import SyntheticCamera
from appliance.cameras.video import VideoCamera
from appliance.config.video import VideoCameraConfig
from appliance.errors import CameraLost
from tests.fakes.camera import FakeCamera
from tests.fakes.film import write_film


@pytest.fixture(params=["folder", "synthetic", "video", "fake"])
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Camera]:
    pictures = [draw(1, number).image for number in range(1, 7)]
    made: Camera
    if request.param == "folder":
        for number, picture in enumerate(pictures, start=1):
            (tmp_path / f"{number}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
        made = FolderCamera("contract", tmp_path, loop=False)
    elif request.param == "synthetic":
        made = SyntheticCamera("contract", 1, 0.0, tmp_path / "run", None)
    elif request.param == "video":
        film = write_film(tmp_path / "parts.mkv", pictures)
        made = VideoCamera("contract", VideoCameraConfig(type="video", source=film, pace="trigger"))
    else:
        made = FakeCamera(pictures, name="contract")
    yield made
    made.close()


def test_a_frame_is_what_the_port_says(camera: Camera) -> None:
    camera.open()
    before_ns = time.monotonic_ns()
    frame = camera.grab(5)
    assert before_ns <= frame.captured_ns <= time.monotonic_ns()
    assert (frame.camera, frame.image.dtype, frame.image.shape) == ("contract", np.uint8, (640, 900, 3))
    assert frame.source


def test_frames_are_write_protected_and_keep_their_pixels(camera: Camera) -> None:
    camera.open()
    frame = camera.grab(5)
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0] = 0
    kept = frame.image.copy()
    for _ in range(5):
        camera.grab(5)
    assert (frame.image == kept).all()


def test_seq_counts_up_without_a_gap_and_time_goes_on(camera: Camera) -> None:
    camera.open()
    frames = [camera.grab(5) for _ in range(6)]
    assert [frame.seq for frame in frames] == list(range(frames[0].seq, frames[0].seq + 6))
    assert [frame.captured_ns for frame in frames] == sorted({frame.captured_ns for frame in frames})
    assert len({frame.source for frame in frames}) == 6


def test_frames_do_not_depend_on_who_draws_or_reads_them(camera: Camera) -> None:
    camera.open()
    for number in (1, 2, 3):
        assert (camera.grab(5).image == draw(1, number).image).all()


def test_a_camera_that_is_not_open_is_lost(camera: Camera) -> None:
    with pytest.raises(CameraLost, match="open it first"):
        camera.grab(0.1)
    camera.open()
    camera.close()
    with pytest.raises(CameraLost, match="open it first"):
        camera.grab(0.1)


def test_close_may_be_called_twice_and_open_again_after_it(camera: Camera) -> None:
    camera.open()
    first = camera.grab(5)
    camera.close()
    camera.close()
    camera.open()
    second = camera.grab(5)
    assert second.seq > first.seq and second.source != first.source


def test_open_twice_is_one_open_camera(camera: Camera) -> None:
    camera.open()
    camera.open()
    assert camera.grab(5).image.any()


def test_close_from_another_thread_is_safe_at_any_time(camera: Camera) -> None:
    camera.open()
    ended: list[BaseException] = []

    def grab_until_closed() -> None:
        try:
            while True:
                camera.grab(0.2)
        except Exception as error:  # noqa: BLE001
            ended.append(error)

    thread = threading.Thread(target=grab_until_closed)
    thread.start()
    camera.close()
    thread.join(5)
    assert not thread.is_alive()
    assert type(ended[0]).__name__ in {"CameraLost", "EndOfPictures"}


def test_a_source_without_end_is_never_exhausted_a_finite_one_after_its_last(camera: Camera) -> None:
    camera.open()
    assert not camera.exhausted
    for _ in range(6):
        camera.grab(5)
    assert camera.exhausted is not isinstance(camera, SyntheticCamera)

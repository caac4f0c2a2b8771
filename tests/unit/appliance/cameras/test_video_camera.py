"""What every moving source has in common, on streams that do as the test says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.cameras.stream import Arrival
from appliance.cameras.video import VideoCamera
from appliance.config.video import VideoCameraConfig
from appliance.domain.parts import Frame
from appliance.errors import CameraFrozen, CameraLost
from models.errors import BadPicture
from tests.fakes.clock import FakeClock
from tests.fakes.stream import FakeSource, FakeStream, picture
from tests.fakes.waiting import until


class Watch(FakeClock):
    """A clock that tells how often it was looked at."""

    looks = 0

    def monotonic_ns(self) -> int:
        self.looks += 1
        return super().monotonic_ns()


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def stream(clock: Watch) -> Iterator[FakeStream]:
    made = FakeStream(clock.monotonic_ns)
    made.give(picture(1))
    yield made
    made.let_go()


def make(clock: Watch, *streams: FakeStream | CameraLost, **settings: Any) -> VideoCamera:
    settings = {"latency_ms": 0, **settings}
    config = VideoCameraConfig(type="video", source="rtsp://camera/feed", **settings)
    return VideoCamera("video", config, FakeSource(*streams), clock.monotonic_ns)


class Asking:
    """A `grab` on a thread of its own."""

    def __init__(self, camera: VideoCamera, timeout_s: float = 10) -> None:
        self.frame: Frame | None = None
        self.error: BaseException | None = None
        self._camera, self._timeout_s = camera, timeout_s
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.frame = self._camera.grab(self._timeout_s)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def answer(self) -> Frame:
        self._thread.join(10)
        assert self.frame is not None, repr(self.error)
        return self.frame

    def fault(self) -> BaseException:
        self._thread.join(10)
        assert self.error is not None, "a picture was given"
        return self.error


def seen(camera: VideoCamera, count: int) -> None:
    until(lambda: camera.counts.pictures >= count, f"{count} pictures came")


def give(camera: VideoCamera, clock: Watch, stream: FakeStream, *what: Any) -> None:
    """Let the stream give, one picture every 50 ms, until all have arrived."""
    for one in what:
        clock.advance_ms(50)
        came = camera.counts.pictures
        stream.give(one)
        if not isinstance(one, Exception) or isinstance(one, BadPicture):
            seen(camera, came + 1)


def grab_after(camera: VideoCamera, clock: Watch, stream: FakeStream, *what: Any) -> Asking:
    """Ask, and then let the stream give."""
    looks = clock.looks
    asking = Asking(camera)
    until(lambda: clock.looks > looks, "the question was asked")
    give(camera, clock, stream, *what)
    return asking


def test_a_picture_that_waited_in_a_buffer_is_never_given(clock: Watch, stream: FakeStream) -> None:
    camera = make(clock, stream)
    camera.open()
    give(camera, clock, stream, picture(2), picture(3), picture(4))
    frame = grab_after(camera, clock, stream, picture(5)).answer()
    assert frame.image[0, 0, 0] == 5
    camera.close()


def test_a_picture_that_may_have_been_on_its_way_before_the_trigger_is_not_given(
    clock: Watch, stream: FakeStream
) -> None:
    camera = make(clock, stream, latency_ms=120)
    camera.open()
    asked_ns = clock.now_ns
    frame = grab_after(camera, clock, stream, *(picture(level) for level in (2, 3, 4))).answer()
    assert frame.image[0, 0, 0] == 4, "the first two arrived 50 and 100 ms after the question"
    assert frame.captured_ns == asked_ns + 150_000_000, "the latest moment at which it can have been exposed"
    camera.close()


def test_no_picture_in_time_is_a_timeout_and_the_camera_stays_open(clock: Watch, stream: FakeStream) -> None:
    camera = make(clock, stream)
    camera.open()
    with pytest.raises(TimeoutError):
        camera.grab(0.05)
    assert grab_after(camera, clock, stream, picture(2)).answer().seq == 2
    camera.close()


def test_the_end_of_the_stream_is_found_without_a_question_and_ends_one_that_waits(
    clock: Watch, stream: FakeStream
) -> None:
    camera = make(clock, stream)
    camera.open()
    camera.check()
    asking = grab_after(camera, clock, stream, CameraLost("the camera was unplugged; plug it in"))
    assert isinstance(asking.fault(), CameraLost)
    with pytest.raises(CameraLost, match="unplugged"):
        camera.check()


def test_a_stall_is_found_without_a_question(clock: Watch, stream: FakeStream) -> None:
    camera = make(clock, stream)
    camera.open()
    clock.advance_ms(1_900)
    camera.check()
    clock.advance_ms(200)
    with pytest.raises(CameraLost, match="gave no picture for 2 s"):
        camera.check()
    camera.close()


def test_a_repeated_picture_is_a_frozen_camera_and_reopening_does_not_hide_it(clock: Watch, stream: FakeStream) -> None:
    again = FakeStream(clock.monotonic_ns)
    camera = make(clock, stream, again, stale_after=4)
    camera.open()
    give(camera, clock, stream, picture(1), picture(1))
    camera.check()
    give(camera, clock, stream, picture(1))
    with pytest.raises(CameraFrozen, match="the same picture 4 times"):
        camera.check()
    with pytest.raises(CameraFrozen):
        camera.grab(1)
    camera.close()
    stream.let_go()
    again.give(picture(1))
    with pytest.raises(CameraFrozen, match="5 times"):
        camera.open()
    again.let_go()


def test_repetitions_are_counted_for_the_frame_and_any_difference_ends_them(clock: Watch, stream: FakeStream) -> None:
    camera = make(clock, stream, stale_after=50)
    camera.open()
    assert grab_after(camera, clock, stream, picture(1)).answer().repeats == 1
    changed = picture(1)
    changed[11, 15, 2] = 2
    assert grab_after(camera, clock, stream, changed).answer().repeats == 0
    camera.close()


def test_with_stale_after_zero_a_picture_may_repeat_itself(clock: Watch, stream: FakeStream) -> None:
    camera = make(clock, stream, stale_after=0)
    camera.open()
    give(camera, clock, stream, *[picture(1)] * 40)
    camera.check()
    assert grab_after(camera, clock, stream, picture(1)).answer().repeats == 0
    camera.close()


WHOLE = cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 255, (12, 16, 3), np.uint8))[1].ravel()
TORN = WHOLE[:-40]
# OpenCV decodes this one, with gray in place of what is missing.
LOST_ITS_MIDDLE = np.concatenate((WHOLE[:-60], WHOLE[-2:]))
UNUSABLE = {
    "another size": picture(9, width=20),
    "gray after colour": picture(9)[:, :, 0],
    "16 bit": picture(9).astype(np.uint16),
    "four channels": np.zeros((12, 16, 4), np.uint8),
    "empty": np.zeros((0, 0, 3), np.uint8),
    "torn JPEG": Arrival(TORN, True, 0),
    "JPEG without its middle": Arrival(LOST_ITS_MIDDLE, True, 0),
    "refused by the driver": BadPicture("the driver says no"),
}


@pytest.mark.parametrize("what", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_picture_costs_its_trigger_and_is_counted(clock: Watch, stream: FakeStream, what: Any) -> None:
    camera = make(clock, stream)
    camera.open()
    assert isinstance(grab_after(camera, clock, stream, what).fault(), BadPicture)
    assert camera.counts.unusable == 1
    assert grab_after(camera, clock, stream, picture(3)).answer()
    camera.close()


def test_five_unusable_pictures_in_a_row_are_a_lost_camera_that_takes_the_size_of_its_next_opening(
    clock: Watch, stream: FakeStream
) -> None:
    again = FakeStream(clock.monotonic_ns)
    camera = make(clock, stream, again)
    camera.open()
    faults = [grab_after(camera, clock, stream, picture(level, width=20)).fault() for level in range(5)]
    assert [type(fault) for fault in faults] == [BadPicture] * 4 + [CameraLost]
    assert "changed from 16 x 12 to 20 x 12" in str(faults[-1])
    camera.close()
    stream.let_go()
    again.give(picture(8, width=20))
    camera.open()
    assert grab_after(camera, clock, again, picture(9, width=20)).answer().image.shape == (12, 20, 3)
    camera.close()
    again.let_go()


def test_gray_pictures_are_taken_as_they_are(clock: Watch) -> None:
    stream = FakeStream(clock.monotonic_ns)
    stream.give(picture(1)[:, :, :1])
    camera = make(clock, stream)
    camera.open()
    frame = grab_after(camera, clock, stream, picture(2)[:, :, 0]).answer()
    assert frame.image.shape == (12, 16)
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0] = 1
    camera.close()
    stream.let_go()


@pytest.mark.parametrize("first", [picture(1).astype(np.uint16), np.zeros((0, 4, 3), np.uint8)])
def test_a_camera_whose_first_picture_is_unusable_does_not_open(clock: Watch, first: Any) -> None:
    stream = FakeStream(clock.monotonic_ns)
    stream.give(first)
    with pytest.raises(CameraLost, match=r"set the camera to 8 bits|empty picture"):
        make(clock, stream).open()
    stream.let_go()


def test_a_picture_lost_on_the_way_costs_the_trigger_that_waited_for_it(clock: Watch, stream: FakeStream) -> None:
    camera = make(clock, stream)
    camera.open()
    asking = grab_after(camera, clock, stream, Arrival(picture(2), False, 0, lost=1))
    assert "lost on its way" in str(asking.fault())
    assert (camera.counts.pictures, camera.counts.lost) == (2, 1)
    frame = grab_after(camera, clock, stream, picture(3)).answer()
    assert frame.seq == 4, "a gap in seq is a counted loss"
    camera.close()


def test_a_call_that_never_comes_back_is_left_behind_counted_and_not_repeated_without_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("appliance.cameras.video._LET_GO_S", 0.1)
    monkeypatch.setattr("appliance.cameras.video._CLOSE_S", 0.1)
    hanging = [FakeStream(), FakeStream()]
    for one in hanging:
        one.give(picture(1))
    source = FakeSource(*hanging)
    config = VideoCameraConfig(type="video", source="rtsp://camera/feed")
    camera = VideoCamera("video", config, source)
    for _ in hanging:
        camera.open()
        camera.close()
    assert camera.counts.left_behind == 2
    with pytest.raises(CameraLost, match=r"2 calls into the driver .* do not come back"):
        camera.open()
    assert source.opened == 2
    for one in hanging:
        one.let_go()
        assert one.closed.wait(5), "a thread left behind lets go of the device when its call returns"
    until(lambda: camera.counts.left_behind == 0, "they are gone")


def test_an_opening_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.cameras.video._OPEN_S", 0.2)
    ending = threading.Event()

    def hang(*_: object) -> FakeStream:
        ending.wait(30)
        raise CameraLost("at last")

    config = VideoCameraConfig(type="video", source="rtsp://camera/feed")
    camera = VideoCamera("video", config, hang)
    with pytest.raises(CameraLost, match=r"no picture within 0\.2 s"):
        camera.open()
    assert camera.counts.left_behind == 1
    ending.set()
    until(lambda: camera.counts.left_behind == 0, "the thread is gone")


def test_an_internal_fault_of_the_reader_is_a_lost_camera(clock: Watch, stream: FakeStream) -> None:
    camera = make(clock, stream)
    camera.open()
    assert isinstance(grab_after(camera, clock, stream, RuntimeError("a bug")).fault(), CameraLost)
    assert stream.closed.wait(5)
    camera.close()


def test_a_password_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = VideoCameraConfig(
        type="video", source="http://127.0.0.1:9/x", username="okng", password_file=tmp_path / "none"
    )
    with pytest.raises(CameraLost, match=r"password file .*none cannot be read"):
        VideoCamera("video", config).open()

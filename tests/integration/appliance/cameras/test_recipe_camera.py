"""A recipe sets the camera: on the capture thread, read back to the last setting, and put back where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import cv2
import pytest

from appliance.adapters import camera_change
from appliance.cameras.v4l2_stream import V4l2Stream
from appliance.cameras.video import VideoCamera
from appliance.config.video import VideoCameraConfig
from appliance.errors import CameraLost
from appliance.fitting import camera_for
from appliance.pipeline.capture import CaptureStage
from appliance.pipeline.watch import NoWatch
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.schema import Recipe
from tests.fakes.clock import FakeClock
from tests.fakes.kits import plain_recipe
from tests.fakes.parts import make_ledger
from tests.fakes.stream import picture
from tests.fakes.v4l2 import FakeCapture

GAIN, EXPOSURE = cv2.CAP_PROP_GAIN, cv2.CAP_PROP_EXPOSURE


class Device:
    """A camera that keeps its values from one opening to the next, but for the `stubborn` ones."""

    def __init__(self, folder: Path) -> None:
        (folder / "video0").touch()
        self.path = folder / "video0"
        self.values: dict[int, float] = {}
        self.stubborn: dict[int, float] = {}
        self.captures: list[FakeCapture] = []

    def open(self, device: str, api: int) -> FakeCapture:
        capture = FakeCapture(stubborn=self.stubborn, pictures=[picture(1), picture(2)])
        capture.values.update(self.values)
        self.values = capture.values
        self.captures.append(capture)
        return capture.open(device, api)


class Bench:
    """A capture stage, stepped by hand, over a camera whose station names brightness alone."""

    def __init__(self, folder: Path) -> None:
        self.device = Device(folder)
        plain = VideoCameraConfig.model_validate(
            {"type": "video", "source": "/dev/video0", "settings": {"brightness": 7}}
        )
        self.config = plain.model_copy(update={"source": self.device.path})
        self.camera = VideoCamera("video", self.config, lambda config, *_: V4l2Stream(config, self.device.open))
        clock = FakeClock()
        self.stage = CaptureStage(
            self.camera,
            ledger=make_ledger(clock),
            clock=clock,
            meter=None,  # type: ignore[arg-type]  # no part comes by here
            timeout_s=0.1,
            deliver=lambda part, frame: None,
            fail=lambda part, reason: None,
            on_lost=lambda: None,
            on_exposed=lambda: None,
            watch=NoWatch(),
        )
        self.stage.idle()
        assert self.stage.ready

    def plan(self, before: Recipe, after: Recipe) -> Any:
        # The kind is read off the place of the device, which is not /dev here.
        station = self.config.model_copy(update={"source": Path("/dev/video0")})
        change = camera_change(self.camera, station, before, after)
        if change is None:
            return None
        return [lambda call=call: self._at_the_device(call) for call in change]

    def _at_the_device(self, call: Any) -> None:
        call()
        self.camera.configure(self.camera._config.model_copy(update={"source": self.device.path}))

    def set_up(self, change: Any) -> Future[None]:
        done = self.stage.set_up(change)
        assert not done.done(), "only the capture thread touches the camera"
        self.stage.idle()
        assert done.done()
        return done


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.stage.close()


def recipe(**camera: Any) -> Recipe:
    return plain_recipe("bright" if camera else "plain", camera=camera)


def test_the_settings_are_live_and_read_back_before_anyone_is_told(bench: Bench) -> None:
    there, _ = bench.plan(recipe(gain=1), recipe(gain=4, exposure=120, auto_exposure=False))
    assert bench.set_up(there).exception() is None
    assert (bench.device.values[GAIN], bench.device.values[EXPOSURE]) == (4, 120)
    assert bench.device.captures[-2].released, "two readers on one device would disturb each other"
    assert bench.device.values[cv2.CAP_PROP_BRIGHTNESS] == 7, "what the station names holds on"
    assert bench.stage.ready


def test_a_setting_that_does_not_hold_is_refused_and_the_old_one_put_back(bench: Bench) -> None:
    there, back = bench.plan(recipe(gain=1), recipe(gain=4))
    bench.device.stubborn[GAIN] = 2.0
    refused = bench.set_up(there).exception()
    assert isinstance(refused, CameraLost)
    assert "gain is 2 and not 4" in str(refused)
    assert "gain" in refused.text_zh
    assert not bench.stage.ready
    bench.device.stubborn.clear()
    assert bench.set_up(back).exception() is None
    assert bench.device.values[GAIN] == 1
    assert bench.stage.ready


def test_only_what_a_recipe_names_must_hold_beside_what_makes_the_picture(bench: Bench) -> None:
    assert camera_for(bench.config.model_copy(update={"source": Path("/dev/video0")}), recipe(gain=4)) != bench.config
    station = bench.config.settings
    assert station.must_hold == frozenset()
    assert station.under(recipe(gain=4).camera).must_hold == {"gain"}
    assert station.under(recipe(exposure=9).camera).must_hold == {"exposure"}


def test_the_same_settings_need_no_shut_door(bench: Bench) -> None:
    assert bench.plan(recipe(gain=4), recipe(gain=4)) is None
    assert bench.plan(recipe(), recipe()) is None


def test_a_setting_that_the_next_recipe_leaves_open_is_refused(bench: Bench) -> None:
    with pytest.raises(RecipeProblem, match="exposure") as refused:
        bench.plan(recipe(exposure=120), recipe())
    assert "[camera.settings]" in refused.value.text_zh


def test_settings_that_contradict_the_stations_are_refused(bench: Bench) -> None:
    automatic = VideoCameraConfig.model_validate(
        {"type": "video", "source": "/dev/video0", "settings": {"auto_exposure": True}}
    )
    with pytest.raises(RecipeProblem, match="exposure cannot hold while auto_exposure is true"):
        camera_for(automatic, recipe(exposure=120))


@pytest.mark.parametrize("source", ["rtsp://camera/feed", "belt.mp4"])
def test_a_camera_without_settings_refuses_a_recipe_that_asks_for_some(source: str) -> None:
    camera = VideoCameraConfig.model_validate({"type": "video", "source": source})
    with pytest.raises(RecipeProblem, match="V4L2 devices only"):
        camera_for(camera, recipe(gain=4))

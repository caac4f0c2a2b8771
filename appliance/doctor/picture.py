"""One picture to look at: from the camera itself, or from the running station, whose camera is never taken away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.cameras.base import Camera, EndOfPictures
from appliance.config.schema import CameraConfig, Config
from appliance.doctor.running import Running
from appliance.domain.device import DeviceState
from appliance.errors import CameraLost
from appliance.state_dir import StateDir
from models.errors import BadPicture

MakeCamera = Callable[[CameraConfig, StateDir], Camera]
# A free-running camera may need a first picture to set its exposure by.
_TRIES = 2
_SIDE_PX = 320


@dataclass(frozen=True, slots=True)
class Look:
    """`image` None where no picture came; `camera` says why. `of_station`: the running station's last part."""

    image: NDArray[np.uint8] | None
    camera: DeviceState
    of_station: bool = False

    @property
    def gray(self) -> NDArray[np.uint8] | None:
        """`(h, w)` at most 320 pixels a side, picked and not averaged, so that clipped pixels stay clipped."""
        if self.image is None:
            return None
        step = max(1, -(-max(self.image.shape[:2]) // _SIDE_PX))
        small = np.ascontiguousarray(self.image[::step, ::step])
        return small if small.ndim == 2 else np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def look(config: Config, running: Running, make_camera: MakeCamera) -> Look:
    """Take one picture; blocks for the camera's opening and twice its timeout at most."""
    if running.runs:
        return _of_station(StateDir(config.station.state_dir), running)
    with TemporaryDirectory(prefix="okng-doctor-") as folder:
        # What a camera writes beside its work must not end up among the station's files.
        state = StateDir(Path(folder))
        state.live.mkdir(parents=True)
        camera = make_camera(config.camera, state)
        try:
            camera.open()
            return _grab(camera, config.camera.timeout_ms / 1000)
        except CameraLost as error:
            return Look(None, DeviceState("fault", str(error), error.text_zh))
        finally:
            camera.close()


def _grab(camera: Camera, timeout_s: float) -> Look:
    for _attempt in range(_TRIES):
        try:
            return Look(camera.grab(timeout_s).image, DeviceState("ok"))
        except TimeoutError as error:
            fault = DeviceState(
                "fault",
                f"no picture within {timeout_s:g} s ({error}); check trigger, exposure and cable, or raise "
                "[camera] timeout_ms",
                f"{timeout_s:g} 秒内没有图像；请检查触发、曝光和线缆，或增大 [camera] timeout_ms",
            )
        except BadPicture as error:
            fault = DeviceState("fault", f"{error}; set the camera to 8 bit", f"图像不可用（{error}）；请设为 8 位输出")
        except EndOfPictures:
            return Look(None, DeviceState("fault", "the folder is used up; add pictures", "图片已用完；请添加图片"))
    return Look(None, fault)


def _of_station(state: StateDir, running: Running) -> Look:
    device = running.device("camera")
    if device is None:
        silent = DeviceState(
            "fault",
            "the running station has the camera and is not heard; see the row of the running station",
            "检测站正在运行并占用相机，但无法获知其状态；请查看“运行中的检测站”一行",
        )
        return Look(None, silent, of_station=True)
    last = running.word.last
    image = _read(state.live / f"{last.id}.jpg") if last is not None else None
    return Look(image, DeviceState(device.state, device.text_en, device.text_zh), of_station=True)


def _read(path: Path) -> NDArray[np.uint8] | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None  # the ring went on, or another user's file
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    return None if image is None else np.asarray(image, np.uint8)

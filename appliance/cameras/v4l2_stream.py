"""V4L2 devices (USB and built-in cameras) through OpenCV. Written for the kernel's interface; not verified on hardware.

Driver buffers are cut to one and drained by the reader thread. MJPEG is taken undecoded (CONVERT_RGB off), so that a
JPEG torn on its way over USB is refused; what is left of it would otherwise come as a picture with gray below.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2

from appliance.cameras.stream import Arrival
from appliance.cameras.v4l2_settings import apply_settings, read_settings
from appliance.config.video import VideoCameraConfig
from appliance.errors import CameraLost
from models.errors import BadPicture

_log = logging.getLogger(__name__)
_SIXTEEN_BIT = ("Y16 ", "Y12 ", "Y10 ", "Z16 ")
_STAMP_PLAUSIBLE_NS = 2_000_000_000

OpenCapture = Callable[[str, int], Any]


class V4l2Stream:
    """Open, locked against other stations, and set as the configuration says.

    Raises:
        CameraLost: not there, in use, no permission, or a setting that must hold does not.
    """

    def __init__(self, config: VideoCameraConfig, open_capture: OpenCapture = cv2.VideoCapture) -> None:
        assert isinstance(config.source, Path)
        self._shown = config.shown_source
        device = config.source.resolve()
        self._lock = self._lock_device(device)
        self._capture: Any = None
        try:
            self._capture = open_capture(str(device), cv2.CAP_V4L2)
            if not self._capture.isOpened():
                raise self._refused(device)
            self._prepare(config)
        except CameraLost:
            self.close()
            raise

    def read(self) -> Arrival:
        try:
            ok, content = self._capture.read()
        except cv2.error as error:
            raise BadPicture(f"{self._shown} gave a picture that cannot be converted; set fourcc") from error
        if not ok or content is None:
            raise CameraLost(
                f"{self._shown} stopped giving pictures; check plug and cable",
                f"{self._shown} 停止输出图像；请检查插头和线缆",
            )
        return Arrival(content, self._jpeg, self._stamp_ns())

    def interrupt(self) -> None:
        """A read on a V4L2 device cannot be interrupted; the driver ends it, or the thread is left behind."""

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _prepare(self, config: VideoCameraConfig) -> None:
        for warning in apply_settings(self._capture, config.settings, self._shown):
            _log.warning("%s", warning)
        kept = ", ".join(f"{name} {value}" for name, value in read_settings(self._capture).items())
        _log.info("%s is set to %s", self._shown, kept)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        fourcc = int(self._capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True).decode("latin-1")
        if fourcc in _SIXTEEN_BIT:
            raise CameraLost(
                f'{self._shown} gives {fourcc.strip()}, more than 8 bits a pixel; set fourcc = "GREY" or "YUYV" under '
                "[camera.settings]",
                f'{self._shown} 输出 {fourcc.strip()}，超过 8 位；请在 [camera.settings] 设 fourcc = "GREY" 或 "YUYV"',
            )
        self._jpeg = fourcc in ("MJPG", "JPEG")
        if self._jpeg and not self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 0):
            raise CameraLost(
                f'{self._shown} gives MJPEG only decoded, where damage cannot be seen; set fourcc = "YUYV"',
                f'{self._shown} 只能输出已解码的 MJPEG，无法识别损坏；请设 fourcc = "YUYV"',
            )

    def _stamp_ns(self) -> int:
        """The kernel's time of the picture, where the driver uses the monotonic clock; else now."""
        now_ns = time.monotonic_ns()
        stamp_ns = int(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        return stamp_ns if 0 <= now_ns - stamp_ns <= _STAMP_PLAUSIBLE_NS else now_ns

    def _lock_device(self, device: Path) -> int:
        """Two programs may both open a V4L2 device; two stations must not."""
        try:
            lock = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise CameraLost(
                f"the camera {self._shown} is not there; check its plug, and its name with: okng camera list",
                f"找不到相机 {self._shown}；请检查插头，并用 okng camera list 查看名称",
            ) from error
        except OSError as error:
            raise CameraLost(
                f"the camera {self._shown} cannot be opened ({error.strerror}); let the station's user into the group "
                "video",
                f"无法打开相机 {self._shown}（{error.strerror}）；请将运行用户加入 video 组",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise CameraLost(
                f"another station uses the camera {self._shown}; give each station its own",
                f"另一个检测站正在使用相机 {self._shown}；请为每个检测站分配各自的相机",
            ) from error
        return lock

    def _refused(self, device: Path) -> CameraLost:
        users = programs_that_hold(device)
        if users:
            return CameraLost(
                f"the camera {self._shown} is in use by {', '.join(users)}; end that program",
                f"相机 {self._shown} 正被 {'、'.join(users)} 使用；请关闭该程序",
            )
        return CameraLost(
            f"{self._shown} is no camera that gives pictures; choose another with: okng camera list",
            f"{self._shown} 不是可用的相机；请用 okng camera list 选择",
        )


def programs_that_hold(device: Path, proc: Path = Path("/proc")) -> tuple[str, ...]:
    """Which other programs have the device open, as "name (process)"; those of other users may stay unseen."""
    found = []
    for process in proc.glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            if any(link.readlink() == device for link in (process / "fd").iterdir()):
                found.append(f"{(process / 'comm').read_text(encoding='utf-8').strip()} ({process.name})")
        except OSError:
            # It ended meanwhile, or belongs to somebody else.
            continue
    return tuple(sorted(found))

"""Who watches the free-running pictures of a camera between triggers, if anybody does."""

from __future__ import annotations

from typing import Protocol

from appliance.domain.device import DeviceState
from appliance.domain.parts import Frame
from appliance.pipeline.presence import PresenceDetector, Sight, Zone

_OK = DeviceState("ok")
_STATES = {
    Zone.OUTSIDE: DeviceState(
        "fault",
        "The presence zone lies outside the picture; correct [trigger.presence]",
        "有料检测区域超出图像；请修改 [trigger.presence]",
    ),
    Zone.LEARNING: DeviceState(
        "warn",
        "The photo-eye learns the empty zone; keep it empty and still",
        "虚拟光电开关正在学习空区域；请保持区域为空且静止",
    ),
    Zone.OCCUPIED: DeviceState(
        "warn", "The photo-eye waits for an empty zone; clear it", "虚拟光电开关等待区域清空；请移走工件"
    ),
    Zone.BLOCKED: DeviceState(
        "fault",
        "Zone blocked: a part stands in the photo-eye, or parts touch; clear the zone",
        "区域被堵：工件停在虚拟光电开关内或工件相连；请清空区域",
    ),
}


class Watch(Protocol):
    """Sees every frame while it is `active`; `state` says whether parts can be noticed."""

    @property
    def active(self) -> bool: ...
    @property
    def state(self) -> DeviceState: ...

    def look(self, frame: Frame) -> Sight:
        """Whether this very frame is the picture of a part."""

    def lost(self) -> None:
        """Frames are missing from here on."""


class NoWatch:
    """Triggers come from elsewhere: between them the camera is left alone."""

    active = False
    state = _OK

    def look(self, frame: Frame) -> Sight:
        return Sight.NOTHING

    def lost(self) -> None:
        """Nobody was looking."""


class PresenceWatch:
    """A virtual photo-eye. While it cannot notice parts, the station is not ready, and the camera says why."""

    active = True

    def __init__(self, detector: PresenceDetector) -> None:
        self._detector = detector

    @property
    def state(self) -> DeviceState:
        return _STATES.get(self._detector.zone, _OK)

    def look(self, frame: Frame) -> Sight:
        return self._detector.look(frame.image, frame.captured_ns)

    def lost(self) -> None:
        self._detector.lost()

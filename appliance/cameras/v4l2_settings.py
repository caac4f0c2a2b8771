"""Sets a V4L2 device and reads every value back: drivers round, clamp, or take a value and ignore it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import cv2

from appliance.errors import CameraLost
from appliance.recipes.camera import DeviceSettings

# In the order in which a device takes them: the format decides the sizes, an automatic what can be set by hand.
_PROPERTIES: Mapping[str, int] = {
    "fourcc": cv2.CAP_PROP_FOURCC,
    "width_px": cv2.CAP_PROP_FRAME_WIDTH,
    "height_px": cv2.CAP_PROP_FRAME_HEIGHT,
    "fps": cv2.CAP_PROP_FPS,
    "auto_exposure": cv2.CAP_PROP_AUTO_EXPOSURE,
    "exposure": cv2.CAP_PROP_EXPOSURE,
    "gain": cv2.CAP_PROP_GAIN,
    "auto_focus": cv2.CAP_PROP_AUTOFOCUS,
    "focus": cv2.CAP_PROP_FOCUS,
    "auto_white_balance": cv2.CAP_PROP_AUTO_WB,
    "white_balance_k": cv2.CAP_PROP_WB_TEMPERATURE,
    "brightness": cv2.CAP_PROP_BRIGHTNESS,
}
_TOLERANCE = 0.02
# V4L2_CID_EXPOSURE_AUTO counts these: 1 is by hand, 3 is automatic at a fixed aperture.
_EXPOSURE_BY_HAND, _EXPOSURE_AUTOMATIC = 1.0, 3.0


class Capture(Protocol):
    """What of `cv2.VideoCapture` is needed here."""

    def set(self, property: int, value: float) -> bool: ...
    def get(self, property: int) -> float: ...


def apply_settings(capture: Capture, settings: DeviceSettings, shown: str) -> tuple[str, ...]:
    """Set what the configuration names, and read it back; returns a sentence for each setting that may differ and does.

    Raises:
        CameraLost: format, size, exposure or what a recipe names does not hold; the message gives both values.
    """
    given = settings.given
    wanted = {name: _number(name, given[name]) for name in _PROPERTIES if name in given}
    for name, value in wanted.items():
        capture.set(_PROPERTIES[name], value)
    warnings = []
    for name, value in wanted.items():
        found = capture.get(_PROPERTIES[name])
        if abs(found - value) <= _TOLERANCE * abs(value):
            continue
        what = f"{name} is {_shown(name, found)} and not {_shown(name, value)}"
        if name in settings.must_hold:
            raise CameraLost(
                f"{shown} does not keep its settings: {what}; choose a value that the device knows "
                "(v4l2-ctl --list-ctrls --list-formats-ext)",
                f"{shown} 未保持设置：{name} 为 {_shown(name, found)}，而不是 {_shown(name, value)}；"
                "请选择设备支持的值",
            )
        warnings.append(f"{shown}: {what}; choose a value that the device knows")
    return tuple(warnings)


def read_settings(capture: Capture) -> dict[str, str]:
    """Every setting as the device has it now, for people."""
    return {name: _shown(name, capture.get(number)) for name, number in _PROPERTIES.items()}


def _number(name: str, value: bool | int | float | str) -> float:
    if isinstance(value, str):
        return float(cv2.VideoWriter.fourcc(*value.ljust(4)))
    if name == "auto_exposure":
        return _EXPOSURE_AUTOMATIC if value else _EXPOSURE_BY_HAND
    return float(value)


def _shown(name: str, value: float) -> str:
    if name == "fourcc":
        text = int(value).to_bytes(4, "little", signed=True).decode("latin-1").strip()
        return text if text.isprintable() else "unknown"
    if name == "auto_exposure":
        return "true" if value == _EXPOSURE_AUTOMATIC else "false"
    return f"{value:g}"

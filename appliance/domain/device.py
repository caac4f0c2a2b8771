"""How a device is, in the words of whoever has to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DeviceId = Literal["camera", "plc", "mqtt", "disk", "model", "journal"]
DeviceLevel = Literal["ok", "warn", "fault", "off"]


@dataclass(frozen=True, slots=True)
class DeviceState:
    """For page, status message and PLC; texts are empty when all is well."""

    state: DeviceLevel
    text_en: str = ""
    text_zh: str = ""


_WEIGHT: dict[DeviceLevel, int] = {"off": 0, "ok": 0, "warn": 1, "fault": 2}


def worse(first: DeviceState, second: DeviceState) -> DeviceState:
    """The one that needs a person sooner; the first where they weigh the same."""
    return second if _WEIGHT[second.state] > _WEIGHT[first.state] else first

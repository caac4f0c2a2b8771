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

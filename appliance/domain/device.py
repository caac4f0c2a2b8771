"""How a device is, in the words of whoever has to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DeviceState:
    """For page, status message and PLC; texts are empty when all is well."""

    state: Literal["ok", "warn", "fault", "off"]
    text_en: str = ""
    text_zh: str = ""

"""Whether the station may take parts, and if not, what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Hindrance(StrEnum):
    """In the order in which they are looked for; the first found is told to the PLC."""

    STARTING = "starting"
    STOPPING = "stopping"
    INTERNAL = "internal"
    JOURNAL = "journal"
    DISK = "disk"
    SPOOL = "spool"
    SET_UP = "set_up"
    CAMERA = "camera"
    GOLDEN = "golden"


@dataclass(frozen=True, slots=True)
class Readiness:
    """`golden`: reference parts are being shown; Pass is never set then."""

    hindrance: Hindrance | None
    mqtt_connected: bool
    spool_high: bool
    clock_synced: bool
    alarm: bool
    golden: bool = False

    @property
    def ready(self) -> bool:
        return self.hindrance is None

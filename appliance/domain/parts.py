"""What flows down the line: Trigger → Frame → Part. Frozen, so that no stage changes another's evidence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class TriggerSource(StrEnum):
    PLC = "plc"
    INTERVAL = "interval"
    SOFTWARE = "software"
    PRESENCE = "presence"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One request to judge a part. `tag` 1..65535 as the PLC gave it, 0 when the station is to assign one."""

    source: TriggerSource
    tag: int
    received_ns: int
    part_id: str | None = None
    deadline_ms: int | None = None
    golden: bool = False


@dataclass(frozen=True, slots=True)
class RecipeKey:
    """Which recipe, to the last bit: `number` is the PLC's job, `hash` "sha256:" + hex of all that it demands."""

    id: str
    number: int
    version: str
    hash: str


@dataclass(frozen=True, slots=True)
class Part:
    """An admitted trigger: from here on exactly one verdict is owed.

    `number` counts admissions since boot from 1; `inspection_id` 1..65535 is what the PLC sees; `id` is a UUIDv7.
    All `_ns` are monotonic. `recipe` is the one that was in force at admission: the part is judged, recorded and
    answered under it, also when another one comes into force meanwhile.
    """

    id: str
    number: int
    inspection_id: int
    trigger: Trigger
    admitted_ns: int
    deadline_ns: int
    recipe: RecipeKey


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture. `image`: `(H, W, 3)` uint8 BGR or `(H, W)` uint8 gray, write-protected.

    `seq` counts the camera's pictures; a gap is a counted loss, or what a free-running camera took between triggers.
    `captured_ns` is monotonic. `source` names the picture for people (a file name, a part number of the simulated
    line), or is empty. `repeats`: how many pictures right before this one were the same to the last bit; 0 where the
    camera does not look.
    """

    camera: str
    seq: int
    captured_ns: int
    image: NDArray[np.uint8]
    source: str = ""
    repeats: int = 0

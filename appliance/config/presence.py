"""The `[trigger.presence]` section: a virtual photo-eye on a free-running picture."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from appliance.section import Section


class PresenceConfig(Section):
    """The zone in pixels of the picture, about as large as a part shows in it.

    `enter` and `leave` are shares of the zone's pixels that differ from the empty zone by more than `levels` gray
    levels; both must hold for `frames` pictures. `at`: the moment at which the part is taken. `empty_picture`: a
    picture with nothing in the zone; without it the first `learn_frames` still pictures are taken for empty.
    """

    x_px: int = Field(ge=0, le=100_000)
    y_px: int = Field(ge=0, le=100_000)
    width_px: int = Field(ge=4, le=100_000)
    height_px: int = Field(ge=4, le=100_000)
    enter: float = Field(0.2, gt=0.0, lt=1.0)
    leave: float = Field(0.1, gt=0.0, lt=1.0)
    frames: int = Field(2, ge=1, le=100)
    levels: float = Field(15.0, ge=2.0, le=128.0)
    at: Literal["enter", "centre", "rest", "leave"] = "centre"
    learn_frames: int = Field(15, ge=2, le=1000)
    blocked_s: float = Field(10.0, gt=0.0, le=86_400.0)
    empty_picture: Path | None = None

    @model_validator(mode="after")
    def _leaves_below_entering(self) -> PresenceConfig:
        if self.leave >= self.enter:
            raise ValueError("leave must be below enter: between the two a part is neither coming nor going")
        return self

"""What a package says of pictures that may be judged, and of those that show no part."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.entry import Entry, FileName, Finite, Unit

PARTS_ABOVE = 2.0
"""Every part that was shown lies at least so many times as far from empty as the limit."""

Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Pixels = Annotated[int, Field(ge=0, le=100_000)]
Pictures = Annotated[int, Field(ge=2)]
TypicalTrait = Literal["light", "focus", "colour", "pose"]


class QualityEntry(Entry):
    """What all good pictures showed, measured on a reduction of `long_side_px`; see models/quality.py.

    `reference` and `likeness` (least, median) are there where all good pictures show the part in one place. What stands
    as None was not measured and is not asked for; without `long_side_px` the network input itself was measured.
    `typical`: mean, standard deviation and number of pictures, by which drift is noticed; see models/typical.py.
    """

    light: tuple[Finite, Finite]
    contrast_min: float = Field(ge=0.0, le=255.0, allow_inf_nan=False)
    saturated_max: Unit
    focus_min: float = Field(ge=0.0, le=1e6, allow_inf_nan=False)
    reference: FileName | None = None
    likeness: tuple[Unit, Unit] | None = None
    light_median: Annotated[float, Field(ge=0.0, le=255.0, allow_inf_nan=False)] | None = None
    long_side_px: int | None = Field(None, ge=32, le=4096)
    blackened_max: Unit | None = None
    tint: tuple[Finite, Finite, Finite, Finite] | None = None
    blank_max: Unit | None = None
    pose_max: tuple[Finite, Finite] | None = None
    typical: dict[TypicalTrait, tuple[Finite, Positive, Pictures]] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> QualityEntry:
        if not 0 <= self.light[0] <= self.light[1] <= 255:
            raise ValueError("the range of light must rise and lie within 0 and 255")
        if self.light_median is not None and not self.light[0] <= self.light_median <= self.light[1]:
            raise ValueError("the median light must lie within its range")
        if (self.reference is None) != (self.likeness is None):
            raise ValueError("a reference and its likeness are given together or not at all")
        if self.likeness is not None and self.likeness[0] > self.likeness[1]:
            raise ValueError("the least likeness must not be above the median")
        if self.tint is not None and (self.tint[0] > self.tint[1] or self.tint[2] > self.tint[3]):
            raise ValueError("the ranges of the tint must rise")
        if self.pose_max is not None and min(self.pose_max) < 0:
            raise ValueError("the largest shift and angle must not be negative")
        return self


class PresenceEntry(Entry):
    """What empty pictures look like; see models/presence.py.

    `median`, `spread`: files `(h, w, 4)` float32. `area`: what is looked at, x, y, w, h of pictures of `picture_size`.
    `light`: the least and the most of the empty pictures, 1.0 in the middle. `most`: the largest deviations of held-out
    empty pictures, the unit of `limit` and of `nearest_part`, the part picture that is least unlike an empty one.
    `quality`: what the empty pictures showed; another light or focus proves no emptiness.
    """

    picture_size: tuple[Pixels, Pixels]
    area: tuple[Pixels, Pixels, Pixels, Pixels]
    median: FileName
    spread: FileName
    light: tuple[Positive, Positive]
    most: tuple[Positive, Positive, Positive]
    limit: Positive
    nearest_part: Positive
    quality: QualityEntry
    pictures: int = Field(ge=1)

    @model_validator(mode="after")
    def _proves_emptiness(self) -> PresenceEntry:
        if self.light[0] > self.light[1]:
            raise ValueError("the range of the empty pictures' light must rise")
        x, y, width, height = self.area
        if min(width, height) < 1 or x + width > self.picture_size[0] or y + height > self.picture_size[1]:
            raise ValueError("the area that is looked at for a part must lie inside the picture")
        if self.nearest_part < PARTS_ABOVE * self.limit:
            raise ValueError("a part that was shown is too much like an empty picture for its limit")
        return self

"""[quality] of a recipe: what golden parts look like on this station, in place of what the training pictures showed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from appliance.section import Section
from models.manifest import QualityEntry

Gray = Annotated[float, Field(ge=0.0, le=255.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Logarithm = Annotated[float, Field(ge=-10.0, le=10.0)]
Size = Annotated[float, Field(ge=0.0, le=1e6)]


class QualityConfig(Section):
    """Limits of the quality gate, learned from golden parts by a command; see docs/quality.md. What is left out is not
    asked for. Where a part has to lie stays the package's."""

    light: tuple[Gray, Gray]
    light_median: Gray | None = None
    contrast_min: Gray
    saturated_max: Share
    focus_min: Size
    blackened_max: Share | None = None
    tint: tuple[Logarithm, Logarithm, Logarithm, Logarithm] | None = None
    blank_max: Share | None = None
    pose_max: tuple[Size, Size] | None = None

    @classmethod
    def of(cls, seen: QualityEntry) -> QualityConfig:
        """What `models.quality.seen_in` found."""
        return cls.model_validate(seen.model_dump(include=set(cls.model_fields), exclude_none=True))

    def entry(self) -> QualityEntry:
        """The same for `models.quality.on_station`."""
        return QualityEntry.model_validate(self.model_dump())

    @model_validator(mode="after")
    def _holds_together(self) -> QualityConfig:
        try:
            self.entry()
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
        return self

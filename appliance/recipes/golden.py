"""[golden] of a recipe: which reference parts are shown to the station, when, and how long it counts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from appliance.domain.golden import ExpectedPart, Plan
from appliance.section import Section
from models.decision import Outcome

Word = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class GoldenPartConfig(Section):
    """One part: what must come out of it. `class`: the defect that must be among what is found."""

    model_config = ConfigDict(populate_by_name=True)  # the recipe of station.toml is read twice

    name: Word
    serial: Word | None = None
    expected: Literal["OK", "NG", "RECHECK"]
    class_: str | None = Field(None, alias="class", min_length=1, max_length=100)

    @model_validator(mode="after")
    def _is_one(self) -> GoldenPartConfig:
        if self.expected == "OK" and self.class_ is not None:
            raise ValueError(
                f'golden part "{self.name}" is expected to be OK and to show "{self.class_}"; a good part has no '
                "defect: remove class, or correct expected"
            )
        return self

    def part(self) -> ExpectedPart:
        return ExpectedPart(self.name, self.serial, Outcome(self.expected), self.class_)


class GoldenConfig(Section):
    """Golden parts of a recipe. While they have not passed, the station takes no production.

    `order`: "listed" shows them as they stand here; "serial": each trigger brings the part's serial. `shows`: how often
    each is shown. `shifts` begin at these times of `clock`. What passed counts for `valid_h` hours at most.
    """

    valid_h: float = Field(8.0, gt=0.0, le=168.0)
    required_at: tuple[Literal["start", "changeover"], ...] = ("start", "changeover")
    shifts: tuple[TimeOfDay, ...] = Field((), max_length=24)
    clock: Literal["local", "utc"] = "local"
    order: Literal["listed", "serial"] = "listed"
    shows: int = Field(1, ge=1, le=50)
    within_min: int = Field(60, ge=1, le=1440)
    warn_min: int = Field(30, ge=0, le=1440)
    parts: tuple[GoldenPartConfig, ...] = Field(min_length=2, max_length=50)

    @model_validator(mode="after")
    def _tells_good_from_bad(self) -> GoldenConfig:
        expected = {part.expected for part in self.parts}
        for outcome, what in (("OK", "good"), ("NG", "bad")):
            if outcome not in expected:
                raise ValueError(
                    f'no golden part is expected to be {outcome}; add a {what} one (expected = "{outcome}"): without '
                    "it a station that calls everything the same would pass"
                )
        return self

    @model_validator(mode="after")
    def _parts_are_told_apart(self) -> GoldenConfig:
        names = [part.name for part in self.parts]
        serials = [part.serial for part in self.parts if part.serial is not None]
        for word, values in (("name", names), ("serial", serials)):
            twice = next((value for value in values if values.count(value) > 1), None)
            if twice is not None:
                raise ValueError(f'two golden parts have the {word} "{twice}"; give each its own')
        if self.order == "serial" and len(serials) < len(names):
            raise ValueError('order is "serial" but a golden part has no serial; add it, or set order = "listed"')
        return self

    def plan(self) -> Plan:
        return Plan(
            parts=tuple(part.part() for part in self.parts),
            order=self.order,
            shows=self.shows,
            valid=timedelta(hours=self.valid_h),
            within=timedelta(minutes=self.within_min),
            warn_before=timedelta(minutes=self.warn_min),
            at_start="start" in self.required_at,
            at_changeover="changeover" in self.required_at,
            shifts=tuple(time.fromisoformat(shift) for shift in self.shifts),
            shifts_utc=self.clock == "utc",
        )


def contradiction(golden: GoldenConfig | None, catalogue: Collection[str]) -> tuple[str, str] | None:
    """Why these parts cannot be golden parts of packages with these classes, in both languages, or None."""
    if golden is None:
        return None
    for part in golden.parts:
        if part.class_ is not None and part.class_ not in catalogue:
            known = ", ".join(sorted(catalogue))
            return (
                f'[golden] part "{part.name}": the package knows no class "{part.class_}"; it knows {known}. '
                "Correct class, or leave it out",
                f"[golden] 样件“{part.name}”：模型包没有类别“{part.class_}”；现有类别：{known}。请更正或删除 class",
            )
    return None

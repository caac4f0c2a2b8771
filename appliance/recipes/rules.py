"""The rules of a recipe: what counts as a defect of each class, where, and what the classes are called here.

    [[zones]]
    name = "sealing_face"
    points = [[120, 80], [400, 80], [400, 210], [120, 210]]

    [[rules]]
    class = "scratch"
    zone = "sealing_face"
    severity = "critical"

    [[classes]]
    class = "scratch"
    name_zh = "密封面划痕"

What they mean stands in `models/rules.py` and docs/rules.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from appliance.section import Section
from models.catalogue import DefectCatalogue
from models.decision import DefectClass, Fate, Severity
from models.rules import ClassRule, RuleSet
from models.zones import MAX_POINTS, Zone

Label = Annotated[str, Field(min_length=1, max_length=100)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Coordinate = Annotated[float, Field(ge=-100_000, le=100_000, allow_inf_nan=False)]
Least = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]


class ZoneConfig(Section):
    """A named polygon in pixels of the picture."""

    name: Name
    points: tuple[tuple[Coordinate, Coordinate], ...] = Field(min_length=3, max_length=MAX_POINTS)

    @model_validator(mode="after")
    def _is_a_polygon(self) -> Self:
        self.zone()
        return self

    def zone(self) -> Zone:
        return Zone(self.name, self.points)


class RuleConfig(Section):
    """What counts as a defect of one class, in one zone or everywhere else; see `models.rules.ClassRule`."""

    model_config = ConfigDict(populate_by_name=True)

    label: Label = Field(alias="class")
    name: Name | None = None
    zone: Name | None = None
    min_score: float | None = Field(None, gt=0, le=1, allow_inf_nan=False)
    min_area_px: Least | None = None
    min_area_mm2: Least | None = None
    min_length_mm: Least | None = None
    max_count: int | None = Field(None, ge=1, le=63)
    severity: Literal["critical", "major", "minor"] | None = None
    otherwise: Literal["recheck", "suppress"] = "recheck"

    def rule(self, zones: dict[str, Zone]) -> ClassRule:
        """Raises ValueError where the zone is not there or the rule contradicts itself."""
        place = f"{self.label}@{self.zone}" if self.zone else self.label
        name = self.name or place.replace(":", "_")
        if self.zone is not None and self.zone not in zones:
            known = ", ".join(sorted(zones)) or "none"
            raise ValueError(f"rule {name}: there is no zone {self.zone}; add it under zones (known: {known})")
        return ClassRule(
            name=name,
            label=self.label,
            zone=zones[self.zone] if self.zone else None,
            min_score=self.min_score,
            min_area_px=self.min_area_px,
            min_area_mm2=self.min_area_mm2,
            min_length_mm=self.min_length_mm,
            max_count=self.max_count,
            severity=Severity(self.severity) if self.severity else None,
            otherwise=Fate(self.otherwise),
        )


class ClassConfig(Section):
    """What the recipe calls a class and how grave it is here. Its code stays the catalogue's."""

    model_config = ConfigDict(populate_by_name=True)

    label: Label = Field(alias="class")
    name_en: Label | None = None
    name_zh: Label | None = None
    severity: Literal["critical", "major", "minor"] | None = None

    def of(self, row: DefectClass) -> DefectClass:
        return DefectClass(
            row.label,
            row.code,
            self.name_en or row.name_en,
            self.name_zh or row.name_zh,
            Severity(self.severity) if self.severity else row.severity,
        )


class RulesConfig(Section):
    """The part of a recipe that says what counts."""

    rules: tuple[RuleConfig, ...] = Field((), max_length=200)
    zones: tuple[ZoneConfig, ...] = Field((), max_length=50)
    classes: tuple[ClassConfig, ...] = Field((), max_length=1000)

    @model_validator(mode="after")
    def _rules_hold_together(self) -> Self:
        for what, names in (
            ("zones have the name", [zone.name for zone in self.zones]),
            ("entries of classes are of", [row.label for row in self.classes]),
        ):
            double = next((name for name in names if names.count(name) > 1), None)
            if double is not None:
                raise ValueError(f"{names.count(double)} {what} {double}; leave one of them")
        self.rule_set()
        return self

    def rule_set(self, classes: Iterable[DefectClass] = ()) -> RuleSet:
        """The rules as models apply them; `classes` are those in force, with their severities."""
        zones = {zone.name: zone.zone() for zone in self.zones}
        severities = tuple((row.label, row.severity) for row in classes)
        return RuleSet(tuple(rule.rule(zones) for rule in self.rules), severities)

    def named(self, catalogue: tuple[DefectClass, ...]) -> tuple[DefectClass, ...]:
        """A package's classes with the recipe's names and severities."""
        own = {row.label: row for row in self.classes}
        return tuple(own[row.label].of(row) if row.label in own else row for row in catalogue)

    def rule_problems(
        self, catalogue: tuple[DefectClass, ...], mm_per_px: float | None, factory: DefectCatalogue | None = None
    ) -> list[str]:
        """What is wrong with these rules for packages with these classes and scale: one sentence each, with place.

        What package, factory or recipe calls critical is critical.
        """
        labels = {row.label for row in catalogue}
        under = factory.named(catalogue) if factory is not None else catalogue
        graded = (*catalogue, *under, *self.named(under))
        critical = {row.label for row in graded if row.severity is Severity.CRITICAL}
        problems = [
            f"classes: there is no class {row.label} in the package; known: {', '.join(sorted(labels))}"
            for row in self.classes
            if row.label not in labels
        ]
        for number, rule in enumerate(self.rule_set().rules):
            place = f"rules.{number} ({rule.name})"
            if rule.label not in labels:
                problems.append(f"{place}: there is no class {rule.label}; known: {', '.join(sorted(labels))}")
            if rule.label in critical and rule.otherwise is Fate.SUPPRESSED:
                problems.append(
                    f'{place}: {rule.label} is critical and never suppressed; say otherwise = "recheck", '
                    "or have another severity where the class is defined"
                )
            if rule.in_mm and mm_per_px is None:
                problems.append(
                    f"{place}: millimetres mean nothing before the size of a pixel is known; "
                    "give the geometry mm_per_px, or use min_area_px"
                )
        return problems

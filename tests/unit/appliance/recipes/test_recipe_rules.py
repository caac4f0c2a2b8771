"""The rules of a recipe: what is refused, with place and remedy, and what they become."""

from __future__ import annotations

import tomllib

import pytest
from pydantic import ValidationError

from appliance.recipes.rules import RulesConfig
from models.decision import Box, DefectClass, Fate, Severity

CATALOGUE = (
    DefectClass("unknown_defect", 1, "Unknown defect", "未知缺陷", Severity.MAJOR),
    DefectClass("scratch", 2, "Scratch", "划痕", Severity.MAJOR),
    DefectClass("crack", 3, "Crack", "裂纹", Severity.CRITICAL),
)
WHOLE = """
[[zones]]
name = "face"
points = [[0, 0], [50, 0], [50, 50], [0, 50]]

[[rules]]
class = "scratch"
zone = "face"
severity = "critical"

[[rules]]
class = "scratch"
name = "short"
min_length_mm = 2
max_count = 3
otherwise = "suppress"

[[classes]]
class = "scratch"
name_zh = "刮伤"
severity = "minor"
"""


def read(text: str) -> RulesConfig:
    return RulesConfig.model_validate(tomllib.loads(text))


def test_a_recipe_says_what_counts_where_and_what_it_is_called() -> None:
    config = read(WHOLE)
    rules = config.rule_set(config.named(CATALOGUE))
    in_face, short = rules.rules
    assert (in_face.name, in_face.severity, in_face.otherwise) == ("scratch@face", Severity.CRITICAL, Fate.RECHECKED)
    assert in_face.zone is not None and in_face.zone.covers(Box(0, 0, 50, 50))
    assert (short.name, short.min_length_mm, short.max_count, short.otherwise) == ("short", 2.0, 3, Fate.SUPPRESSED)
    assert dict(rules.severities) == {
        "unknown_defect": Severity.MAJOR,
        "scratch": Severity.MINOR,
        "crack": Severity.CRITICAL,
    }
    assert config.rule_problems(CATALOGUE, 0.1) == []


def test_names_and_severity_are_the_recipes_the_code_stays_the_catalogues() -> None:
    unknown, scratch, crack = read(WHOLE).named(CATALOGUE)
    assert (scratch.code, scratch.name_en, scratch.name_zh, scratch.severity) == (2, "Scratch", "刮伤", Severity.MINOR)
    assert (unknown, crack) == (CATALOGUE[0], CATALOGUE[2])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[rules]]\nclass = "scratch"\nzone = "face"\nmin_score = 0.5', "there is no zone face; add it"),
        ('[[rules]]\nclass = "scratch"', "says nothing"),
        ('[[rules]]\nclass = "scratch"\nmin_score = 1.5', "less than or equal to 1"),
        ('[[rules]]\nclass = "scratch"\nmin_area_px = 0', "greater than 0"),
        ('[[rules]]\nclass = "scratch"\nmin_area_px = nan', "finite"),
        ('[[rules]]\nclass = "scratch"\nmin_score = 0.5\notherwise = "ignore"', "'recheck' or 'suppress'"),
        ('[[rules]]\nclass = "scratch"\ncode = 3\nmin_score = 0.5', "Extra inputs"),
        ('[[rules]]\nclass = "unknown_defect"\nmin_score = 0.5\notherwise = "suppress"', "never suppressed"),
        (2 * '[[rules]]\nclass = "scratch"\nmin_score = 0.5\n', "2 rules speak of scratch"),
        (2 * '[[zones]]\nname = "a"\npoints = [[0, 0], [9, 0], [0, 9]]\n', "2 zones have the name a"),
        ('[[zones]]\nname = "a"\npoints = [[0, 0], [9, 9], [9, 0], [0, 9]]', "cross each other"),
        (2 * '[[classes]]\nclass = "scratch"\nname_en = "S"\n', "2 entries of classes are of scratch"),
        ('[[classes]]\nclass = "scratch"\ncode = 9', "Extra inputs"),
    ],
)
def test_what_contradicts_itself_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        read(text)


def test_what_either_of_two_packages_calls_critical_is_never_suppressed() -> None:
    grave = DefectClass("scratch", 2, "Scratch", "划痕", Severity.CRITICAL)
    rules = read('[[rules]]\nclass = "scratch"\nmin_score = 0.5\notherwise = "suppress"')
    assert rules.rule_problems(CATALOGUE, None) == []
    for both in ((*CATALOGUE, grave), (grave, *CATALOGUE)):
        assert "scratch is critical" in rules.rule_problems(both, None)[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[rules]]\nclass = "dent"\nmin_score = 0.5', "rules.0 (dent): there is no class dent; known: crack, scratch"),
        (
            '[[rules]]\nclass = "crack"\nmin_score = 0.5\notherwise = "suppress"',
            "rules.0 (crack): crack is critical and never suppressed",
        ),
        (
            '[[rules]]\nclass = "crack"\nmin_score = 0.5\notherwise = "suppress"\n'
            '[[classes]]\nclass = "crack"\nseverity = "minor"',
            "never suppressed",  # the recipe may not talk it small
        ),
        (
            '[[rules]]\nclass = "scratch"\nmin_score = 0.5\notherwise = "suppress"\n'
            '[[classes]]\nclass = "scratch"\nseverity = "critical"',
            "scratch is critical",
        ),
        ('[[rules]]\nclass = "scratch"\nmin_length_mm = 2', "give the geometry mm_per_px"),
        ('[[rules]]\nclass = "scratch"\nmin_area_mm2 = 2', "give the geometry mm_per_px"),
        ('[[classes]]\nclass = "dent"\nname_en = "Dent"', "classes: there is no class dent"),
    ],
)
def test_what_does_not_fit_the_package_is_named_with_its_place(text: str, says: str) -> None:
    (problem,) = read(text).rule_problems(CATALOGUE, None)
    assert says in problem

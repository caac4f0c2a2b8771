from datetime import time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from appliance.domain.drift import Baseline, Trait
from appliance.domain.golden import ExpectedPart
from appliance.recipes.drift import DriftConfig
from appliance.recipes.golden import GoldenConfig, contradiction
from appliance.recipes.inline import inline_recipe
from appliance.recipes.schema import ModelConfig, Recipe, RecipeConfig
from models.decision import Outcome

GOOD = {"name": "Good 1", "serial": "G-1", "expected": "OK"}
BAD = {"name": "Scratch", "serial": "G-2", "expected": "NG", "class": "scratch"}


def section(*parts: dict[str, Any], **changes: Any) -> GoldenConfig:
    return GoldenConfig.model_validate({"parts": parts or (GOOD, BAD), **changes})


def test_a_section_becomes_a_plan() -> None:
    plan = section(valid_h=12, required_at=["start"], shifts=["06:00", "14:30"], clock="utc", shows=3).plan()
    assert plan.parts == (
        ExpectedPart("Good 1", "G-1", Outcome.OK),
        ExpectedPart("Scratch", "G-2", Outcome.NG, "scratch"),
    )
    assert (plan.valid, plan.at_start, plan.at_changeover) == (timedelta(hours=12), True, False)
    assert (plan.shifts, plan.shifts_utc, len(plan.sequence)) == ((time(6), time(14, 30)), True, 6)


@pytest.mark.parametrize(
    ("parts", "changes", "says"),
    [
        ((GOOD, {**GOOD, "name": "b", "serial": "x"}), {}, "no golden part is expected to be NG"),
        ((BAD, {**BAD, "name": "b", "serial": "x"}), {}, "no golden part is expected to be OK"),
        (({**GOOD, "class": "scratch"}, BAD), {}, "a good part has no defect"),
        ((GOOD, {**BAD, "name": "Good 1"}), {}, 'the name "Good 1"; give each its own'),
        ((GOOD, {**BAD, "serial": "G-1"}), {}, 'the serial "G-1"'),
        (({"name": "a", "expected": "OK"}, BAD), {"order": "serial"}, "has no serial"),
        ((GOOD,), {}, "at least 2 items"),
        ((GOOD, {**BAD, "expected": "ERROR"}), {}, "'OK', 'NG' or 'RECHECK'"),
        ((GOOD, BAD), {"shifts": ["24:00"]}, "pattern"),
        ((GOOD, BAD), {"valid_h": 0}, "greater than 0"),
        ((GOOD, BAD), {"valid_h": 1000}, "less than or equal to 168"),
    ],
)
def test_what_proves_nothing_is_refused(parts: tuple[dict[str, Any], ...], changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        section(*parts, **changes)


def test_a_class_that_the_package_does_not_know_is_refused() -> None:
    says = contradiction(section(), ("unknown_defect", "dent"))
    assert says is not None
    assert 'part "Scratch": the package knows no class "scratch"; it knows dent, unknown_defect' in says[0]
    assert "没有类别“scratch”" in says[1]
    assert contradiction(section(), ("unknown_defect", "scratch")) is None
    assert contradiction(None, ()) is None


def test_golden_parts_and_drift_belong_to_the_recipe_and_its_hash() -> None:
    recipe = {"schema": "okng-recipe/1", "models": [{"package": "m.okng"}]}
    plain = Recipe.model_validate(recipe)
    golden = Recipe.model_validate({**recipe, "golden": {"parts": [GOOD, BAD]}})
    watched = Recipe.model_validate({**recipe, "drift": {}})
    assert len({plain.hash, golden.hash, watched.hash}) == 3


def test_the_recipe_of_station_toml_carries_them() -> None:
    body = RecipeConfig.model_validate({"golden": {"parts": [GOOD, BAD]}})
    recipe = inline_recipe(body, ModelConfig.model_validate({"package": "m.okng"}))
    assert recipe.golden == section()


def test_a_recipe_that_collects_has_no_golden_parts() -> None:
    with pytest.raises(ValidationError, match="nothing is judged"):
        Recipe.model_validate({"schema": "okng-recipe/1", "mode": "collect", "golden": {"parts": [GOOD, BAD]}})


def test_drift_names_its_baselines_and_tolerances() -> None:
    drift = DriftConfig.model_validate(
        {"baseline": {"light": {"mean": 120, "spread": 4, "count": 50}}, "tolerance": {"score": 0.5}}
    )
    assert drift.baselines() == {Trait.LIGHT: Baseline(120.0, 4.0, 50)}
    assert drift.tolerance == {Trait.SCORE: 0.5}


@pytest.mark.parametrize(
    "wrong", [{"tolerance": {"smell": 1}}, {"tolerance": {"light": -1}}, {"baseline": {"light": {}}}]
)
def test_a_characteristic_that_is_not_watched_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DriftConfig.model_validate(wrong)

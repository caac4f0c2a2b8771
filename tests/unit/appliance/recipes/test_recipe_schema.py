"""What a recipe may say, and that its hash is of what it means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from appliance.recipes.inline import inline_recipe
from appliance.recipes.schema import ModelConfig, Recipe, RecipeConfig, RecipeModel
from models.decision import Limits

HASH = "sha256:" + 64 * "a"


def recipe(**changes: Any) -> Recipe:
    model = {"package": "a.okng", "sha256": HASH, "ok_below": 0.4, "ng_from": 0.6}
    return Recipe.model_validate({"id": "bracket", "number": 12, "models": [model], **changes})


def test_the_hash_does_not_know_where_a_package_lies() -> None:
    elsewhere = RecipeModel(package=Path("/elsewhere/b.okng"), sha256=HASH, ok_below=0.4, ng_from=0.6)
    assert recipe().hash == recipe(models=[elsewhere.model_dump()]).hash


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "other"},
        {"number": 13},
        {"version": "2"},
        {"deadline_ms": 999},
        {"exposure_within_ms": 249},
        {"codes": ["4006381333931"]},
        {"models": [{"package": "a.okng", "sha256": HASH, "ok_below": 0.5, "ng_from": 0.6}]},
        {"models": [{"package": "a.okng", "sha256": "sha256:" + 64 * "b", "ok_below": 0.4, "ng_from": 0.6}]},
    ],
)
def test_everything_that_it_demands_changes_the_hash(changes: dict[str, Any]) -> None:
    assert recipe(**changes).hash != recipe().hash
    assert recipe(**changes).key.hash == recipe(**changes).hash


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"models": []}, "needs a model"),
        ({"models": [{"package": "a.okng"}] * 3}, "at most 2"),
        ({"models": [{"package": "a.okng", "ok_below": 0.7, "ng_from": 0.6}]}, "must not be above"),
        ({"models": [{"package": "a.okng", "ok_below": 0.7}]}, "both"),
        ({"models": [{"package": "a.okng", "sha256": "abc"}]}, "pattern"),
        ({"version": "../../etc"}, "pattern"),
        ({"id": "a/b"}, "pattern"),
        ({"codes": ["two words"]}, "pattern"),
        ({"number": 1000}, "less than or equal"),
        ({"unheard": 1}, "Extra inputs"),
        ({"schema": "okng-recipe/2"}, "okng-recipe/1"),
    ],
)
def test_what_no_recipe_may_say(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        recipe(**changes)


def test_the_recipe_of_station_toml_is_one_like_any_other() -> None:
    config = RecipeConfig(id="part-1", name="Part 1", number=3, ok_below=0.3, ng_from=0.5)
    inline = inline_recipe(config, ModelConfig(package=Path("m.okng"), runtime="tflite", threads=2))
    assert (inline.id, inline.name, inline.number, inline.mode) == ("part-1", "Part 1", 3, "inspect")
    (model,) = inline.models
    assert (model.package, model.runtime, model.threads) == (Path("m.okng"), "tflite", 2)
    assert model.limits(Limits(0.1, 0.2)) == Limits(0.3, 0.5)


def test_limits_that_are_not_named_are_the_packages() -> None:
    inline = inline_recipe(RecipeConfig(), ModelConfig(package=Path("m.okng")))
    assert inline.models[0].limits(Limits(0.1, 0.2)) == Limits(0.1, 0.2)


def test_who_collects_needs_no_model() -> None:
    assert inline_recipe(RecipeConfig(mode="collect"), ModelConfig(package=Path("m.okng"))).models == ()

"""The recipe that is written in station.toml, as a recipe like any other."""

from __future__ import annotations

from appliance.recipes.schema import LimitsInForce, ModelConfig, Recipe, RecipeBody, RecipeConfig, RecipeModel


def inline_recipe(config: RecipeConfig, model: ModelConfig | None) -> Recipe:
    """[recipe] and [model] of station.toml in one; the limits of [recipe] are the model's."""
    models: tuple[RecipeModel, ...] = ()
    if model is not None and config.mode == "inspect":
        limits = config.model_dump(include=set(LimitsInForce.model_fields))
        models = (RecipeModel(**model.model_dump(), **limits),)
    return Recipe(**config.model_dump(include=set(RecipeBody.model_fields)), models=models)

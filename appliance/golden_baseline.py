"""What the good parts of a golden session showed becomes the recipe's baseline: explicitly, and as another version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.config.schema import Config
from appliance.fitting import check_fit, check_import
from appliance.limits import next_version
from appliance.recipes.catalogue import Catalogue
from appliance.recipes.drift import BaselineConfig, DriftConfig
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.quality import QualityConfig
from appliance.recipes.schema import Recipe
from appliance.recipes.text import parse_recipe
from appliance.recipes.toml_text import recipe_text
from appliance.store.golden_records import GoldenRecord
from models.decision import Outcome
from models.package import open_package
from models.quality import Quality, seen_in
from models.typical import quality_of, traits_of, typical_of

LEAST_SHOWS = 8


@dataclass(frozen=True, slots=True)
class Learned:
    """`drift`: the recipe's section with what was learned; `quality`: the gate's, where it was asked for."""

    session: str
    shows: int
    drift: DriftConfig
    quality: QualityConfig | None


def learn(records: Iterable[GoldenRecord | str], recipe: Recipe, *, gate: bool) -> Learned:
    """From the last session of this recipe, newest record first.

    Raises:
        RecipeProblem: it has not passed, or shows too little.
    """
    mine = (
        record
        for record in records
        if not isinstance(record, str)
        and (record.bound_to.recipe.id, record.bound_to.recipe.version) == (recipe.id, recipe.version)
    )
    last = next(mine, None)
    if last is None or last.outcome != "passed":
        raise RecipeProblem(
            f"the last golden session of recipe {recipe.id} {recipe.version} has not passed; show them first",
            f"配方 {recipe.id} {recipe.version} 的上次标准件验证未通过；请先完成验证",
        )
    good = [show for show in last.shows if show.expected is Outcome.OK and show.as_expected and show.score is not None]
    seen = [quality_of(show.measures) for show in good]
    traits = [traits_of(one) | {"score": show.score or 0.0} for one, show in zip(seen, good, strict=True)]
    found = typical_of(traits) if len(good) >= LEAST_SHOWS else {}
    if not found:
        raise RecipeProblem(
            f"the good parts were shown {len(good)} times, or all looked the same; {LEAST_SHOWS} different shows are "
            "the least: raise [golden] shows and show them again",
            f"良品标准件共展示 {len(good)} 次或数据完全相同；至少需要 {LEAST_SHOWS} 次不同的展示，请增大 shows",
        )
    baseline = {name: BaselineConfig(mean=one.mean, spread=one.spread, count=one.count) for name, one in found.items()}
    before = recipe.drift or DriftConfig()
    drift = DriftConfig.model_validate({"baseline": baseline, "tolerance": before.tolerance})
    return Learned(last.id, len(good), drift, _gate(seen) if gate else recipe.quality)


def draft(config: Config, catalogue: Catalogue, recipe: Recipe, learned: Learned) -> tuple[Recipe, bytes]:
    """The recipe's next version with what was learned, and its text.

    Raises:
        RecipeProblem: it would not fit this station.
        ModelError: a package is not sound.
    """
    models = tuple(
        model.model_copy(update={"sha256": model.sha256 or open_package(model.package).hash}) for model in recipe.models
    )
    changed = recipe.model_copy(
        update={
            "models": models,
            "drift": learned.drift,
            "quality": learned.quality,
            "version": next_version(catalogue, recipe),
        }
    )
    text = recipe_text(changed)
    made = parse_recipe(text, f"recipe {changed.id} {changed.version}", models[0].package.parent)
    check_import(made)
    catalogue.check_unique(made)
    check_fit(config, made)
    return made, text


def _gate(seen: list[Quality]) -> QualityConfig:
    return QualityConfig.of(seen_in(seen))

"""The limits in force of a recipe: what is certified of them, and how others are saved as a version of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.certify import load_model, records_of
from appliance.config.schema import Config
from appliance.fitting import check_fit, check_import, placement_for
from appliance.proof import as_of_now, issue, keep, path_of
from appliance.recipes.catalogue import Catalogue, Entry
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.schema import Recipe
from appliance.recipes.store import Stored
from appliance.recipes.text import parse_recipe
from appliance.recipes.toml_text import recipe_text
from models.certificate import Certificate, HeldOut, family_of, held_out
from models.costs import Costs, Proposal, propose
from models.decision import Limits
from models.detector import ModelInfo
from models.manifest import Manifest
from models.package import open_package
from models.runtimes.choose import REFERENCE

_BINS = 20
_BAR = 40


@dataclass(frozen=True, slots=True)
class Known:
    """A recipe's model as this machine runs it, with the limits in force and their certificate."""

    recipe: Recipe
    info: ModelInfo
    manifest: Manifest
    limits: Limits
    issued: Certificate | None

    @property
    def scores(self) -> HeldOut | None:
        return held_out(self.manifest, family_of(self.info.runtime))

    @property
    def floor(self) -> float:
        """The lowest score that this runtime's map can give."""
        return _floor(self.manifest, family_of(self.info.runtime))


@dataclass(frozen=True, slots=True)
class Draft:
    """A recipe with other limits, checked and not saved."""

    recipe: Recipe
    text: bytes
    issued: Certificate | None


def look_up(config: Config, entry: Entry) -> Known:
    """Load the model as the station does, in a child first, and let it go; blocks for some seconds.

    Raises:
        RecipeProblem: the recipe has not one model.
        ModelError: it may not be used here.
    """
    recipe = entry.recipe
    if len(recipe.models) != 1:
        raise RecipeProblem(
            f"recipe {recipe.id} {recipe.version} has {len(recipe.models)} models; limits are changed here for one "
            "model: write them into the recipe's file and import it",
            f"配方 {recipe.id} {recipe.version} 有 {len(recipe.models)} 个模型；请在配方文件中修改界限后导入",
        )
    model = recipe.models[0]
    detector = load_model(model.package, placement_for(config, model), records_of(config))
    info = detector.info
    detector.close()
    manifest = open_package(model.package).manifest
    limits = model.limits(info.limits)
    return Known(recipe, info, manifest, limits, as_of_now(config, recipe, info))


def draft(config: Config, catalogue: Catalogue, known: Known, limits: Limits) -> Draft:
    """The recipe's next version with these limits.

    Raises:
        RecipeProblem: the recipe would not fit this station: no part could be OK, say.
    """
    before = known.recipe
    model = before.models[0].model_copy(
        update={"ok_below": limits.ok_below, "ng_from": limits.ng_from, "sha256": known.info.hash}
    )
    changed = before.model_copy(update={"models": (model,), "version": next_version(catalogue, before)})
    text = recipe_text(changed)
    recipe = parse_recipe(text, f"recipe {changed.id} {changed.version}", model.package.parent)
    check_import(recipe)
    catalogue.check_unique(recipe)
    check_fit(config, recipe)
    return Draft(recipe, text, issue(config, recipe, limits, known.info))


def save(config: Config, catalogue: Catalogue, made: Draft, by: str, why: str) -> Stored:
    """Store the version, and its certificate beside it.

    Raises:
        RecipeProblem: the store cannot be written, or somebody saved this version meanwhile.
    """
    stored = catalogue.store.save(made.text, made.recipe, made.recipe.models[0].package.parent, by, why)
    if made.issued is not None:
        keep(path_of(config, made.recipe), made.issued)
    return stored


def proposal(known: Known, costs: Costs) -> Proposal:
    """The cheapest limits for these costs.

    Raises:
        RecipeProblem: the package holds no scores to weigh.
    """
    scores = known.scores
    issued = known.issued
    try:
        if scores is None or issued is None:
            raise ValueError(f"the package has no held-out scores on {known.info.runtime}; train it again")
        return propose(scores, costs, known.floor, issued.shared_confidence)
    except ValueError as error:
        raise RecipeProblem(f"recipe {known.recipe.id}: {error}", "没有可权衡的留出得分；请重新训练模型") from error


def histogram(known: Known) -> Iterator[str]:
    """The held-out scores as a few lines: good to the left of defective ones, the limits where they stand."""
    scores = known.scores
    if scores is None:
        yield f"the package has no held-out scores on {known.info.runtime}"
        return
    good = _counts(scores.good.worst)
    bad = _counts(tuple(score for sample in scores.defects.values() for score in sample.worst))
    most = max(*good, *bad, 1)
    for index in range(_BINS):
        low = index / _BINS
        marks = [
            name
            for name, limit in (("OK below", known.limits.ok_below), ("NG from", known.limits.ng_from))
            if low <= limit < low + 1 / _BINS or (limit == 1.0 and index == _BINS - 1)
        ]
        if good[index] or bad[index] or marks:
            bar = "#" * -(-_BAR * good[index] // most) + "!" * -(-_BAR * bad[index] // most)
            note = f"  <- {', '.join(marks)}" if marks else ""
            yield f"{low:.2f}  good {good[index]:>5}  defective {bad[index]:>5}  {bar}{note}"


def _counts(scores: tuple[float, ...]) -> list[int]:
    counts = [0] * _BINS
    for score in scores:
        counts[min(int(score * _BINS), _BINS - 1)] += 1
    return counts


def _floor(manifest: Manifest, family: str) -> float:
    maps = {str(name): score_map for name, score_map in manifest.score_maps.items()}
    return maps.get(family, maps[REFERENCE]).score[0]


def next_version(catalogue: Catalogue, recipe: Recipe) -> str:
    """The first version that is free after this one: its last number counted up."""
    taken = {version for id_, version in catalogue.store.versions() if id_ == recipe.id} | {recipe.version}
    head, number = re.fullmatch(r"(.*?)(\d*)", recipe.version, re.DOTALL).groups()  # type: ignore[union-attr]
    head, count = (head, int(number)) if number else (f"{recipe.version}.", 0)
    while (name := f"{head}{count}") in taken:
        count += 1
    return name

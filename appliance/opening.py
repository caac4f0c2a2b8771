"""What a station judges by when it starts, and what it takes to judge by another recipe later."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.certify import certification_sentence, load_model, records_of
from appliance.clock import SystemClock
from appliance.config.schema import Config
from appliance.defects import demand_fit
from appliance.domain.device import DeviceState
from appliance.errors import NotThere, OkngError
from appliance.fitting import catalogue_of, check_fit, model_problem, placement_for
from appliance.looking import Looking, Unable, make_looking
from appliance.recipes.catalogue import Catalogue, Entry
from appliance.recipes.problem import RecipeProblem, RecipeUnreadable
from appliance.recipes.records import Pointer
from appliance.recipes.schema import Recipe, RecipeModel
from appliance.state_dir import StateDir
from appliance.store.kept_packages import KeptPackages
from models.combine import Combine
from models.detector import Detector
from models.ensemble import Ensemble
from models.errors import ModelError, PackageError
from models.package import open_package

_log = logging.getLogger(__name__)
_UNKNOWN = Pointer(origin="store", id="unknown", version="0", sha256="sha256:" + 64 * "0")


@dataclass(frozen=True, slots=True)
class Opening:
    """`broken`: there is no recipe to judge by; the station is not ready until another one comes into force."""

    pointer: Pointer
    looking: Looking
    catalogue: Catalogue
    clock: SystemClock
    broken: bool = False


def open_recipe(config: Config) -> Opening:
    """What was activated last; where nothing was, the recipe of station.toml.

    A recipe of the store that cannot be used is never replaced by another one: the station opens without any.

    Raises:
        OkngError, ModelError: the recipe of station.toml cannot be used; the message says what to do.
    """
    clock = SystemClock()
    catalogue = catalogue_of(config, clock.utc)
    pointer = _UNKNOWN
    try:
        active = catalogue.store.active()
        if active is None or active.recipe.origin == "station.toml":
            pointer = catalogue.inline.pointer
            _demand_fit(config, catalogue.inline.recipe)
            looking = make_looking(
                config, catalogue.inline.recipe, load_detector(config, catalogue.inline.recipe), clock
            )
            return Opening(pointer, looking, catalogue, clock)
        pointer = active.recipe
        return Opening(pointer, equip(config, _as_activated(catalogue, pointer), clock), catalogue, clock)
    except RecipeProblem as problem:
        _log.critical("no recipe to judge by: %s", problem)
        return Opening(pointer, _unable(pointer, problem), catalogue, clock, broken=True)


def equip(config: Config, entry: Entry, clock: SystemClock) -> Looking:
    """All that it takes to judge by a recipe, loaded and warm; blocks for some seconds.

    Raises:
        RecipeProblem: it cannot be used here; nothing is left behind.
    """
    recipe = entry.recipe
    check_fit(config, recipe)
    try:
        return make_looking(config, recipe, load_detector(config, recipe), clock)
    except ModelError as error:
        raise model_problem(recipe, error) from error
    except (OkngError, OSError, MemoryError, ValueError) as error:
        raise RecipeProblem(
            f"recipe {recipe.id} {recipe.version} cannot be loaded: {error}; see the log",
            f"配方 {recipe.id} {recipe.version} 无法加载；请查看日志",
        ) from error


def load_detector(config: Config, recipe: Recipe) -> Detector | Ensemble | None:
    """The recipe's model or models, proven in a disposable child process first; None where pictures are collected.

    Raises:
        ModelError: the package is not sound, or its runtime is not there.
    """
    if recipe.mode == "collect" or not recipe.models:
        return None
    first = _load_one(config, recipe, recipe.models[0])
    if len(recipe.models) == 1:
        return first
    try:
        second = _load_one(config, recipe, recipe.models[1])
    except (OkngError, ModelError):
        first.close()
        raise
    return Ensemble(first, second, recipe.models[1].limits(second.info.limits), Combine(recipe.combine))


def _load_one(config: Config, recipe: Recipe, model: RecipeModel) -> Detector:
    quality = recipe.quality.entry() if recipe.quality else None
    detector = load_model(model.package, placement_for(config, model), records_of(config), quality, recipe.geometry)
    keep_package(config, model.package, detector.info.hash)
    if config.station.armed and not detector.info.certified:
        _log.warning("%s", certification_sentence(detector.info, with_station=True))
    return detector


def keep_package(config: Config, package: Path, hash: str) -> None:
    """Keep a copy of what was loaded, for replays; a disk that takes none does not stop the line."""
    try:
        KeptPackages(StateDir(config.station.state_dir).packages).keep(package, hash)
    except (NotThere, PackageError) as error:
        _log.error("no copy of the package was kept, its verdicts cannot be replayed here: %s", error)


def stored_state(catalogue: Catalogue, quarantine: Callable[[str, str], object]) -> DeviceState:
    """How the stored recipes are; files that are no recipes any more are put aside."""
    for id_, version in catalogue.store.versions():
        try:
            catalogue.store.read(id_, version)
        except RecipeUnreadable as problem:
            if type(problem) is RecipeUnreadable:
                quarantine(id_, version)
            return DeviceState("warn", str(problem), problem.text_zh)
        except RecipeProblem as problem:
            return DeviceState("warn", str(problem), problem.text_zh)
    return DeviceState("ok")


def _as_activated(catalogue: Catalogue, pointer: Pointer) -> Entry:
    """Exactly what was activated.

    Raises:
        RecipeProblem: it is gone, or not what it was then.
    """
    entry = catalogue.find(pointer.id, pointer.version)
    if entry.pointer != pointer:
        raise RecipeUnreadable(
            f"recipe {pointer.id} {pointer.version} is another one than was activated; choose one with: "
            "okng recipe activate",
            f"配方 {pointer.id} {pointer.version} 与激活时不同；请重新选择配方",
        )
    return entry


def _demand_fit(config: Config, recipe: Recipe) -> None:
    """Refuse to start with rules or classes that the package or the defect catalogue contradicts.

    Raises:
        UsageError, NotThere, ModelError: what is wrong, and what to do.
    """
    if recipe.mode == "inspect":
        packages = [(str(model.package), open_package(model.package).manifest) for model in recipe.models]
        demand_fit(config, recipe, packages)


def _unable(pointer: Pointer, problem: RecipeProblem) -> Unable:
    recipe = Recipe.model_construct(id=pointer.id, name=pointer.id, version=pointer.version, number=0, mode="collect")
    return Unable(recipe, DeviceState("fault", str(problem), problem.text_zh))

"""The defect catalogue of this station: the factory's file, what was ever seen of it, and what packages say."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from appliance.config.schema import Config
from appliance.errors import NotThere, UsageError
from appliance.recipes.schema import Recipe
from appliance.state_dir import StateDir
from appliance.store.catalogue_history import CatalogueHistory
from models.catalogue import DefectCatalogue, contradictions, parse_catalogue
from models.decision import DefectClass
from models.errors import PackageError
from models.manifest import Manifest
from models.package import open_package

Named = tuple[str, tuple[DefectClass, ...]]


def read_catalogue(path: Path) -> DefectCatalogue:
    """The catalogue in a file.

    Raises:
        NotThere: it cannot be read.
        CatalogueError: it is wrong.
    """
    try:
        return parse_catalogue(path.read_bytes(), str(path))
    except OSError as error:
        raise NotThere(
            f"the defect catalogue {path} cannot be read ({error.strerror}); make one with: okng catalogue add, or "
            "correct [station] catalogue"
        ) from error


def catalogue_in_force(config: Config) -> DefectCatalogue | None:
    """The factory's catalogue, where the station names one. Raises as `read_catalogue`."""
    return read_catalogue(config.station.catalogue) if config.station.catalogue is not None else None


def history_of(config: Config, utc: Callable[[], datetime] = lambda: datetime.now(UTC)) -> CatalogueHistory:
    return CatalogueHistory(StateDir(config.station.state_dir).catalogue, utc)


def classes_of(manifest: Manifest) -> tuple[DefectClass, ...]:
    return tuple(row.defect_class() for row in manifest.classes)


def classes_in_force(
    classes: tuple[DefectClass, ...], catalogue: DefectCatalogue | None, recipe: Recipe
) -> tuple[DefectClass, ...]:
    """A model's classes under the names and severities that hold: the recipe's, else the catalogue's, else its own."""
    return recipe.named(catalogue.named(classes) if catalogue is not None else classes)


def catalogue_problems(config: Config, packages: Sequence[Named]) -> tuple[list[str], list[str]]:
    """What stands against these packages' classes here, and what is only to be known; one sentence each.

    Packages are compared with each other, with the catalogue, and the catalogue with what was ever seen of it.

    Raises:
        NotThere, CatalogueError: catalogue or history cannot be used at all.
    """
    problems = contradictions(packages)
    warnings: list[str] = []
    catalogue = catalogue_in_force(config)
    if catalogue is None:
        return problems, warnings
    problems += [f"{config.station.catalogue}: {line}" for line in catalogue.lost(history_of(config).known())]
    for shown, classes in packages:
        problems += catalogue.problems(classes, shown)
        warnings += [
            f"{shown}: {label} is retired in the catalogue, but the package still finds it"
            for label in catalogue.retired_in(classes)
        ]
    return problems, warnings


def packages_of(recipes: Iterable[Recipe]) -> list[Named]:
    """The classes of every package that these recipes name, each once; one that may not be used is left out."""
    paths = {model.package: recipe.id for recipe in recipes for model in recipe.models}
    found = []
    for path, id_ in paths.items():
        # Why a package may not be used is said where it is to be used.
        with contextlib.suppress(PackageError):
            found.append((f"{path} (recipe {id_})", classes_of(open_package(path).manifest)))
    return found


def demand_agreement(recipes: Iterable[Recipe]) -> None:
    """Refuse recipes whose packages give one code to two defects or one defect two codes.

    Raises:
        UsageError: every contradiction, one a line.
    """
    found = contradictions(packages_of(recipes))
    if found:
        raise UsageError("\n".join(found))


def recipe_problems(
    config: Config, recipe: Recipe, packages: Sequence[tuple[str, Manifest]]
) -> tuple[list[str], list[str]]:
    """What stands against a recipe's rules and classes with these packages of its own; and what is only to be known.

    Raises:
        NotThere, CatalogueError: catalogue or history cannot be used at all.
    """
    named = [(shown, classes_of(manifest)) for shown, manifest in packages]
    problems, warnings = catalogue_problems(config, named)
    every = tuple(row for _, classes in named for row in classes)  # what one of two packages calls critical is
    problems += recipe.rule_problems(every, _mm_per_px(recipe, packages), catalogue_in_force(config))
    return problems, warnings


def demand_fit(config: Config, recipe: Recipe, packages: Sequence[tuple[str, Manifest]]) -> list[str]:
    """Refuse a recipe whose rules or classes do not hold together with its packages and the catalogue.

    Returns:
        What is only to be known, in sentences.

    Raises:
        UsageError: every problem with its place and remedy, one a line.
        NotThere, CatalogueError: catalogue or history cannot be used at all.
    """
    problems, warnings = recipe_problems(config, recipe, packages)
    if problems:
        raise UsageError("\n".join(problems))
    return warnings


def learn_catalogue(config: Config) -> None:
    """Let the station remember what its catalogue says now; once it is known, it cannot be taken back.

    Raises:
        UsageError: it says something else than before.
        NotThere, CatalogueError: catalogue or history cannot be used at all.
    """
    catalogue = catalogue_in_force(config)
    if catalogue is None:
        return
    history = history_of(config)
    lost = catalogue.lost(history.known())
    if lost:
        raise UsageError("\n".join(f"{config.station.catalogue}: {line}" for line in lost))
    history.learn(catalogue)


def _mm_per_px(recipe: Recipe, packages: Sequence[tuple[str, Manifest]]) -> float | None:
    """A pixel's size where the recipe, or every package, knows it: a rule in millimetres is asked of each."""
    if recipe.geometry is not None and recipe.geometry.mm_per_px is not None:
        return recipe.geometry.mm_per_px
    sizes = [manifest.geometry.mm_per_px for _, manifest in packages]
    return next(iter(sizes), None) if all(size is not None for size in sizes) else None

"""Recipes as texts and files, for the demo package that ships with okng."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.recipes.schema import Recipe
from appliance.recipes.store import RecipeStore, Stored
from appliance.recipes.text import parse_recipe
from models.package import open_package
from tests.fakes.line import DEMO_PACKAGE

FOLDER = Path("/recipes")


def ticking_utc() -> Any:
    """A clock that says another second at each look."""
    seconds = itertools.count()
    return lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(seconds))


def recipe_text(
    id: str = "bracket",
    version: str = "1",
    number: int = 12,
    package: Path = DEMO_PACKAGE,
    more: str = "",
    model: str = "",
) -> bytes:
    """A recipe that pins the package; `more` stands before [[models]], `model` inside."""
    pin = open_package(package).hash
    return (
        f'schema = "okng-recipe/1"\nid = "{id}"\nname = "The {id}"  # as the operator knows it\nnumber = {number}\n'
        f'version = "{version}"\n{more}\n[[models]]\npackage = "{package}"\nsha256 = "{pin}"\n{model}\n'
    ).encode()


def recipe_of(**fields: Any) -> Recipe:
    return parse_recipe(recipe_text(**fields), "bracket.toml", FOLDER)


def store_at(root: Path) -> RecipeStore:
    return RecipeStore(root, ticking_utc())


def save(store: RecipeStore, **fields: Any) -> Stored:
    return store.save(recipe_text(**fields), recipe_of(**fields), FOLDER, "ada", "because")

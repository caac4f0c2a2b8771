"""A recipe's TOML text → `Recipe`: every problem at once, each with its place and what to do."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from appliance.problems import sentences
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.schema import Recipe
from appliance.section import anchored

MAX_BYTES = 256_000


def parse_recipe(content: bytes, shown: str, folder: Path) -> Recipe:
    """The recipe in a file's `content`; relative paths start at `folder`.

    Raises:
        RecipeProblem: not TOML, or against the schema; the message lists every problem, one a line.
    """
    if len(content) > MAX_BYTES:
        raise RecipeProblem(
            f"{shown} is larger than {MAX_BYTES // 1000} kB; this is no recipe", f"{shown} 过大，不是配方文件"
        )
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecipeProblem(
            f"{shown} is no valid TOML: {error}; correct that line", f"{shown} 不是有效的 TOML 文件；请更正"
        ) from error
    try:
        recipe = Recipe.model_validate(table)
    except ValidationError as error:
        count = error.error_count()
        raise RecipeProblem(
            sentences(shown, error, Recipe, {}),
            f"{shown} 有 {count} 处需要更正；请用 okng recipe import 查看",
        ) from error
    return anchored(recipe, folder)

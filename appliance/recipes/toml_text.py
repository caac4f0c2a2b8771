"""A recipe as TOML text: what `appliance.recipes.text` reads back as the same recipe."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from appliance.recipes.schema import SCHEMA, Recipe

_ALWAYS = ("id", "name", "number", "version")


def recipe_text(recipe: Recipe) -> bytes:
    """All that the recipe says; what it leaves to defaults is left out."""
    said = recipe.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    head = {"schema": SCHEMA} | {name: getattr(recipe, name) for name in _ALWAYS}
    return ("\n".join(_lines(head | said, "")) + "\n").encode()


def _lines(table: Mapping[str, Any], place: str) -> Iterator[str]:
    """Plain values first: in TOML all that follows a table's head belongs to it."""
    for key, value in table.items():
        if not _is_table(value) and not _are_tables(value):
            yield f"{key} = {_value(value)}"
    for key, value in table.items():
        name = f"{place}{key}"
        if _is_table(value):
            yield f"\n[{name}]"
            yield from _lines(value, f"{name}.")
        elif _are_tables(value):
            for row in value:
                yield f"\n[[{name}]]"
                yield from _lines(row, f"{name}.")


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _are_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _value(value: object) -> str:
    """Strings, numbers and lists of them are written in TOML as in JSON."""
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

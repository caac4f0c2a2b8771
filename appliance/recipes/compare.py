"""Two recipes, field by field."""

from __future__ import annotations

from typing import Any

from appliance.recipes.schema import Recipe


def differences(before: Recipe, after: Recipe) -> list[tuple[str, str, str]]:
    """(field, before, after) of everything that differs, in the order of the schema; "-" stands for nothing."""
    left, right = fields(before), fields(after)
    names = list(left) + [name for name in right if name not in left]
    return [(name, left.get(name, "-"), right.get(name, "-")) for name in names if left.get(name) != right.get(name)]


def fields(recipe: Recipe) -> dict[str, str]:
    """Everything the recipe says, by its place in it, with what it leaves to defaults."""
    return _flat(recipe.model_dump(mode="json", by_alias=True))


def _flat(value: Any, place: str = "") -> dict[str, str]:
    """Every leaf under its place, such as `models.1.ok_below`; lists count from 1 as people do."""
    if isinstance(value, dict):
        pairs = [(str(key), child) for key, child in value.items()]
    elif isinstance(value, list) and any(isinstance(child, dict | list) for child in value):
        pairs = [(str(number), child) for number, child in enumerate(value, start=1)]
    elif value is None or value == []:
        return {}
    else:
        return {place: ", ".join(str(child) for child in value) if isinstance(value, list) else str(value)}
    found: dict[str, str] = {}
    for key, child in pairs:
        found |= _flat(child, f"{place}.{key}" if place else key)
    return found

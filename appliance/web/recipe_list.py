"""Which recipes the page and programs may choose from: read from the store, so that it works without a station too."""

from __future__ import annotations

from appliance.recipes.catalogue import Catalogue
from appliance.web.api import ListedRecipe, RecipeList


def listed_recipes(catalogue: Catalogue) -> RecipeList:
    """The highest version of each, by number; what cannot be read is not offered."""
    return RecipeList(
        recipes=tuple(
            ListedRecipe(
                id=entry.recipe.id,
                name=entry.recipe.name,
                number=entry.recipe.number,
                version=entry.recipe.version,
                origin=entry.pointer.origin,
            )
            for entry in catalogue.entries()
        )
    )

"""The recipe in force with all that it takes to judge by it, and what is still to be said of those before it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from appliance.domain.parts import RecipeKey
from appliance.looking import Looking
from appliance.recipes.records import Pointer
from appliance.recipes.schema import Recipe
from appliance.recipes.views import ViewsConfig
from appliance.sinks.result_message import ResultContext
from models.decision import DefectClass

_REMEMBERED = 64  # more than parts can be in flight and wait to be shown


@dataclass(frozen=True, slots=True)
class Kit:
    """`context` is what all results under this recipe share; `pointer` says where the recipe stands.

    `broken`: nothing can be judged, and the station is not ready until another recipe comes into force.
    """

    pointer: Pointer
    looking: Looking
    context: ResultContext
    broken: bool = False

    @property
    def key(self) -> RecipeKey:
        return self.looking.recipe.key


@dataclass(frozen=True, slots=True)
class _Said:
    """What is left of a kit when its model is gone."""

    context: ResultContext
    recipe: Recipe
    classes: dict[str, DefectClass]


class Kits:
    """Any thread. A part's own recipe counts, not the one in force."""

    def __init__(self, first: Kit) -> None:
        self._lock = threading.Lock()
        self._said: OrderedDict[RecipeKey, _Said] = OrderedDict()
        self._current = first
        self.know(first)

    @property
    def current(self) -> Kit:
        return self._current

    def know(self, kit: Kit) -> None:
        """What results under this kit say; before the first part is admitted under it."""
        model = kit.looking.model
        said = _Said(kit.context, kit.looking.recipe, {row.label: row for row in model.classes} if model else {})
        with self._lock:
            self._said[kit.key] = said
            self._said.move_to_end(kit.key)
            while len(self._said) > _REMEMBERED:
                self._said.popitem(last=False)

    def change(self, kit: Kit) -> None:
        """The kit is in force: what the station says of itself follows it."""
        self._current = kit

    def context(self, recipe: RecipeKey) -> ResultContext:
        """What results of a part under this recipe share."""
        with self._lock:
            return self._said[recipe].context

    def recipe(self, recipe: RecipeKey) -> Recipe:
        """All that a part under this recipe was judged by."""
        with self._lock:
            return self._said[recipe].recipe

    def views(self, recipe: RecipeKey) -> ViewsConfig | None:
        """What the page is to show of a part's picture; None, also for a recipe long gone, is all of it."""
        with self._lock:
            found = self._said.get(recipe)
        return found.recipe.views if found else None

    def classes(self, recipe: RecipeKey) -> dict[str, DefectClass]:
        with self._lock:
            found = self._said.get(recipe)
        return found.classes if found else {}

    def may_pass(self, recipe: RecipeKey) -> bool:
        """Whether the station is armed for parts under this recipe."""
        with self._lock:
            found = self._said.get(recipe)
        return found is not None and found.context.armed

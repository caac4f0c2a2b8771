"""Which recipes a station can change to: those of its store, and the one written in station.toml."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.recipes.problem import NoSuchRecipe, RecipeProblem
from appliance.recipes.records import Pointer
from appliance.recipes.schema import Recipe
from appliance.recipes.store import RecipeStore


@dataclass(frozen=True, slots=True)
class Entry:
    """A recipe, and where it stands."""

    recipe: Recipe
    pointer: Pointer


class Catalogue:
    """`inline` is the recipe of station.toml. A stored one of the same id takes its place, its number with it."""

    def __init__(self, store: RecipeStore, inline: Recipe) -> None:
        self.store = store
        self.inline = Entry(inline, Pointer(origin="station.toml", id=inline.id, version=inline.version, sha256=""))

    def entries(self) -> tuple[Entry, ...]:
        """The highest version of each recipe, by number."""
        highest = {stored.recipe.id: Entry(stored.recipe, stored.pointer) for stored in self.store.shelf().stored}
        highest.setdefault(self.inline.recipe.id, self.inline)
        return tuple(sorted(highest.values(), key=lambda entry: entry.recipe.number))

    def by_id(self, id_: str, version: str | None = None) -> Entry:
        """One version, or the highest, that nothing stands against.

        Raises:
            RecipeProblem: there is none, it is not what was saved, or its number or code is another's by now.
        """
        entry = self.find(id_, version)
        self.check_unique(entry.recipe)
        return entry

    def in_force(self) -> Entry:
        """The recipe that a station brings into force when it starts.

        Raises:
            RecipeProblem: it is gone.
        """
        active = self.store.active()
        if active is None or active.recipe.origin == "station.toml":
            return self.inline
        return self.find(active.recipe.id, active.recipe.version)

    def find(self, id_: str, version: str | None = None) -> Entry:
        """One version, or the highest.

        Raises:
            RecipeProblem: there is none, or it is not what was saved.
        """
        own = self.inline.recipe
        try:
            stored = self.store.read(id_, version)
        except NoSuchRecipe:
            if id_ == own.id and version in (None, own.version):
                return self.inline
            raise
        return Entry(stored.recipe, stored.pointer)

    def by_number(self, number: int) -> Entry:
        """The highest version of the recipe with this PLC job number. Raises as `by_id`."""
        found = [entry for entry in self.entries() if entry.recipe.number == number]
        return self._only(found, f"number {number}", f"编号 {number}")

    def by_code(self, code: str) -> Entry:
        """The highest version of the recipe with this barcode, compared to the last character. Raises as `by_id`."""
        found = [entry for entry in self.entries() if code in entry.recipe.codes]
        return self._only(found, f"the code {code}", f"条码 {code}")

    def check_unique(self, recipe: Recipe) -> None:
        """Refuse a recipe whose number or code chooses another recipe as well.

        Raises:
            RecipeProblem: it names the other one.
        """
        for other in (entry.recipe for entry in self.entries() if entry.recipe.id != recipe.id):
            if other.number == recipe.number:
                raise RecipeProblem(
                    f"number {recipe.number} of recipe {recipe.id} is that of recipe {other.id} already; give it "
                    "another number",
                    f"配方 {recipe.id} 的编号 {recipe.number} 已被配方 {other.id} 使用；请更换编号",
                )
            shared = sorted(set(other.codes) & set(recipe.codes))
            if shared:
                raise RecipeProblem(
                    f"code {shared[0]} of recipe {recipe.id} is that of recipe {other.id} already; take it out of one",
                    f"配方 {recipe.id} 的条码 {shared[0]} 已被配方 {other.id} 使用；请从其中一个删除",
                )

    @staticmethod
    def _only(found: list[Entry], named_en: str, named_zh: str) -> Entry:
        if not found:
            raise NoSuchRecipe(
                f"no recipe has {named_en}; see okng recipe list, or import the recipe",
                f"没有配方使用{named_zh}；请先导入该配方",
            )
        if len(found) > 1:
            names = ", ".join(entry.recipe.id for entry in found)
            raise RecipeProblem(
                f"{named_en} is that of several recipes ({names}); import one of them with another",
                f"多个配方（{names}）使用{named_zh}；请修改其中一个",
            )
        return found[0]

"""Why a recipe cannot be used, in the operator's two languages."""

from __future__ import annotations

from appliance.errors import OkngError


class RecipeProblem(OkngError):
    """The recipe is refused; nothing was changed."""

    exit_code = 2

    def __init__(self, text_en: str, text_zh: str) -> None:
        super().__init__(text_en)
        self.text_zh = text_zh

    @property
    def texts(self) -> tuple[str, str]:
        return str(self), self.text_zh


class NoSuchRecipe(RecipeProblem):
    """No recipe has this id, version, number or code."""

    exit_code = 3


class RecipeUnreadable(RecipeProblem):
    """What is stored is no recipe any more."""

    exit_code = 4


class RecipeEdited(RecipeUnreadable):
    """A stored version was changed on disk: it is no longer what was saved, tested and named in results."""

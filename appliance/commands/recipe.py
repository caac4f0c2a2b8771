"""The verb `recipe`: another recipe comes into force.

    {"verb":"recipe","request_id":"9c…","actor":{"source":"cli","name":"ada"},"id":"bracket","version":"3"}
    {"type":"reply","request_id":"9c…","verb":"recipe","status":"accepted","recipe":{"id":"bracket",…}}

Accepted means in force: the model and the camera's settings are live, and the next part is judged by them.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from appliance.commands.envelope import Order, Request, Shown, Source, Strict

RecipeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
RecipeVersion = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$")]
JobNumber = Annotated[int, Field(ge=1, le=999)]


class _Choice(Strict):
    """Names one recipe: by `id`, with or without a `version` (else the highest), by its `number`, or by a `code`."""

    id: RecipeId | None = None
    version: RecipeVersion | None = None
    number: JobNumber | None = None
    code: Shown | None = None
    reason: Shown | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if sum(name is not None for name in (self.id, self.number, self.code)) != 1:
            raise ValueError("name the recipe in one way: by id, by number or by code")
        if self.version is not None and self.id is None:
            raise ValueError("a version needs its recipe's id")
        return self


class RecipeRequest(Request, _Choice):
    """What a caller may say to change the recipe. `reason`: why, for the audit trail."""

    def command(self, source: Source, name: str) -> RecipeCommand:
        return RecipeCommand(
            verb="recipe",
            **self.signed(source, name),
            id=self.id,
            version=self.version,
            number=self.number,
            code=self.code,
            reason=self.reason,
        )


class RecipeCommand(Order, _Choice):
    """Bring another recipe into force."""

    verb: Literal["recipe"]


class RunningRecipe(Strict):
    """The recipe in force: as results name it."""

    id: str
    name: str
    number: int
    version: str
    hash: str

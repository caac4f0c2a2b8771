"""What every command has in common, whatever its verb: an id, and who asks."""

from __future__ import annotations

import secrets
from typing import Annotated, Literal, TypedDict

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

# `plc` and `scanner` are doors inside the station's own process, as `mqtt` is: nobody else may speak for them.
Source = Literal["web", "mqtt", "cli", "api", "plc", "scanner"]
INSIDE: frozenset[Source] = frozenset(("mqtt", "plc", "scanner"))


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("only characters that can be printed")
    return text


Shown = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_printable)]
RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


class Strict(BaseModel):
    """A number sent as a text, or a word nobody knows, is refused rather than guessed at."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Actor(Strict):
    """Who asks. `name` is what the caller says of itself, except where the door knows better."""

    source: Source
    name: Shown


class Signature(TypedDict):
    request_id: str
    actor: Actor


class Request(Strict):
    """What a caller may say, whatever it asks for. `user`: who asks, for the audit trail."""

    request_id: RequestId | None = None
    user: Shown | None = None

    def signed(self, source: Source, name: str) -> Signature:
        """The id and the actor of this request's command; `name` where the request names no user."""
        actor = Actor(source=source, name=self.user or name)
        return {"request_id": self.request_id or secrets.token_hex(8), "actor": actor}


class Order(Strict):
    """A command on its way to the desk."""

    request_id: RequestId
    actor: Actor

"""What stands beside the recipes in their store: which one is active, and who changed what."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Origin = Literal["store", "station.toml"]
Sha256 = Field(pattern=r"^sha256:[0-9a-f]{64}$")


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def to_line(self) -> bytes:
        return self.model_dump_json().encode() + b"\n"


class Seal(Row):
    """The first line of a stored recipe. `sha256` is of the text below it, `folder` where its relative paths start."""

    sha256: str = Sha256
    folder: str
    utc: AwareDatetime
    by: str


class Pointer(Row):
    """One recipe, to the last bit. `sha256` is of its stored text; empty for the one written in station.toml."""

    origin: Origin
    id: str
    version: str
    sha256: str


class Active(Row):
    """Which recipe is in force, since when, by whom and why; `before` is the one it took over from."""

    recipe: Pointer
    since: AwareDatetime
    by: str
    why: str
    before: Pointer | None


class Deed(Row):
    """One line of the history."""

    utc: AwareDatetime
    by: str
    act: Literal["save", "activate", "quarantine"]
    id: str
    version: str
    before: str
    after: str
    why: str

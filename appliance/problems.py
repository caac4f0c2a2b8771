"""What is wrong with a TOML file, for people: every problem at once, each with its place and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Kinds = Mapping[str, type[BaseModel]]


def sentences(shown: str, error: ValidationError, schema: type[BaseModel], kinds: Kinds, secret: str = "") -> str:
    """One line a problem of the file called `shown`. `kinds`: what a section's `type` may be, and its schema.

    What was given is not repeated in problems of the type `secret`.
    """
    lines = [_sentence(detail, schema, kinds, secret) for detail in error.errors()]
    return "\n".join([f"{shown}: {len(lines)} to correct", *lines])


def _sentence(detail: ErrorDetails, schema: type[BaseModel], kinds: Kinds, secret: str) -> str:
    """One line an engineer can act on: `[section] key: what is wrong; did you mean ...?`"""
    place = [str(part) for part in detail["loc"] if part not in kinds or len(detail["loc"]) == 1]
    where = f"[{place[0]}] {'.'.join(place[1:])}".strip() if place else "file"
    if detail["type"] == "extra_forbidden":
        known = _known(detail["loc"], schema, kinds)
        guess = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.5)
        hint = f"did you mean {guess[0]}?" if guess else f"known here: {', '.join(known)}"
        return f"  {where}: unknown; {hint}"
    if detail["type"] == "missing":
        return f"  {where}: missing; add it"
    if detail["type"] == "union_tag_not_found":
        *others, last = (f'"{kind}"' for kind in kinds)
        return f"  {where}: type is missing; add type = {', '.join(others)} or {last}"
    given = None if detail["type"] == secret else detail.get("input")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"  {where}: {detail['msg'].removeprefix('Value error, ')}{shown}"


def _known(location: tuple[int | str, ...], schema: type[BaseModel], kinds: Kinds) -> list[str]:
    """The keys that the schema knows at the place of an unknown one."""
    model = schema
    for part in location[:-1]:
        if part in kinds:
            model = kinds[str(part)]
            continue
        field = model.model_fields.get(str(part))
        # An optional section is annotated `Section | None`, a list of them `tuple[Section, ...]`.
        for kind in get_args(field.annotation) or (field.annotation,) if field is not None else ():
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind
    return [field.alias or name for name, field in model.model_fields.items()]

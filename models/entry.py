"""What the JSON of this room has in common: strict models, their small types, and a reader that lets nothing slip."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(min_length=1, max_length=200)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Unit = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class Entry(BaseModel):
    """One object of a JSON file: no unknown field, no conversion, no change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def json_bytes(entry: Entry) -> bytes:
    """The one way an entry is written: sorted keys, so that equal content has an equal hash.

    What stands at its default is left out, so that a field that came later changes no file that does not use it.
    """
    data = entry.model_dump(mode="json", exclude_defaults=True)
    return (json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def strict_json(content: bytes) -> object:
    """Read UTF-8 JSON without doubled keys and NaN.

    Raises:
        ValueError: naming what is wrong.
    """
    try:
        return json.loads(content.decode(), object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key stands twice in one object")
    return dict(pairs)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")

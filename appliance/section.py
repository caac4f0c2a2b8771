"""What every section of the configuration and of a recipe has in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


Whole = TypeVar("Whole", bound=BaseModel)


def anchored(section: Whole, folder: Path) -> Whole:
    """The same with every relative path, at whatever depth, made to start at `folder`; what was given stays known."""
    before = {name: getattr(section, name) for name in type(section).model_fields}
    after = {name: _anchored(value, folder) for name, value in before.items()}
    return section.model_copy(update={name: value for name, value in after.items() if value != before[name]})


def _anchored(value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return folder / value.expanduser()
    if isinstance(value, BaseModel):
        return anchored(value, folder)
    if isinstance(value, tuple):
        return tuple(_anchored(child, folder) for child in value)
    return value

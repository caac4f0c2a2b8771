"""TOML file → `Config`: every problem at once, each with its place and what to do."""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from appliance.config.schema import Config, FolderCameraConfig, SyntheticCameraConfig
from appliance.config.video import SECRET, VideoCameraConfig
from appliance.errors import NotThere, UsageError

_MAX_BYTES = 1_000_000
_CAMERAS: dict[str, type[BaseModel]] = {
    "folder": FolderCameraConfig,
    "synthetic": SyntheticCameraConfig,
    "video": VideoCameraConfig,
}


def load_config(path: Path) -> tuple[Config, str]:
    """The configuration, and the hash of its file ("sha256:" + hex). Relative paths start at the file's folder.

    Raises:
        NotThere: no such file.
        UsageError: not TOML, or against the schema; the message lists every problem, one a line.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise NotThere(
            f"the configuration {path} cannot be read ({error.strerror}); make one with: okng init {path}"
        ) from error
    if len(content) > _MAX_BYTES:
        raise UsageError(f"the configuration {path} is larger than 1 MB; this is no okng configuration")
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the configuration {path} is no valid TOML: {error}; correct that line") from error
    try:
        config = Config.model_validate(table)
    except ValidationError as error:
        problems = [_sentence(detail) for detail in error.errors()]
        raise UsageError("\n".join([f"{path}: {len(problems)} to correct", *problems])) from error
    return _anchored(config, path.resolve().parent), "sha256:" + hashlib.sha256(content).hexdigest()


def _anchored(config: Config, folder: Path) -> Config:
    """Make every path absolute."""

    def anchor(section: BaseModel) -> BaseModel:
        changed: dict[str, Any] = {}
        for name in type(section).model_fields:
            value = getattr(section, name)
            if isinstance(value, Path):
                changed[name] = folder / value.expanduser()
            elif isinstance(value, BaseModel):
                changed[name] = anchor(value)
        return section.model_copy(update=changed)

    anchored = anchor(config)
    assert isinstance(anchored, Config)
    return anchored


def _sentence(detail: ErrorDetails) -> str:
    """One line an engineer can act on: `[section] key: what is wrong; did you mean ...?`"""
    place = [str(part) for part in detail["loc"] if part not in _CAMERAS or len(detail["loc"]) == 1]
    where = f"[{place[0]}] {'.'.join(place[1:])}".strip() if place else "file"
    if detail["type"] == "extra_forbidden":
        guess = difflib.get_close_matches(place[-1], _known(detail["loc"]), n=1, cutoff=0.5)
        hint = f"did you mean {guess[0]}?" if guess else f"known here: {', '.join(_known(detail['loc']))}"
        return f"  {where}: unknown; {hint}"
    if detail["type"] == "missing":
        return f"  {where}: missing; add it"
    if detail["type"] == "union_tag_not_found":
        return f'  {where}: type is missing; add type = "folder", "synthetic" or "video"'
    given = None if detail["type"] == SECRET else detail.get("input")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"  {where}: {detail['msg'].removeprefix('Value error, ')}{shown}"


def _known(location: tuple[int | str, ...]) -> list[str]:
    """The keys that the schema knows at the place of an unknown one."""
    model: type[BaseModel] = Config
    for part in location[:-1]:
        if part in _CAMERAS:
            model = _CAMERAS[str(part)]
            continue
        field = model.model_fields.get(str(part))
        # An optional section is annotated `Section | None`.
        for kind in get_args(field.annotation) or (field.annotation,) if field is not None else ():
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind
    return list(model.model_fields)

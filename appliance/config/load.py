"""TOML file → `Config`: every problem at once, each with its place and what to do."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from pydantic import BaseModel, ValidationError

from appliance.config.schema import Config, FolderCameraConfig, SyntheticCameraConfig
from appliance.config.video import SECRET, VideoCameraConfig
from appliance.errors import NotThere, UsageError
from appliance.problems import sentences
from appliance.section import anchored

_MAX_BYTES = 1_000_000
_KINDS: dict[str, type[BaseModel]] = {
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
        raise UsageError(sentences(str(path), error, Config, _KINDS, SECRET)) from error
    return anchored(config, path.resolve().parent), "sha256:" + hashlib.sha256(content).hexdigest()

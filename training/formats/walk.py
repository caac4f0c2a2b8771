"""The files of a data set, found without following what leads out of it, around in circles, or nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from models.picture_file import SUFFIXES
from training.data.entries import entries
from training.errors import BadData, NotThere

_MOST_FILES = 5_000_000


def pictures_under(root: Path) -> list[Path]:
    """Every picture file below `root`, in order of its path with /; none is opened.

    Raises:
        NotThere: `root` is no folder.
        BadData: a link leads out, around in a circle or nowhere, a file is no ordinary one, a name is not UTF-8.
    """
    return [path for path in files_under(root) if is_picture(path)]


def is_picture(path: Path) -> bool:
    """Whether its name ends as that of a picture that okng reads."""
    return path.suffix.lower() in SUFFIXES


def name_under(root: Path, path: Path) -> str:
    """The path below `root` with /, as `relative_to` gives it in ten times the time."""
    return path.as_posix().removeprefix(root.as_posix().rstrip("/") + "/")


def files_under(root: Path) -> list[Path]:
    """Every file below `root` but hidden and system files, in order of its path with /.

    Raises:
        NotThere, BadData: as `pictures_under`.
    """
    if not root.is_dir():
        raise NotThere(f"there is no folder {root}; check its name")
    found = []
    for path in _files(str(root), os.path.realpath(root)):
        found.append(path)
        if len(found) > _MOST_FILES:
            raise BadData(f"{root} holds more than {_MOST_FILES:,} files; name the folder of the pictures alone")
    return [Path(path) for path in sorted(found)]


def _files(root: str, real_root: str) -> Iterator[str]:
    folders = [root]
    while folders:
        for entry in entries(folders.pop(), root, real_root):
            if entry.is_dir():
                folders.append(entry.path)
            else:
                yield entry.path

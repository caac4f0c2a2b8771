"""The files of a data set, found without following what leads out of it, around in circles, or nowhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from models.picture_file import SUFFIXES
from training.errors import BadData, NotThere

# What systems and network disks leave behind; nothing in it was put there by a person.
_SYSTEM_FOLDERS = frozenset({"__MACOSX", "$RECYCLE.BIN", "System Volume Information", "@eaDir", "lost+found"})
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
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name in _SYSTEM_FOLDERS:
                    continue
                _refuse_unreadable_name(entry)
                if entry.is_symlink():
                    _refuse_link(entry, root, real_root)
                if entry.is_dir():
                    folders.append(entry.path)
                    continue
                # A pipe or a device would hang whoever opens it.
                if not stat.S_ISREG(entry.stat().st_mode):
                    raise BadData(f"{entry.path} is no ordinary file; take it out of the data set")
                yield entry.path


def _refuse_unreadable_name(entry: os.DirEntry[str]) -> None:
    try:
        entry.name.encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(entry.path).decode(errors="replace")
        raise BadData(f"the name of {shown} is not UTF-8; rename it, as convmv does for a whole folder") from error


def _refuse_link(entry: os.DirEntry[str], root: str, real_root: str) -> None:
    """Links to files inside the data set pass. Those to folders do not: what they lead to is there already, and a few
    that lead to each other are endless."""
    target = Path(os.path.realpath(entry.path))
    if not target.exists():
        raise BadData(f"the link {entry.path} leads nowhere or around in a circle; remove it")
    if not target.is_relative_to(real_root):
        raise BadData(f"the link {entry.path} leads out of {root}, to {target}; copy the files there instead")
    if target.is_dir():
        raise BadData(f"the link {entry.path} leads to another folder of the data set, {target}; remove it")

"""What lies in a folder of a data set: nothing that hangs, leads elsewhere or cannot be named gets past here."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from training.errors import BadData

# What systems and network disks leave behind; nothing in it was put there by a person.
_SYSTEM_FOLDERS = frozenset({"__MACOSX", "$RECYCLE.BIN", "System Volume Information", "@eaDir", "lost+found"})


def entries(folder: str, root: str, real_root: str) -> Iterator[os.DirEntry[str]]:
    """Folders and ordinary files in `folder`, which is in the data set `root`; hidden and system ones are left out.

    Raises:
        BadData: a link leads out of the data set, to a folder, around in a circle or nowhere; a file is no ordinary
            one; a name is not UTF-8.
        OSError: the folder cannot be read.
    """
    with os.scandir(folder) as found:
        for entry in found:
            if entry.name.startswith(".") or entry.name in _SYSTEM_FOLDERS:
                continue
            _refuse_unreadable_name(entry)
            if entry.is_symlink():
                _refuse_link(entry, root, real_root)
            # A pipe or a device would hang whoever opens it.
            if not entry.is_dir() and not stat.S_ISREG(entry.stat().st_mode):
                raise BadData(f"{entry.path} is no ordinary file; take it out of the data set")
            yield entry


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

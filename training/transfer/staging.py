"""A folder that is there whole or not at all: made beside its place, and renamed when nothing went wrong."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.errors import BadData, NotThere

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
DATA = "data"
_SPARE_BYTES = 64_000_000


@contextmanager
def staged(dest: Path, force: bool) -> Iterator[Path]:
    """A folder to work in beside `dest`; when the block ends, its folder `data`, if made, takes the place of `dest`.

    If the block raises, nothing stays but what was there; what a killed run left is taken away by the next one.

    Raises:
        BadData: there is something at `dest` and `force` is not given, or it may not be replaced; the disk is full.
        NotThere: the folder above is not there, or the disk cannot be written.
    """
    if not dest.absolute().parent.is_dir():
        raise NotThere(f"there is no folder {dest.absolute().parent}; make it first")
    _sweep(dest)
    refuse_taken(dest, force)
    stage = dest.with_name(f".{dest.name}.{os.getpid()}.part")
    try:
        try:
            stage.mkdir()
            yield stage
            if (stage / DATA).is_dir():
                _put(stage / DATA, dest)
        except OSError as error:
            raise _told(error, dest) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def refuse_taken(dest: Path, force: bool) -> None:
    """Let only a place pass that may be written to.

    Raises:
        BadData: as `staged`.
    """
    if dest.is_symlink() or (dest.exists() and not dest.is_dir()):
        raise BadData(f"{dest} is no folder; name a folder that is not there yet")
    if not dest.is_dir() or not any(dest.iterdir()):
        return
    if not force:
        raise BadData(f"{dest} is there already; name another folder, or replace it with --force")
    real = dest.resolve()
    if any(place.resolve().is_relative_to(real) for place in (Path.cwd(), Path.home())) or os.path.ismount(real):
        raise BadData(f"{dest} is not replaced: it holds the folder you are in, your home or a disk; name another one")


def refuse_nested(source: Path, dest: Path) -> None:
    """Let only a source and a destination pass that do not lie in each other.

    Raises:
        BadData: they do, or are the same.
    """
    one, other = source.resolve(), dest.resolve()
    if one.is_relative_to(other):
        raise BadData(f"{source} lies in {dest}, which would be replaced; name another folder to write to")
    if source.is_dir() and other.is_relative_to(one):
        raise BadData(f"{dest} lies in {source}, which is read; name a folder outside of it")


def refuse_little_room(dest: Path, needed_bytes: int) -> None:
    """Ask for the room that will be needed before anything is written.

    Raises:
        BadData: there is less.
    """
    free = shutil.disk_usage(_existing(dest)).free
    if needed_bytes + _SPARE_BYTES > free:
        raise BadData(
            f"{dest} needs {needed_bytes / 1e9:.2f} GB and {_SPARE_BYTES / 1e9:.2f} GB to spare, its disk has "
            f"{free / 1e9:.2f} GB free; make room or name another disk"
        )


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.absolute().parents) if place.exists())


def _put(stage: Path, dest: Path) -> None:
    old = dest.with_name(f".{dest.name}.{os.getpid()}.old.part")
    replaced = dest.is_dir()
    if replaced:
        dest.rename(old)
    try:
        stage.rename(dest)
    except OSError:
        if replaced:
            old.rename(dest)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sweep(dest: Path) -> None:
    """Take away what runs to the same place left that were killed, and put back what one had just moved aside."""
    ours = re.compile(rf"\.{re.escape(dest.name)}\.(\d+)(\.old)?\.part")
    for entry in sorted(dest.parent.iterdir()):
        match = ours.fullmatch(entry.name)
        if not match or Path(f"/proc/{match[1]}").exists():
            continue
        if match[2] and not dest.exists():
            entry.rename(dest)
        else:
            shutil.rmtree(entry, ignore_errors=True)


def _told(error: OSError, dest: Path) -> BadData | NotThere | OSError:
    if error.errno in _FULL:
        return BadData(f"the disk of {dest} is full; nothing was written, make room or name another disk")
    at = error.filename2 or error.filename
    # What could not be read is told by its own name.
    if at is not None and not Path(os.fsdecode(at)).absolute().is_relative_to(dest.parent.absolute()):
        return error
    return NotThere(f"{dest} cannot be written ({error.strerror}); check its rights and whether its disk is read-only")

"""Disks that do not take what is written: full after so many bytes, or read-only. Only for writes through `os`."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def fill_disk(patch: pytest.MonkeyPatch, room_bytes: int) -> None:
    """From now on `os.pwrite` finds room for so many bytes; the last write that fits in part is cut short."""
    pwrite = os.pwrite
    left = room_bytes

    def bounded(handle: int, content: bytes, at: int) -> int:
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = pwrite(handle, content[:left], at)
        left -= written
        return written

    patch.setattr(os, "pwrite", bounded)


def make_read_only(patch: pytest.MonkeyPatch, root: Path) -> None:
    """From now on nothing below `root` can be made, opened for writing, removed or dated."""

    def refusing(call: Callable[..., object], writes: Callable[..., bool]) -> Callable[..., object]:
        def guarded(path: object, *arguments: object, **named: object) -> object:
            inside = isinstance(path, str | Path) and Path(path).is_relative_to(root)
            if inside and writes(*arguments):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
            return call(path, *arguments, **named)

        return guarded

    changes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    patch.setattr(os, "open", refusing(os.open, lambda flags, *_: bool(flags & changes)))
    for name in ("mkdir", "unlink", "utime"):
        patch.setattr(os, name, refusing(getattr(os, name), lambda *_: True))

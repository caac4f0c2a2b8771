"""Which files Python opens while something runs: by its own audit events, so that no code under test can forget to say.

Nothing OpenCV opens by itself is seen; okng gives it bytes (`models.picture_file`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

_watching: list[set[Path]] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if _watching and event == "open" and isinstance(arguments[0], str):
        for opened in _watching:
            opened.add(Path(arguments[0]))


@lru_cache(maxsize=1)
def _hear_from_now_on() -> None:
    """A hook stays for the life of the process, so there is one, and it does nothing when nobody watches."""
    sys.addaudithook(_hear)


@contextmanager
def files_opened() -> Iterator[set[Path]]:
    """All files opened within, also by other threads."""
    _hear_from_now_on()
    opened: set[Path] = set()
    _watching.append(opened)
    try:
        yield opened
    finally:
        _watching.remove(opened)

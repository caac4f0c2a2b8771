"""A quick look at a data set, to tell its format: a few label files, and the beginning of each."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

_MOST_FILES = 20
_MOST_ENTRIES = 20_000
_BEGINNING = 1 << 20


def label_files(root: Path, suffix: str) -> Iterator[Path]:
    """`root` itself where it is such a file, else the first few below it, the nearest first."""
    if root.is_file():
        if root.suffix.lower() == suffix:
            yield root
        return
    folders, entries, found = deque([root]), 0, 0
    while folders and entries < _MOST_ENTRIES and found < _MOST_FILES:
        try:
            here = sorted(os.scandir(folders.popleft()), key=lambda one: one.name)
        except OSError:
            continue
        entries += len(here)
        for one in here:
            if one.name.startswith("."):
                continue
            if one.is_dir(follow_symlinks=False):
                folders.append(Path(one.path))
            elif one.name.lower().endswith(suffix) and one.is_file() and found < _MOST_FILES:
                found += 1
                yield Path(one.path)


def begins_with(path: Path, *words: bytes, start: bytes = b"") -> bool:
    """Whether all words stand in the first megabyte, and `start` before all; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        return False
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(start) and all(word in text for word in words)

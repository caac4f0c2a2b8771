"""Finds the pictures that label files name, each once, and counts those that none names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from training.data.dataset import listed
from training.errors import BadData
from training.formats.walk import pictures_under


class Finder:
    """The pictures below one folder."""

    def __init__(self, folder: Path) -> None:
        """Raises NotThere, BadData: as `pictures_under`."""
        self._folder = folder
        self._paths = {path.relative_to(folder).as_posix(): path for path in pictures_under(folder)}
        self._claimed: dict[Path, str] = {}
        self._missing: list[tuple[str, str]] = []

    def find(self, name: str, where: str, folders: Iterable[str]) -> Path:
        """The picture `name` in the first of `folders` that has it; `where` is the entry that names it.

        One that is not there is counted; `refuse_missing` tells of all.

        Raises:
            BadData: two entries name one picture.
        """
        for folder in folders:
            path = self._paths.get(f"{folder}/{name}" if folder else name)
            if path is None:
                continue
            known = self._claimed.setdefault(path, where)
            if known is not where:
                raise BadData(
                    f"{where} names {path}, as {known} does; leave one of the two in, or name one label file alone"
                )
            return path
        self._missing.append((where, name))
        return self._folder / name

    def name(self, path: Path) -> str:
        """A picture's path below the folder."""
        return path.relative_to(self._folder).as_posix()

    def refuse_missing(self, why: str = "") -> None:
        """Let pass only if every picture that was named is there.

        Raises:
            BadData: naming the first few.
        """
        if not self._missing:
            return
        where, name = self._missing[0]
        raise BadData(
            f"{where} names {name}, which is not below {self._folder} ({len(self._missing)} such: "
            f"{listed([name for _, name in self._missing])}); put them there, or say where they are with --images{why}"
        )

    def notes(self) -> tuple[str, ...]:
        """Pictures that no label file names, as a sentence."""
        rest = [name for name, path in self._paths.items() if path not in self._claimed]
        if not rest:
            return ()
        return (f"{len(rest)} pictures are left out, for no label file names them: {listed(rest)}",)

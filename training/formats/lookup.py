"""Finds the picture that a label file means: its own path there is seldom the one here.

Label files say `s3://bucket/train/001.jpg`, `C:\\pictures\\001.jpg`, `../data/001.jpg` or
`/data/upload/7/1a2b3c4d-001.jpg`. The picture whose path has the longest tail in common with that is meant; where two
have, nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from training.data.dataset import listed
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.walk import pictures_under

IMAGES = "images"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_LONGEST_SHOWN = 100


def picture_folder(root: Path, options: ReadOptions) -> Path:
    """Where a data set's pictures are searched: below `--images` if that was given, else below `images/` beside the
    labels, else below the labels' folder. `root`: the folder of the data set, or its label file.

    Raises:
        NotThere: `--images` is no folder.
    """
    if options.images is not None and not options.images.is_dir():
        raise NotThere(f"there is no folder {options.images}; name the folder of the pictures with --images")
    folder = root if root.is_dir() else root.parent
    beside = folder / IMAGES
    return options.images or (beside if beside.is_dir() else folder)


class Lookup:
    """The pictures below a folder by the ends of their paths; each may be claimed once."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self._named: dict[str, list[PurePosixPath]] = defaultdict(list)
        for path in pictures_under(base):
            name = PurePosixPath(path.relative_to(base).as_posix())
            self._named[composed(name.name)].append(name)
        self._claimed: dict[str, object] = {}
        self._found: set[str] = set()

    def claim(self, reference: str, where: object) -> tuple[Path, str]:
        """(path, name below `base`) of the picture that `where` calls `reference`.

        Raises:
            BadData: as `find`, or another entry meant it before.
        """
        name = self.find(reference, where)
        before = self._claimed.setdefault(name, where)
        if before is not where:
            raise BadData(f"{where} is about {name}, as {before} is; make one of the two")
        return self.base / name, name

    def unclaimed(self) -> list[tuple[Path, str]]:
        """(path, name) of every picture that nothing meant, in order of their names."""
        names = sorted(name.as_posix() for group in self._named.values() for name in group)
        return [(self.base / name, name) for name in names if name not in self._claimed]

    def left_out(self) -> tuple[str, ...]:
        """The pictures that no entry named, as a sentence."""
        rest = [name for _, name in self.unclaimed() if name not in self._found]
        if not rest:
            return ()
        return (f"{len(rest)} pictures are left out, for no label file names them: {listed(rest)}",)

    def find(self, reference: str, where: object) -> str:
        """The name below `base` of the picture that `where` calls `reference`.

        Raises:
            BadData: there is none, or there are several.
        """
        wanted = _parts(reference)
        candidates = self._named.get(wanted[-1], []) if wanted else []
        if not candidates:
            raise BadData(
                f"{where} names {shown(reference)}, which is not below {self.base}; "
                "copy it there, or name the folder of the pictures with --images"
            )
        tails = [_common_tail(wanted, tuple(map(composed, name.parts))) for name in candidates]
        best = [name for name, tail in zip(candidates, tails, strict=True) if tail == max(tails)]
        if len(best) > 1:
            raise BadData(
                f"{where} names {shown(reference)}, which may be {best[0]} or {best[1]} below {self.base}; "
                "name the folder of the pictures with --images, or take the others away"
            )
        found = best[0].as_posix()
        self._found.add(found)
        return found

    def names(self) -> Iterable[str]:
        """Every file name, without its folder."""
        return self._named.keys()

    def holds(self, name: str) -> bool:
        """Whether a picture of that file name is there."""
        return composed(name) in self._named


def path_in(reference: str) -> str:
    r"""The path that a URL, a Windows or a POSIX path says, with /."""
    scheme = _URL.match(reference)
    if scheme and scheme[0].lower().startswith("http"):
        return unquote(reference[scheme.end() :].split("?")[0].split("#")[0])
    return (reference[scheme.end() :] if scheme else reference).replace("\\", "/")


def composed(name: str) -> str:
    """Letters with accents as one character: what a Mac wrote into a name is what anybody else types."""
    return unicodedata.normalize("NFC", name)


def shown(reference: str) -> str:
    """A reference in a message."""
    return repr(reference if len(reference) <= _LONGEST_SHOWN else f"{reference[:_LONGEST_SHOWN]}…")


def _parts(reference: str) -> tuple[str, ...]:
    return tuple(composed(part) for part in path_in(reference).split("/") if part not in ("", "."))


def _common_tail(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))

"""Copies pictures into a new data set: byte for byte, each under a name of its own."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from pathlib import Path, PurePosixPath

from training.errors import BadData
from training.formats.item import Item

_UNFIT = re.compile(r"[\0-\x1f\x7f\u2028\u2029\\]")
_LONGEST_STEM = 180  # bytes; with a number, a suffix and what a mask adds it stays below 255, the most of a file name
_LONGEST_FOLDER = 200


class Copies:
    """Pictures keep their file names; where two would clash, also on a disk that knows no case, one gets a number.

    No two stems in a folder are equal, so that `<stem>.txt` and `<stem>_mask.png` belong to one picture.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: set[tuple[str, str]] = set()
        self._renamed: list[tuple[str, str]] = []

    def add(self, item: Item, subfolder: str = "", among: str | None = None, prefix: str = "") -> str:
        """The picture's new name, with / and relative to the folder; the stem differs from all others in the subfolder,
        or of those that were added with the same `among`. Raises OSError."""
        original = PurePosixPath(item.name)
        stem = self._free_stem(subfolder if among is None else among, fit_stem(prefix + original.stem))
        new = PurePosixPath(subfolder) / f"{stem}{original.suffix}"
        if new.name != prefix + original.name:
            self._renamed.append((item.name, new.as_posix()))
        copy_file(item.path, self._folder / new)
        return new.as_posix()

    def notes(self) -> tuple[str, ...]:
        """What was renamed, as a sentence."""
        if not self._renamed:
            return ()
        old, new = self._renamed[0]
        return (f"{len(self._renamed)} pictures got another file name, such as {old}: {new}",)

    def _free_stem(self, among: str, stem: str) -> str:
        candidate, number = stem, 1
        while (key := (folded(among), folded(candidate).removesuffix("_mask"))) in self._taken:
            number += 1
            candidate = f"{stem}-{number}"
        self._taken.add(key)
        return candidate


def copy_file(source: Path, target: Path) -> None:
    """Copy content and time of change, the folder made where missing. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    state = source.stat()
    os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))


def fit_stem(stem: str) -> str:
    """A file name's stem without what no file name should hold, and not too long."""
    stem = _UNFIT.sub("_", stem)
    stem = f"_{stem[1:]}" if stem.startswith(".") else stem
    return stem.encode()[:_LONGEST_STEM].decode(errors="ignore") or "_"


def folded(name: str) -> str:
    """Equal for names that some disk takes for one."""
    return unicodedata.normalize("NFC", name).casefold()


def refuse_unfit_folder(label: str) -> None:
    """Let only class names pass that can be a folder's.

    Raises:
        BadData: it is empty, hidden, too long, or holds what a folder's name cannot.
    """
    if not label.strip() or label.startswith(".") or "/" in label or _UNFIT.search(label):
        raise BadData(f"the class {label!r} cannot be the name of a folder; rename it with --rename {label!r}=NAME")
    if len(label.encode()) > _LONGEST_FOLDER:
        raise BadData(
            f"the class {label[:40]!r}… is too long for the name of a folder; rename it with --rename OLD=NEW"
        )


def refuse_unfit_split(split: str, reserved: str) -> str:
    """The name of a split, as it is; `reserved`: how pictures without one are called in the same place.

    Raises:
        BadData: it cannot be a file's or folder's name.
    """
    if split == reserved or fit_stem(split) != split or "/" in split:
        raise BadData(f"the split {split!r} cannot be the name of a file or folder; give it another name first")
    return split


def refuse_same_folders(labels: list[str]) -> None:
    """Let only class names pass that stay different on a disk that knows no case.

    Raises:
        BadData: naming two that do not.
    """
    first: dict[str, str] = {}
    for label in labels:
        known = first.setdefault(folded(label), label)
        if known != label:
            raise BadData(
                f"the classes {known!r} and {label!r} are one folder on some disks; join them with "
                f"--rename {label!r}={known!r}"
            )

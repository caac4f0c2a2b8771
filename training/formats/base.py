"""The port that every data set format implements; one contract suite runs against all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from training.formats.item import Fact, Source


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """`images`: where the pictures lie when a label file does not say or no longer knows.

    `pattern`: a regular expression over a file's name with named groups `label`, `group`, `split`, and any other as
    a tag; for flat folders. `table`: CSV with a column for the picture (image, picture, file), and label, split and
    one for the group. `rois`: the regions (rois.toml) of an assembly. `good`: class names that mean a good part.
    `rename`: old and new names of classes, also of regions' labels.
    `unmarked`: what pictures without any label or mark are: `good`, `unlabelled`, or undecided.
    """

    images: Path | None = None
    pattern: str | None = None
    table: Path | None = None
    rois: Path | None = None
    good: tuple[str, ...] = ()
    rename: tuple[tuple[str, str], ...] = ()
    unmarked: str | None = None


class Format(Protocol):
    """`read` and `write` raise BadData and NotThere with a sentence that says what to do, and OSError from the disk."""

    name: str
    holds: frozenset[Fact]

    def recognises(self, root: Path) -> bool:
        """Whether `root` (a folder or a label file) looks like this format; a quick look that reads no picture."""
        ...

    def read(self, root: Path, options: ReadOptions) -> Source:
        """All pictures in order of their names, none opened: a data set of 100,000 is read in seconds."""
        ...

    def write(self, source: Source, folder: Path) -> tuple[str, ...]:
        """Write pictures (copied byte for byte) and labels into an empty folder.

        Returns what `holds` cannot tell was changed or left out, each a sentence.
        """
        ...

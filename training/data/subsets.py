"""Who may see which picture: subsets of a data set, proposed by group and stratified, and the table that tells them.

    image,label,split,group
    good/0001.png,good,train,lot A
    划痕/a.png,划痕,test,lot B

A group (a part, a lot, a series of near duplicates) never crosses. The column may have any other name (tile, position),
or be missing: then every picture is its own group.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.dealing import Wanted, deal
from training.errors import BadData, NotThere


class Subset(StrEnum):
    """`regression` holds old escapes: never trained on, never thinned out."""

    TRAIN = "train"
    VALIDATION = "validation"
    CALIBRATION = "calibration"
    TEST = "test"
    REGRESSION = "regression"


SHARES: Mapping[Subset, float] = {
    Subset.TRAIN: 0.60,
    Subset.VALIDATION: 0.10,
    Subset.CALIBRATION: 0.15,
    Subset.TEST: 0.15,
}
# What training may look at; it cross-fits on all of it, so that nothing else is chosen on.
SEEN = frozenset({Subset.TRAIN, Subset.VALIDATION, Subset.CALIBRATION})
# Where a class of few groups is wanted first.
_FIRST = (Subset.TRAIN, Subset.TEST, Subset.CALIBRATION, Subset.VALIDATION)
_LACKING, _EMPTY = 1000.0, 4000.0
_COLUMNS = ("image", "label", "split", "group")
_ALIASES = {"val": Subset.VALIDATION, "valid": Subset.VALIDATION, "training": Subset.TRAIN}


@dataclass(frozen=True, slots=True)
class SplitRow:
    """One picture's line; `image` is its path inside the data set, with /."""

    image: str
    label: str
    subset: Subset
    group: str


def propose(
    labels: Sequence[str],
    groups: Sequence[str],
    shares: Mapping[Subset, float],
    seed: int,
    fixed: Mapping[str, Subset] | None = None,
) -> tuple[Subset, ...]:
    """The subset of each picture; the same for the same pictures in any order.

    No group is torn. Every class comes as near to `shares` (of pictures; any positive numbers) as groups allow; one
    that two groups or more have is in training and test both, where that can be for all classes. `fixed`: subsets that
    groups already have, and keep.

    Raises:
        ValueError: no share is positive, one is negative or no number, or one is of `regression`.
    """
    asked = _normed(shares)
    kept = fixed or {}
    names = sorted(set(groups), key=lambda name: (_draw(seed, name), name))
    classes = sorted(set(labels))
    row, column = {name: at for at, name in enumerate(names)}, {name: at for at, name in enumerate(classes)}
    counts = np.zeros((len(names), len(classes) + 1), np.int64)
    np.add.at(counts, ([row[name] for name in groups], [column[name] for name in labels]), 1)
    counts[:, -1] = counts.sum(1)  # all classes together are dealt in proportion, too
    subsets = list(asked)
    # Groups kept elsewhere do not count for the balance of those that are asked for.
    away = {name: kept[name] for name in names if name in kept and kept[name] not in asked}
    here = np.array([name not in away for name in names], np.bool_)
    places = np.array([subsets.index(kept[name]) if name in kept else -1 for name in names if name not in away])
    weights = np.ones(len(classes) + 1)
    weights[-1] = len(classes)
    penalties = _penalties(counts[here], subsets)
    wanted = Wanted(np.array(list(asked.values())), weights, penalties, places.astype(np.int64))
    dealt = iter(deal(counts[here], wanted, seed)) if here.any() else iter(())
    found = {name: away[name] if name in away else subsets[int(next(dealt))] for name in names}
    return tuple(found[name] for name in groups)


def _normed(shares: Mapping[Subset, float]) -> dict[Subset, float]:
    if shares.get(Subset.REGRESSION) or not all(0 <= share < float("inf") for share in shares.values()):
        raise ValueError("shares are numbers from 0 on, and the regression set gets none")
    total = sum(shares.values())
    if not total > 0:
        raise ValueError("one subset at least needs a share above 0")
    return {subset: shares[subset] / total for subset in _FIRST if shares.get(subset, 0.0) > 0}


def _draw(seed: int, name: str) -> bytes:
    """A random order of groups that no library's next version changes."""
    return hashlib.sha256(f"{seed}\0{name}".encode()).digest()


def _penalties(counts: NDArray[np.int64], subsets: Sequence[Subset]) -> NDArray[np.float64]:
    """A class of two groups or more wants training and test; no subset shall stay empty. Columns are as `subsets`."""
    needed = np.zeros((counts.shape[1], len(subsets)))
    holders = (counts > 0).sum(0)
    both = [subset for subset in (Subset.TRAIN, Subset.TEST) if subset in subsets]
    for at in range(counts.shape[1] - 1):
        for rank, subset in enumerate(both if holders[at] > 1 else ()):
            needed[at, subsets.index(subset)] = _LACKING / (1 + rank)
    for rank in range(min(len(subsets), int(holders[-1]))):
        needed[-1, rank] = _EMPTY / (1 + rank)
    return needed


def split_text(rows: Iterable[SplitRow]) -> str:
    """The table, sorted by picture."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in sorted(rows, key=lambda row: row.image):
        writer.writerow((row.image, row.label, row.subset.value, row.group))
    return text.getvalue()


def read_split(path: Path) -> tuple[SplitRow, ...]:
    """A table as `split_text` writes it, or one with another name for the group.

    Raises:
        NotThere: there is no such file.
        BadData: naming the line, and what to do.
    """
    return parse_split(file_content(path), str(path))


def file_content(path: Path) -> bytes:
    """The bytes of a table or its manifest. Raises NotThere: there is no such file."""
    if not path.is_file():
        raise NotThere(f"there is no file {path}; check its name, or make a split with okng split")
    return path.read_bytes()


def decoded(content: bytes, path: str) -> str:
    """UTF-8, with or without a byte order mark. Raises BadData: it is not."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadData(f"{path} is not written in UTF-8; save it as CSV UTF-8") from error


def parse_split(content: bytes, path: str) -> tuple[SplitRow, ...]:
    """What `read_split` makes of the bytes of a file; `path` names it in messages.

    Raises:
        BadData: as `read_split`.
    """
    table = csv.DictReader(io.StringIO(decoded(content, path), newline=""), strict=True)
    try:
        names = [name.strip() for name in table.fieldnames or []]
        if not {"image", "label", "split"} <= set(names) or len(set(names)) != len(names):
            raise BadData(f"{path} needs the columns image,label,split in its first line, each once; add them")
        table.fieldnames = names
        further = [name for name in names if name not in _COLUMNS]
        group = "group" if "group" in names else (further[0] if further else "image")
        found: dict[str, SplitRow] = {}
        for cells in table:
            row = _row(cells, group, f"line {table.line_num} of {path}")
            if found.setdefault(row.image, row) is not row:
                raise BadData(f"line {table.line_num} of {path} names {row.image} a second time; remove one of the two")
    except csv.Error as error:
        raise BadData(f"line {table.line_num} of {path} is no CSV ({error}); correct it") from error
    if not found:
        raise BadData(f"{path} names no picture; make it again with okng split")
    return tuple(found.values())


def _row(cells: Mapping[str | None, str | None], group: str, place: str) -> SplitRow:
    if None in cells or None in cells.values():
        raise BadData(f"{place} does not have a cell for each column; correct it")
    image, label, said, of = ((cells[column] or "").strip() for column in ("image", "label", "split", group))
    if not image or not label:
        raise BadData(f"{place} says no {'label' if image else 'image'}; correct it")
    known = [subset.value for subset in Subset]
    word = _ALIASES.get(said.lower(), said.lower())
    if word not in known:
        raise BadData(f"{place} has the split {said!r}, which is none of {', '.join(known)}; correct it")
    return SplitRow(image, label, Subset(word), of or image)


def counted(rows: Iterable[SplitRow]) -> dict[str, dict[Subset, int]]:
    """Class → subset → pictures."""
    found: dict[str, dict[Subset, int]] = defaultdict(dict)
    for row in rows:
        found[row.label][row.subset] = found[row.label].get(row.subset, 0) + 1
    return dict(sorted(found.items()))

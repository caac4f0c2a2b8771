"""A stored split held against the data set as it is now: who is for what, or what does not fit, a sentence each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from training.data.dataset import listed
from training.data.subsets import Subset
from training.errors import BadData
from training.splits.files import StoredSplit


@dataclass(frozen=True, slots=True)
class Assignment:
    """Picture → subset. `sha256` changes with any name, class, subset, group or picture of the split."""

    subsets: Mapping[str, Subset]
    sha256: str

    def names(self, *subsets: Subset) -> frozenset[str]:
        return frozenset(name for name, subset in self.subsets.items() if subset in subsets)


class Pictured(Protocol):
    """A picture of a data set, as far as a split knows it."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def sha256(self) -> str: ...


def assign(
    stored: StoredSplit,
    pictures: Sequence[Pictured],
    copies: Iterable[tuple[str, str]] = (),
    sources: Mapping[str, str] | None = None,
) -> Assignment:
    """The subset of every labelled picture of a data set.

    `copies`: (left out, the picture it equals). `sources`: picture → its name before import, by which a table may call
    it.

    Raises:
        BadData: one sentence for each kind of trouble: pictures changed, missing, moved or unlisted; groups or exact
            copies in several subsets.
    """
    owner = _owners(stored, pictures, dict(copies), sources or {})
    by_name = {picture.name: picture for picture in pictures}
    subsets: dict[str, Subset] = {}
    crossing = []
    for row in stored.rows:
        name = owner.get(row.image)
        if name is not None and subsets.setdefault(name, row.subset) is not row.subset:
            crossing.append(row.image)
    said = [
        *_strangers(stored, by_name, owner, subsets),
        *_changes(stored, by_name, owner),
        *_crossings(stored, crossing),
    ]
    if said:
        raise BadData("\n".join(said))
    lines = sorted(
        f"{name}\0{row.label}\0{row.subset}\0{row.group}\0{by_name[name].sha256}\n"
        for row, name in ((row, owner[row.image]) for row in stored.rows)
    )
    return Assignment(subsets, hashlib.sha256("".join(lines).encode()).hexdigest())


def _owners(
    stored: StoredSplit, pictures: Sequence[Pictured], copies: Mapping[str, str], sources: Mapping[str, str]
) -> dict[str, str]:
    """Name in the table → picture of the data set, for those that are there."""
    called = {picture.name: picture.name for picture in pictures} | dict(copies)
    before: dict[str, set[str]] = {}
    for name, source in sources.items():
        if name in called:
            before.setdefault(source, set()).add(called[name])
    unique = {source: names.copy().pop() for source, names in before.items() if len(names) == 1}
    return {
        row.image: called.get(row.image) or unique[row.image]
        for row in stored.rows
        if row.image in called or row.image in unique
    }


def _strangers(
    stored: StoredSplit, by_name: Mapping[str, Pictured], owner: Mapping[str, str], subsets: Mapping[str, Subset]
) -> Iterable[str]:
    """Pictures that only one of the two knows."""
    missing = [row.image for row in stored.rows if row.image not in owner]
    unlisted = [name for name in by_name if name not in subsets]
    contents = {by_name[name].sha256: name for name in unlisted}
    hashes = stored.manifest.pictures if stored.manifest else {}
    moved = {image: contents[hashes[image]] for image in missing if hashes.get(image) in contents}
    if moved:
        pairs = [f"{old} is now {new}" for old, new in moved.items()]
        yield (
            f"{len(moved)} pictures of {stored.path} were renamed or relabelled since it was made: {listed(pairs)}; "
            "take that over with okng split --extend"
        )
    missing = [image for image in missing if image not in moved]
    if missing:
        yield (
            f"{len(missing)} pictures of {stored.path} are not in the data set: {listed(missing)}; put them back, or "
            "give them up with okng split --extend --force"
        )
    unlisted = [name for name in unlisted if name not in moved.values()]
    if unlisted:
        yield (
            f"{len(unlisted)} pictures of the data set are not in {stored.path}: {listed(unlisted)}; "
            "deal them, too, with okng split --extend"
        )


def _changes(stored: StoredSplit, by_name: Mapping[str, Pictured], owner: Mapping[str, str]) -> Iterable[str]:
    """Pictures that are others than when the split was made."""
    hashes = stored.manifest.pictures if stored.manifest else {}
    changed = [image for image, content in hashes.items() if image in owner and by_name[owner[image]].sha256 != content]
    if changed:
        yield (
            f"{len(changed)} pictures of {stored.path} are not what they were when it was made: {listed(changed)}; "
            "put them back, or take them as they are with okng split --extend --force"
        )


def _crossings(stored: StoredSplit, copies: list[str]) -> Iterable[str]:
    """Groups and copies on both sides; what is kept as regression set is on no side."""
    if copies:
        yield (
            f"{len(copies)} pictures of {stored.path} are exact copies of pictures in another subset: "
            f"{listed(copies)}; remove them from the table, or make the split again with okng split --force"
        )
    sides: dict[str, set[Subset]] = {}
    for row in stored.rows:
        if row.subset is not Subset.REGRESSION:
            sides.setdefault(row.group, set()).add(row.subset)
    torn = sorted(group for group, subsets in sides.items() if len(subsets) > 1)
    if torn:
        yield (
            f"{len(torn)} groups of {stored.path} stand in several subsets: {listed(torn)}; "
            "make the split again with okng split --force"
        )

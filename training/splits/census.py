"""What a split needs to know of every picture: its class, its content, where it comes from. No picture is decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.origin import Origin, origin_of, without_origin
from training.data.annotations import read_annotations
from training.data.dataset import GOOD, UNLABELLED, labelled_files, read_groups
from training.data.synthetic_mark import refuse_synthetic
from training.errors import NotThere
from training.progress import Progress


@dataclass(frozen=True, slots=True)
class Known:
    """One picture. `group`: as groups.csv says, or its lot, or "" where nobody said; `source`: its name before import.

    `sha256` is of the content without its origin.
    """

    path: Path
    name: str
    label: str
    group: str
    sha256: str
    origin: Origin | None = None
    source: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def take_census(root: Path, progress: Progress) -> tuple[Known, ...]:
    """Every labelled picture, also those of empty places, in order of names; exact copies are all listed.

    Raises:
        NotThere: `root` is no data set.
        BadData, BadPicture: as `census_of`.
    """
    if not (root / GOOD).is_dir():
        raise NotThere(f"{root} is no data set: it has no folder good/; name one that holds good/ and its defects")
    return census_of(root, [pair for pair in labelled_files(root) if pair[1] != UNLABELLED], progress)


def census_of(root: Path, files: Sequence[tuple[Path, str]], progress: Progress) -> tuple[Known, ...]:
    """The same of such files, with the class of each.

    Raises:
        BadData: the tables of the data set cannot be read.
        BadPicture: a picture was made and not taken.
    """
    groups, annotations = read_groups(root / "groups.csv"), read_annotations(root)
    found = []
    for path, label in progress.each("reading pictures", files, len(files)):
        name = path.relative_to(root).as_posix()
        content = path.read_bytes()
        refuse_synthetic(name, content)
        origin = origin_of(content)
        said = annotations.get(name)
        found.append(
            Known(
                path,
                name,
                label,
                groups.get(name, "") or (f"lot {origin.lot}" if origin is not None and origin.lot else ""),
                hashlib.sha256(without_origin(content)).hexdigest(),
                origin,
                (said.source or "") if said else "",
                said.tags if said else {},
            )
        )
    return tuple(found)


def join_copies(pictures: Sequence[Known], groups: Sequence[str]) -> tuple[str, ...]:
    """The groups, those that share an exact copy of a picture made one."""
    copies: dict[str, list[int]] = {}
    for at, picture in enumerate(pictures):
        copies.setdefault(picture.sha256, []).append(at)
    return joined(groups, copies.values())


def joined(groups: Sequence[str], ties: Iterable[Sequence[int]]) -> tuple[str, ...]:
    """The groups, those of pictures that are tied together made one, with the name of the first of them."""
    parent = {group: group for group in groups}

    def top(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    for first, *others in ties:
        for other in others:
            one, two = top(groups[first]), top(groups[other])
            parent[max(one, two)] = min(one, two)
    return tuple(top(group) for group in groups)

"""`okng split`: the pictures of a data set dealt for the first time, or those dealt that came since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from training.data.dataset import listed
from training.data.subsets import SHARES, SplitRow, Subset, counted, propose
from training.errors import BadData
from training.splits.census import Known
from training.splits.files import Made, StoredSplit


def deal_all(pictures: Sequence[Known], groups: Sequence[str], made: Made, locked: frozenset[str]) -> list[SplitRow]:
    """A split of all pictures; those whose content is in `locked` are the regression set."""
    return _dealt(pictures, groups, made, locked, {})


def _dealt(
    pictures: Sequence[Known],
    groups: Sequence[str],
    made: Made,
    locked: frozenset[str],
    fixed: Mapping[str, Subset],
) -> list[SplitRow]:
    free = [at for at, picture in enumerate(pictures) if picture.sha256 not in locked]
    dealt = propose([pictures[at].label for at in free], [groups[at] for at in free], made.asked, made.seed, fixed)
    subset_of = dict(zip(free, dealt, strict=True))
    return [
        SplitRow(picture.name, picture.label, subset_of.get(at, Subset.REGRESSION), groups[at])
        for at, picture in enumerate(pictures)
    ]


@dataclass(frozen=True, slots=True)
class Extended:
    """`rows` of all pictures; `added`, `moved` (old → new name) and `given_up` since the split was made."""

    rows: list[SplitRow]
    added: tuple[str, ...]
    moved: Mapping[str, str]
    given_up: tuple[str, ...]


def extend(
    stored: StoredSplit,
    pictures: Sequence[Known],
    groups: Sequence[str],
    made: Made,
    locked: frozenset[str],
    force: bool,
) -> Extended:
    """The same split with the pictures that came since; every earlier picture and every known group keeps its subset.

    A picture that was renamed or relabelled is known by its content. `force`: give up what is gone or changed.

    Raises:
        BadData: pictures are gone or changed, or a new picture's group stands in several subsets.
    """
    old = {row.image: row for row in stored.rows}
    hashes = stored.manifest.pictures if stored.manifest else {}
    row_of, moved = _rows_of(pictures, old, hashes)
    gone = sorted(set(old) - {row.image for row in row_of.values()})
    changed = [one.name for one in pictures if one.name in row_of and hashes.get(one.name, one.sha256) != one.sha256]
    if (gone or changed) and not force:
        raise BadData(
            f"{len(gone)} pictures of {stored.path} are gone and {len(changed)} are not what they were: "
            f"{listed([*gone, *changed])}; put them back, or give them up with --force (figures on this test set are "
            "then no longer comparable)"
        )
    joined = _joined(pictures, groups, row_of)
    fixed = _fixed(stored, pictures, joined, row_of)
    dealt = _dealt(pictures, joined, made, locked, fixed)
    rows = [
        row
        if picture.name not in row_of or row.subset is Subset.REGRESSION
        else SplitRow(picture.name, picture.label, row_of[picture.name].subset, row_of[picture.name].group)
        for picture, row in zip(pictures, dealt, strict=True)
    ]
    added = tuple(picture.name for picture in pictures if picture.name not in row_of)
    return Extended(rows, added, moved, tuple(gone))


def _rows_of(
    pictures: Sequence[Known], old: Mapping[str, SplitRow], hashes: Mapping[str, str]
) -> tuple[dict[str, SplitRow], dict[str, str]]:
    """Picture → the row it has, and which were moved (old → new name)."""
    found = {one.name: old[name] for one in pictures for name in (one.name, one.source) if name in old}
    taken = {row.image for row in found.values()}
    by_content = {content: image for image, content in hashes.items() if image not in taken}
    moved = {}
    for one in pictures:
        image = by_content.get(one.sha256) if one.name not in found else None
        if image is not None:
            found[one.name] = old[image]
            moved[by_content.pop(one.sha256)] = one.name
    return found, moved


def _joined(pictures: Sequence[Known], groups: Sequence[str], row_of: Mapping[str, SplitRow]) -> list[str]:
    """Groups as they are called in the split where a member of them is in it."""
    called: dict[str, str] = {}
    for picture, group in zip(pictures, groups, strict=True):
        if picture.name in row_of:
            called.setdefault(group, row_of[picture.name].group)
    return [called.get(group, group) for group in groups]


def _fixed(
    stored: StoredSplit, pictures: Sequence[Known], groups: Sequence[str], row_of: Mapping[str, SplitRow]
) -> dict[str, Subset]:
    """Group → the subset that it has."""
    has: dict[str, set[Subset]] = {}
    for row in stored.rows:
        if row.subset is not Subset.REGRESSION:
            has.setdefault(row.group, set()).add(row.subset)
    for picture, group in zip(pictures, groups, strict=True):
        known = row_of.get(picture.name)
        if known is not None and known.subset is not Subset.REGRESSION:
            has.setdefault(group, set()).add(known.subset)
    torn = {group for group, subsets in has.items() if len(subsets) > 1}
    caught = [
        picture.name
        for picture, group in zip(pictures, groups, strict=True)
        if group in torn and picture.name not in row_of
    ]
    if caught:
        raise BadData(
            f"{len(caught)} pictures that came since are of groups that stand in several subsets of {stored.path}: "
            f"{listed(caught)}; leave them out, or make the split again with --force"
        )
    return {group: min(subsets) for group, subsets in has.items()}


def shortcomings(rows: Sequence[SplitRow], asked: Mapping[Subset, float] = SHARES) -> list[str]:
    """What the split cannot give, a sentence each: classes without training or test pictures, shares far off."""
    said = []
    counts = counted(rows)
    groups: dict[str, set[str]] = {}
    for row in rows:
        groups.setdefault(row.label, set()).add(row.group)
    for label, subsets in counts.items():
        many = len(groups[label])
        kind = f"{label} has {'one group' if many == 1 else f'{many} groups'}"
        lacks = [subset for subset in (Subset.TRAIN, Subset.TEST) if asked.get(subset) and not subsets.get(subset)]
        if Subset.TEST in lacks:
            said.append(f"{kind}, none is for test: nothing will be proven of it; add pictures of another part or lot.")
        elif lacks:
            said.append(f"{kind}, none is for training; add pictures of another part or lot.")
    return said + _far_off(rows, asked)


def _far_off(rows: Iterable[SplitRow], asked: Mapping[Subset, float]) -> list[str]:
    dealt: list[Subset] = [row.subset for row in rows if row.subset is not Subset.REGRESSION]
    whole = sum(asked.values())
    off = [
        f"{subset} {dealt.count(subset) / len(dealt):.0%} instead of {share / whole:.0%}"
        for subset, share in asked.items()
        if abs(dealt.count(subset) / len(dealt) - share / whole) > 0.05
    ]
    return [f"The groups allow no better: {', '.join(off)}."] if off else []

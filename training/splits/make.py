"""`okng split`: from a data set to a split on disk, and what there is to say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.data.subsets import SHARES, SplitRow, Subset, counted
from training.errors import BadData
from training.splits.census import Known, joined
from training.splits.dealt import deal_all, extend, shortcomings
from training.splits.files import By, How, Made, SplitManifest, load_split, manifest_path, split_path, store_split
from training.splits.grouping import THREE_SHIFTS, Shifts, groups_of, read_group_table, shifts_from
from training.splits.regression import read_regression, refuse_lost

# Reads all pictures: nothing is read before it is known that something can be written.
Census = Callable[[], Sequence[Known]]
FindSeries = Callable[[Sequence[Known]], Iterable[Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user said; None is not said. `table`: (file, column). `series` finds pictures of the same part."""

    root: Path
    name: str
    series: FindSeries
    by: By | None = None
    table: tuple[str, str] | None = None
    shifts: Shifts | None = None
    shares: Mapping[Subset, float] | None = None
    seed: int | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A written split, in words and in figures."""

    text: str
    figures: Mapping[str, object]


def make_split(asked: Asked, census: Census) -> Told:
    """Deal all pictures and write the split.

    Raises:
        TrainingError: the data set or what is in the way of a split of it.
        OSError: it cannot be written; then nothing is.
    """
    path = split_path(asked.root, asked.name)
    if not asked.force and (path.exists() or manifest_path(path).exists()):
        raise BadData(
            f"{path} is there already; add what came since with --extend, give another --name, or replace it with "
            "--force (figures on its test set are then no longer comparable)"
        )
    shifts = asked.shifts or THREE_SHIFTS
    by = asked.by or By.GROUP
    made = Made(asked.seed or 0, _how(by, asked.table, shifts), asked.shares or SHARES)
    pictures = census()
    locked = _locked(asked.root, pictures)
    rows = deal_all(pictures, _groups(asked, by, shifts, pictures), made, locked)
    return _stored(path, rows, pictures, made, ())


def extend_split(asked: Asked, census: Census) -> Told:
    """Deal what came since the split was made, and write it.

    Raises:
        TrainingError, OSError: as `make_split`; there is no such split; it was made in another way.
    """
    path = split_path(asked.root, asked.name)
    stored = load_split(path)
    by, shifts, made = _as_before(asked, stored.manifest)
    pictures = census()
    locked = _locked(asked.root, pictures)
    found = extend(stored, pictures, _groups(asked, by, shifts, pictures), made, locked, asked.force)
    said = [f"{len(found.added)} pictures were added, {len(found.rows) - len(found.added)} stay where they were."]
    if found.moved:
        said.append(f"{len(found.moved)} were renamed or relabelled since, and stay where they were.")
    if found.given_up:
        said.append(f"{len(found.given_up)} that are gone were given up; earlier figures are no longer comparable.")
    return _stored(path, found.rows, pictures, made, said)


def _groups(asked: Asked, by: By, shifts: Shifts, pictures: Sequence[Known]) -> tuple[str, ...]:
    table = None if asked.table is None else read_group_table(Path(asked.table[0]), asked.table[1])
    groups = groups_of(pictures, by, table, shifts)
    return joined(groups, asked.series(pictures)) if by is By.SERIES else groups


def _how(by: By, table: tuple[str, str] | None, shifts: Shifts) -> How:
    file, column = (None, None) if table is None else (Path(table[0]).name, table[1])
    if by is not By.SHIFT:
        return How(by=by, table=file, column=column)
    begins = ",".join(f"{begin:%H:%M}" for begin in shifts.begins)
    return How(by=by, table=file, column=column, shifts=begins, zone=shifts.zone.key)


def _as_before(asked: Asked, manifest: SplitManifest | None) -> tuple[By, Shifts, Made]:
    """What the split was made by; nothing else fits together with it."""
    if manifest is None:
        by, shifts = asked.by or By.GROUP, asked.shifts or THREE_SHIFTS
        return by, shifts, Made(asked.seed or 0, _how(by, asked.table, shifts), asked.shares or SHARES)
    how = manifest.how
    shifts = shifts_from(how.shifts, how.zone) if how.shifts and how.zone else THREE_SHIFTS
    others = (
        (asked.by, how.by, "--by"),
        (asked.shifts, shifts, "--shifts and --zone"),
        (_positive(asked.shares), manifest.asked, "--shares"),
        (asked.seed, manifest.seed, "--seed"),
    )
    for said, was, option in others:
        if said is not None and said != was:
            raise BadData(
                f"the split was made with another {option}; leave it out, or make the split again with --force"
            )
    if how.table is not None and asked.table is None:
        raise BadData(f"the split was made by the column {how.column} of {how.table}; give it again with --table")
    return how.by, shifts, Made(manifest.seed, how, manifest.asked)


def _positive(shares: Mapping[Subset, float] | None) -> dict[Subset, float] | None:
    return None if shares is None else {subset: share for subset, share in shares.items() if share > 0}


def _locked(root: Path, pictures: Sequence[Known]) -> frozenset[str]:
    lines = read_regression(root)
    refuse_lost(root, lines, pictures)
    return frozenset(line.sha256 for line in lines)


def _stored(path: Path, rows: Sequence[SplitRow], pictures: Sequence[Known], made: Made, said: Sequence[str]) -> Told:
    manifest = store_split(path, rows, {picture.name: picture.sha256 for picture in pictures}, made)
    lacking = [*said, *shortcomings(rows, made.asked)]
    groups = len({row.group for row in rows})
    text = "\n".join([f"{path}: {len(rows)} pictures in {groups} groups by {made.how.by}", *_table(rows), *lacking])
    figures = {
        "split": str(path),
        "manifest": str(manifest_path(path)),
        "pictures": len(rows),
        "groups": groups,
        "how": made.how.model_dump(mode="json", exclude_none=True),
        "seed": made.seed,
        "reached": manifest.reached,
        "table_sha256": manifest.table_sha256,
        "said": lacking,
    }
    return Told(text, figures)


def _table(rows: Sequence[SplitRow]) -> list[str]:
    """Classes down, subsets across."""
    shown = [subset for subset in Subset if any(row.subset is subset for row in rows)]
    counts = counted(rows)
    counts["all"] = {subset: sum(row.subset is subset for row in rows) for subset in shown}
    cells = [["", *(subset.value for subset in shown)]]
    cells += [[label, *(str(of.get(subset, 0)) for subset in shown)] for label, of in counts.items()]
    wide = [max(len(line[at]) for line in cells) for at in range(len(shown) + 1)]
    return ["  ".join(word.rjust(wide[at]) for at, word in enumerate(line)).rstrip() for line in cells]

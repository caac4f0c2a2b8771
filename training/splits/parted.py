"""A data set in three: what training may see, what tests it, and the old escapes that every model has to catch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from training.config import MIN_GOOD
from training.data.annotations import read_annotations
from training.data.dataset import DataSet, Picture, listed
from training.data.subsets import SEEN, Subset
from training.errors import BadData
from training.splits.assign import Assignment, assign
from training.splits.files import find_split, load_split
from training.splits.regression import RegressionLine, read_regression, refuse_lost, regression_path

Data = TypeVar("Data")


@dataclass(frozen=True, slots=True)
class Parted(Generic[Data]):
    """`seen`: for training, cross-fitting and calibration. `test`: nothing is chosen on it. `regression`: old escapes.

    `validation`: names of those that a network which learns is not taught with, where a split says so.
    `split`: the name of the table, "" without one, and then `test` is empty. `split_sha256` is that of its content,
    `regression_sha256` the last hash of the regression set.
    """

    seen: Data
    test: Data
    regression: Data
    split: str = ""
    split_sha256: str | None = None
    regression_sha256: str | None = None
    notes: tuple[str, ...] = ()
    validation: frozenset[str] = frozenset()


def part_dataset(data: DataSet, split: str | None) -> Parted[DataSet]:
    """`split`: a name under DATA/splits or a file; None: all may be seen but the regression set.

    Raises:
        TrainingError: the split or the regression set does not fit the data set, or too little may be seen.
    """
    pictures = (*data.pictures, *data.empty)
    found = plan(data.root, pictures, data.copies, split)
    seen = replace(only(data, found.seen), unlabelled=data.unlabelled)
    if len(seen.good) < min(MIN_GOOD, len(data.good)):
        raise BadData(
            f"{len(seen.good)} good pictures are left to train on, {MIN_GOOD} are the least; "
            "add pictures of good parts, or give training a larger share"
        )
    return found.parted(seen, only(data, found.test), only(data, found.regression))


def only(data: DataSet, names: frozenset[str]) -> DataSet:
    """The pictures of these names, those of empty places among them."""
    parts, empty = (tuple(one for one in of if one.name in names) for of in (data.pictures, data.empty))
    return replace(data, pictures=parts, empty=empty, unlabelled=())


def subset_names(
    root: Path, pictures: Sequence[Picture], copies: Sequence[tuple[str, str]], split: str, subset: Subset
) -> tuple[frozenset[str], str]:
    """The names of one subset's pictures, and the hash of the split.

    Raises:
        TrainingError: as `part_dataset`, or there is no such picture.
    """
    _, regression = _old_escapes(root, pictures)
    assigned = _assigned(root, pictures, copies, split)
    names = assigned.names(subset) - regression if subset is not Subset.REGRESSION else regression
    if not names:
        raise BadData(f"no picture of {split} is for {subset}; name another subset")
    return names, assigned.sha256


@dataclass(frozen=True, slots=True)
class Plan:
    """Names of pictures, and the rest of what `Parted` says."""

    seen: frozenset[str]
    test: frozenset[str]
    regression: frozenset[str]
    split: str
    split_sha256: str | None
    regression_sha256: str | None
    notes: tuple[str, ...]
    validation: frozenset[str] = frozenset()

    def parted(self, seen: Data, test: Data, regression: Data) -> Parted[Data]:
        return Parted(
            seen, test, regression, self.split, self.split_sha256, self.regression_sha256, self.notes, self.validation
        )


def plan(root: Path, pictures: Sequence[Picture], copies: Sequence[tuple[str, str]], split: str | None) -> Plan:
    """Which pictures are for what; each picture is in one set at most.

    Raises:
        TrainingError: the split or the regression set does not fit the data set.
    """
    lines, regression = _old_escapes(root, pictures)
    last = lines[-1].hash if lines else None
    if split is None:
        seen = frozenset(one.name for one in pictures) - regression
        return Plan(seen, frozenset(), regression, "", None, last, _mates(pictures, seen, regression))
    assigned = _assigned(root, pictures, copies, split)
    _refuse_unlocked(root, split, assigned, regression, lines)
    # Whatever the table says: an old escape neither trains nor stands among pictures that nothing is chosen on.
    seen, test = assigned.names(*SEEN) - regression, assigned.names(Subset.TEST) - regression
    if not test:
        raise BadData(f"the split {split} has no test picture; make one with okng split, or leave --split out")
    notes = (*_mates(pictures, seen, regression), *_torn(pictures, seen, test))
    apart = assigned.names(Subset.VALIDATION, Subset.CALIBRATION) - regression
    return Plan(seen, test, regression, Path(split).stem, assigned.sha256, last, notes, apart)


def _old_escapes(root: Path, pictures: Sequence[Picture]) -> tuple[tuple[RegressionLine, ...], frozenset[str]]:
    """The regression set and its pictures, known by their content whatever they are called."""
    lines = read_regression(root)
    refuse_lost(root, lines, pictures)
    locked = {line.sha256 for line in lines}
    return lines, frozenset(one.name for one in pictures if one.sha256 in locked)


def _assigned(root: Path, pictures: Sequence[Picture], copies: Sequence[tuple[str, str]], split: str) -> Assignment:
    sources: Mapping[str, str] = {
        name: row.source for name, row in read_annotations(root).items() if row.source is not None
    }
    return assign(load_split(find_split(root, split)), pictures, copies, sources)


def _refuse_unlocked(
    root: Path, split: str, assigned: Assignment, regression: frozenset[str], lines: Sequence[RegressionLine]
) -> None:
    """A split remembers what was locked, also where the regression set was put back to an earlier day."""
    lost = assigned.names(Subset.REGRESSION) - regression
    if lost:
        raise BadData(
            f"{len(lost)} pictures of the split {split} were in the regression set, which has {len(lines)} lines now; "
            f"put {regression_path(root)} and the anchor beside it back as they were"
        )


def _mates(pictures: Sequence[Picture], seen: frozenset[str], regression: frozenset[str]) -> tuple[str, ...]:
    groups = {one.group for one in pictures if one.name in seen}
    with_mates = sum(one.name in regression and one.group in groups for one in pictures)
    if not with_mates:
        return ()
    return (
        f"{with_mates} of {len(regression)} pictures of the regression set are of a part or lot that training saw, "
        "too: catching them proves less.",
    )


def _torn(pictures: Sequence[Picture], seen: frozenset[str], test: frozenset[str]) -> tuple[str, ...]:
    """A table may group otherwise than the data set, as published ones at random do; then that is said."""
    sides = [{one.group for one in pictures if one.name in of} for of in (seen, test)]
    torn = sorted(sides[0] & sides[1])
    if not torn:
        return ()
    return (
        f"{len(torn)} groups of the data set stand in training and in test: {listed(torn)}; "
        "the figures of the test pictures are better than those of new parts will be.",
    )

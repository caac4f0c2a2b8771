"""Named regions in splits: whole parts are dealt and judged, by whether all is where it belongs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.decision import Outcome
from models.detector import Detector
from training.data.dataset import Picture
from training.errors import BadData
from training.evaluate import CAUGHT
from training.progress import Progress
from training.rois import evaluate
from training.rois.dataset import AssemblyData, open_assembly
from training.rois.figures import RegionJudged
from training.splits.census import Known, census_of
from training.splits.escapes import check
from training.splits.parted import Parted, plan
from training.splits.unseen import Caught, Jury, Sheet

_COMPLETE, _INCOMPLETE = "complete", "incomplete"


def take_assembly_census(root: Path, progress: Progress) -> tuple[Known, ...]:
    """Every picture, with "complete" or "incomplete" as its class.

    Raises:
        TrainingError: whatever is wrong with the data set.
    """
    data = open_assembly(root)
    labels = {one.name: one.label for one in labelled(data)}
    labels |= {copy: labels[original] for copy, original in data.copies}
    return census_of(root, [(root / name, label) for name, label in sorted(labels.items())], progress)


def labelled(data: AssemblyData) -> list[Picture]:
    """The pictures with that class."""
    return [replace(one.picture, label=_COMPLETE if data.complete(one) else _INCOMPLETE) for one in data.pictures]


def only(data: AssemblyData, names: frozenset[str]) -> AssemblyData:
    return data.only([at for at, one in enumerate(data.pictures) if one.picture.name in names])


def part_assembly(data: AssemblyData, split: str | None) -> Parted[AssemblyData]:
    """`split`: a name under DATA/splits or a file; None: all may be seen but the regression set.

    Raises:
        TrainingError: the split or the regression set does not fit the data set, or nothing may be seen.
    """
    found = plan(data.root, labelled(data), data.copies, split)
    seen = only(data, found.seen)
    if not seen.pictures:
        raise BadData("no picture is left to train on; give training a larger share")
    return found.parted(seen, only(data, found.test), only(data, found.regression))


def check_regions(package: Path, root: Path, threads: int) -> list[Caught]:
    """A package on the regression set of an assembly, on every runtime that is here.

    Raises:
        TrainingError: the set is not whole, empty, or the data set cannot be used.
        ModelError: the package cannot be used.
    """
    data = open_assembly(root)
    found = plan(root, labelled(data), data.copies, None)
    return check(package, only(data, found.regression), REGIONS, threads)


def _sheet(detector: Detector, data: AssemblyData) -> Sheet:
    found = evaluate.summarize(detector.info.runtime, *evaluate.judge_assembly(detector, data))
    return Sheet(found.name, tuple(evaluate.as_rows(found)), evaluate.as_dict(found))


def _catch(detector: Detector, data: AssemblyData) -> Caught:
    judged, _ = evaluate.judge_assembly(detector, data)
    return caught_of(detector.info.runtime, judged)


def caught_of(runtime: str, judged: Sequence[RegionJudged]) -> Caught:
    """What of judged parts is caught: by a region that is not as expected, not by another one's overkill."""
    wrong = {one.picture.name for one in judged if not one.good}
    caught = {one.picture.name for one in judged if not one.good and one.outcome in CAUGHT}
    rejected = {one.picture.name for one in judged if one.outcome is Outcome.NG} - wrong
    return Caught(runtime, len(wrong), tuple(sorted(wrong - caught)), tuple(sorted(rejected)))


def _size(data: AssemblyData) -> int:
    return len(data.pictures)


REGIONS = Jury(_sheet, _catch, _size)

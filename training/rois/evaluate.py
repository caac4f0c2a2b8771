"""Labelled assemblies through the station's own Detector; runs without torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.assembly_entry import AssemblyEntry
from models.decision import outcome_of
from models.detector import Detector, Judgement
from models.package import open_package
from training.data.dataset import Picture
from training.data.pictures import decode_known
from training.errors import BadData
from training.evaluate import proven_here
from training.rois.catalogue import Roi
from training.rois.dataset import AssemblyData, open_assembly
from training.rois.figures import RegionFigures, RegionJudged, by_part, by_region
from training.splits.chosen import Chosen


@dataclass(frozen=True, slots=True)
class RegionEvaluation:
    """Figures of one runtime: a row a region and one of all, whole parts, and pictures that were unfit (ERROR)."""

    name: str
    regions: tuple[RegionFigures, ...]
    parts: RegionFigures
    unfit: int


def judge_assembly(
    detector: Detector, data: AssemblyData, read: Callable[[Picture], NDArray[np.uint8]] = decode_known
) -> tuple[list[RegionJudged], int]:
    """What the detector says of every region of every picture, and how many pictures were unfit to be judged."""
    judged: list[RegionJudged] = []
    unfit = 0
    for one in data.pictures:
        found = detector.judge_anyway(read(one.picture))
        unfit += found.prepared.settled
        judged += regions_judged(one.picture, one.labels, data.rois, found)
    return judged, unfit


def regions_judged(
    picture: Picture, labels: Sequence[str], rois: Sequence[Roi], found: Judgement
) -> list[RegionJudged]:
    """What was said of every region of one picture; `labels` are what they show, in the order of `rois`."""
    seen = {detection.label: detection.seen for detection in found.decision.detections}
    judged = []
    for roi, label, score in zip(rois, labels, found.scores.map[:, 0].tolist(), strict=True):
        outcome = outcome_of(score, found.decision.limits)
        judged.append(
            RegionJudged(picture, roi.name, roi.expect, label, score, outcome, seen.get(roi.name, roi.expect))
        )
    return judged


def evaluate_assembly(
    package: Path, root: Path, runtime: str, threads: int, chosen: Chosen | None = None
) -> list[RegionEvaluation]:
    """Judge every region of every picture of `root` on one runtime or on "all" that are installed.

    `chosen`: only the pictures of a subset.

    Raises:
        TrainingError: the data set cannot be used, or is not of the package's regions.
        ModelError: the package cannot be used, or a picture is none it can judge.
    """
    manifest = open_package(package).manifest
    if not isinstance(manifest.scorer, AssemblyEntry):
        raise BadData(f"{package} judges whole pictures, {root} has named regions; name a data set with good/")
    data = open_assembly(root)
    refuse_other_regions(package, manifest.scorer, data)
    if chosen is not None:
        data = chosen_parts(data, chosen)
    runtimes = proven_here(manifest) if runtime == "all" else (runtime,)
    return [_on(package, name, threads, data) for name in runtimes]


def chosen_parts(data: AssemblyData, chosen: Chosen) -> AssemblyData:
    """Only the pictures of a subset. Raises TrainingError: the split does not fit the data set."""
    names = chosen.names(data.root, [one.picture for one in data.pictures], data.copies)
    return data.only([at for at, one in enumerate(data.pictures) if one.picture.name in names])


def refuse_other_regions(package: Path, scorer: AssemblyEntry, data: AssemblyData) -> None:
    """Let only a data set pass that labels what the package judges. Raises BadData: it does not."""
    ours = [(roi.name, roi.expect) for roi in scorer.rois]
    theirs = [(roi.name, roi.expect) for roi in data.rois]
    if ours != theirs:
        raise BadData(
            f"{package} judges {_listed(ours)}, {data.root} labels {_listed(theirs)}; "
            "use the rois.toml that the package was trained with"
        )


def _on(package: Path, runtime: str, threads: int, data: AssemblyData) -> RegionEvaluation:
    detector = Detector.load(package, runtime=runtime, threads=threads)
    try:
        judged, unfit = judge_assembly(detector, data)
    finally:
        detector.close()
    return summarize(detector.info.runtime, judged, unfit)


def summarize(name: str, judged: Iterable[RegionJudged], unfit: int) -> RegionEvaluation:
    regions = list(judged)
    return RegionEvaluation(name, by_region(regions), by_part(regions), unfit)


def as_text(found: RegionEvaluation) -> str:
    """A few lines for people."""
    lines = [found.name]
    for row in (*found.regions, found.parts):
        lines += [
            f"  {row.name}",
            f"    right     {row.right}",
            f"    escapes   {row.escapes}",
            f"    overkill  {row.overkill}",
            f"    recheck   {row.recheck_good.count} as expected, {row.recheck_defective.count} not",
        ]
    return "\n".join([*lines, f"  pictures unfit to be judged: {found.unfit}"])


def as_rows(found: RegionEvaluation) -> list[tuple[str, str]]:
    """(what, how many) for people; whole parts first."""
    rows = []
    for row in (found.parts, *found.regions):
        rows += [
            (f"{row.name}, right", str(row.right)),
            (f"{row.name}, escapes", str(row.escapes)),
            (f"{row.name}, overkill", str(row.overkill)),
        ]
    return rows


def as_dict(found: RegionEvaluation) -> dict[str, object]:
    """The same for programs."""
    rows = {row.name: row_figures(row) for row in (*found.regions, found.parts)}
    return {"name": found.name, "unfit": found.unfit, "regions": rows}


def row_figures(row: RegionFigures) -> dict[str, object]:
    return {
        "right": row.right.figures(),
        "escapes": row.escapes.figures(),
        "overkill": row.overkill.figures(),
        "recheck_good": row.recheck_good.count,
        "recheck_defective": row.recheck_defective.count,
    }


def _listed(regions: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({expect})" for name, expect in regions)

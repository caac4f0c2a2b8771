"""`okng eval`: a package against a folder of pictures, on each runtime, as text or figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from models.detector import Detector
from models.package import open_package
from training.data.dataset import EMPTY, DataSet, open_dataset
from training.errors import BadData
from training.evaluate import Evaluation, count_gaps, judge_pictures, proven_here, summarize
from training.map_figures import MapTally
from training.suggestion.audit import drawn_with


def evaluate_package(
    package: Path,
    root: Path,
    runtime: str,
    threads: int,
    audited: bool = False,
    chosen: Callable[[DataSet], DataSet] | None = None,
) -> list[Evaluation]:
    """Judge every picture of `root` on one runtime or on "all" that are installed and that the package was proven on.

    `chosen`: picks what is to be judged; `audited`: only what was drawn at random with this very package before anybody
    had labelled it.

    Raises:
        TrainingError: the data set cannot be used.
        ModelError: the package cannot be used, or a picture is none it can judge.
    """
    opened = open_package(package)
    manifest = opened.manifest
    if manifest.task == "assembly":
        raise BadData(f"{package} judges named regions; name a data set with rois.toml and labels.csv")
    data = open_dataset(root, min_good=0, one_size=False)
    if chosen is not None:
        data = chosen(data)
    if audited:
        drawn = drawn_with(root, data, opened.hash)
        parts, empty = (tuple(one for one in drawn if (one.label == EMPTY) is gap) for gap in (False, True))
        data = replace(data, pictures=parts, empty=empty)
    found = []
    for name in proven_here(manifest) if runtime == "all" else (runtime,):
        detector = Detector.load(package, runtime=name, threads=threads)
        try:
            tally = MapTally(detector, data.pictures)
            judged = judge_pictures(detector, data.pictures, also=tally.add)
            gaps = count_gaps(detector, data.empty)
        finally:
            detector.close()
        known = frozenset(row.label for row in detector.info.classes)
        found.append(summarize(detector.info.runtime, judged, known, gaps, tally.figures()))
    return found


def as_text(found: Evaluation) -> str:
    """A few lines for people."""
    return "\n".join([found.runtime, *(f"  {what:16} {how}" for what, how in found.rows())])

"""Folds of pictures that no training saw: what a package made like this one is worth on the next parts."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.detector import Detector
from models.picture_file import whole_size
from models.runtimes.choose import REFERENCE
from training.artefacts import SYMMETRIC
from training.config import TrainConfig
from training.data.cache import Store
from training.data.pictures import Pictures
from training.data.split import folds_by_group
from training.errors import BadData
from training.progress import Progress
from training.rois.dataset import AssemblyData, open_assembly
from training.rois.evaluate import RegionEvaluation, judge_assembly, summarize
from training.rois.figures import RegionJudged
from training.rois.run import train_assembly
from training.run import Request

_CREATED = "2000-01-01T00:00:00Z"


def cross_validate(
    root: Path, config: TrainConfig, folds: int, seeds: Sequence[int], progress: Progress, store: Store
) -> list[RegionEvaluation]:
    """A whole training for every fold of every seed, its package judging the pictures it never saw; an entry a seed.

    Nothing is chosen on the pictures of a fold: limits, score map and classifiers come from the others alone. They are
    judged on the first of the runtimes that were asked for, on the reference without one.

    Raises:
        TrainingError: the data cannot be used, or is too little for so many folds.
    """
    data = open_assembly(root, size_of=whole_size)
    pictures = data.whole(store)
    groups = len(set(data.groups))
    if groups < folds:
        raise BadData(
            f"{root} has {groups} groups of pictures, too few for {folds} folds; add pictures, or ask for fewer"
        )
    wanted = tuple(name for name in config.runtimes or () if name != SYMMETRIC)
    config, runtime = replace(config, runtimes=wanted), next(iter(wanted), REFERENCE)
    found = []
    for seed in seeds:
        fold_of = folds_by_group(data.groups, seed, folds)
        judged: list[RegionJudged] = []
        unfit = 0
        for fold in range(folds):
            more, spoilt = _fold(data, fold_of, fold, replace(config, seed=seed), runtime, progress, pictures)
            judged += more
            unfit += spoilt
        found.append(summarize(f"seed {seed}, {folds} folds, {runtime}", judged, unfit))
    return found


def _fold(
    data: AssemblyData,
    fold_of: Sequence[int],
    fold: int,
    config: TrainConfig,
    runtime: str,
    progress: Progress,
    pictures: Pictures,
) -> tuple[list[RegionJudged], int]:
    shown = data.only([index for index, own in enumerate(fold_of) if own != fold])
    unseen = data.only([index for index, own in enumerate(fold_of) if own == fold])
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "fold.okng"
        request = Request(data.root, package, config, "fold", "1", _CREATED)
        train_assembly(request, shown, progress, pictures, compare=False)
        detector = Detector.load(package, runtime=runtime)
        try:
            return judge_assembly(detector, unseen, pictures.read)
        finally:
            detector.close()

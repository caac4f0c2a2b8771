#!/usr/bin/env python3
"""What the choice between scorers gives where no defect is shown, beside each scorer alone.

    ./scripts/study_scorers.py DATA --split NAME [--pictures 200] [--seed 0]
    ./scripts/study_scorers.py DATA --test OTHER

Trains on the good pictures of DATA alone: INT8 network, cross-fitted scorers, synthetic defects on held-out pictures.
Then each scorer, fitted on all of them, is asked about the test pictures of the split, or all of OTHER. Told are, for
each: AUROC on the synthetic defects (what the choice goes by), AUROC on the real test pictures, the class it tells
worst, and processor time: to fit five of it, and of one score. Nothing is written.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np

from models.runtimes.choose import REFERENCE
from models.scorers import score_views
from training.config import TrainConfig
from training.data.cache import Memory
from training.data.dataset import DataSet, open_dataset
from training.data.pictures import Pictures
from training.data.split import folds_by_group
from training.errors import TrainingError
from training.export import export_trunk, quantize
from training.features import ALL_STRIDES, Extractor, Inputs, Seen, Shot, frames_of, grouped
from training.fitting import candidates
from training.fitting.candidates import Candidate
from training.fitting.choose import ranked
from training.fitting.crossfit import CrossFit, cross_fit
from training.fitting.fit import fit
from training.fitting.sample import FitData, Raws, select
from training.framing import geometry_for, settle
from training.metrics.ranking import auroc
from training.progress import Progress
from training.rehearsal import rehearse
from training.sights import Sights
from training.splits.parted import only, part_dataset
from training.tensors import calibration_frames, read_tensors

VIEWS = "shifted"


@dataclass(frozen=True, slots=True)
class Alone:
    """A scorer by itself: its cross-fit, its scores of test pictures, and processor seconds of fits and a score."""

    result: CrossFit
    test: Raws
    fit_s: float
    score_s: float


def parts(data: Path, split: str | None, test: Path | None, most: int | None, seed: int) -> tuple[DataSet, DataSet]:
    """Good pictures to train on, at most so many, and pictures to test on.

    Raises:
        TrainingError: the data cannot be used.
    """
    parted = part_dataset(open_dataset(data, one_size=False), split)
    good = [picture.name for picture in parted.seen.good]
    if most is not None and most < len(good):
        good = [good[at] for at in np.random.default_rng(seed).permutation(len(good))[:most]]
    asked = parted.test if test is None else open_dataset(test, min_good=1, one_size=False)
    return only(parted.seen, frozenset(good)), asked


def study(train: DataSet, test: DataSet, seed: int, progress: Progress) -> Iterator[str]:
    """The table, line by line."""
    features, asked = seen(train, test, TrainConfig(seed=seed), progress)
    tried = [alone(one, features, asked, seed) for one in competing(features)]
    labels = np.array([picture.label for picture in (*test.good, *test.defective)])
    chosen = ranked([one.result for one in tried], in_order=True)[0]
    yield (
        f"{len(features.good)} good pictures to learn from, {len(features.synthetic)} synthetic defects, "
        f"{len(test.good)} good and {len(test.defective)} defective test pictures"
    )
    yield "  synthetic   test   worst class         5 fits s   score ms   scorer"
    for one in sorted(tried, key=lambda row: row.result is not chosen):
        good, bad = one.test[labels == "good"], labels[labels != "good"]
        scores = one.test[labels != "good"]
        low, label = min((100 * auroc(good, scores[bad == name]), name) for name in np.unique(bad))
        yield (
            f"{'*' if one.result is chosen else ' '} {100 * auroc(one.result.good, one.result.to_tell):>9.1f}"
            f"{100 * auroc(good, scores):>7.1f}   {low:>5.1f} {label:<13}{one.fit_s:>9.1f}{1e3 * one.score_s:>11.2f}"
            f"   {one.result.candidate}"
        )
    yield "* is chosen"


def competing(features: FitData) -> list[Candidate]:
    """What a training compares where no defect is shown, without discriminators."""
    views = VIEWS if VIEWS in features.views else "none"
    return [Candidate(*kind, views, 0.0) for kind in candidates.WITHOUT_DEFECTS]


def seen(train: DataSet, test: DataSet, config: TrainConfig, progress: Progress) -> tuple[FitData, list[Seen]]:
    """What the INT8 network sees of the pictures to learn from, and of those to be asked about."""
    store = Memory()
    pictures = Pictures(store, [])
    geometry = geometry_for(settle(config.geometry, train, pictures.read), config.input_size(train.size))
    inputs = Inputs(Sights(geometry, train, None, pictures, store), config.declared.augment)
    tensors = read_tensors(train, inputs, config.seed, progress)
    frames = calibration_frames(tensors)
    network = quantize(export_trunk(inputs.size, ALL_STRIDES, None, frames), frames)
    inputs.sights.prepare(test, progress)
    found = [inputs.of(picture) for picture in (*test.good, *test.defective)]
    extract = Extractor(network, REFERENCE, threads=1)

    def through(shots: Sequence[Shot]) -> list[Seen]:
        return list(grouped(extract(frames_of(shots)), shots))

    try:
        views = {kind: [through(own) for own in of_each] for kind, of_each in tensors.views.items()}
        folds = folds_by_group([picture.group for picture in train.good], config.seed)
        features = FitData(through(tensors.good), views, [], [], tuple(folds))
        asked = through([one[0] for one in found if one is not None])
    finally:
        extract.close()
    return rehearse(features, network, train, inputs, config), asked


def alone(candidate: Candidate, features: FitData, asked: Sequence[Seen], seed: int) -> Alone:
    started = time.process_time()
    result = cross_fit(candidate, features, seed)
    fitted = fit(candidate, features.sample(candidate.views), seed)
    fit_s, started = time.process_time() - started, time.process_time()
    chosen = (select(one, candidate.shape.strides) for one in asked)
    test = np.array([score_views(fitted.scorer, one.views, one.mosaics).raw for one in chosen])
    return Alone(result, test, fit_s, (time.process_time() - started) / max(len(asked), 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--split")
    where.add_argument("--test", type=Path)
    parser.add_argument("--pictures", type=int)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        train, test = parts(asked.data, asked.split, asked.test, asked.pictures, asked.seed)
        for line in study(train, test, asked.seed, Progress(sys.stderr)):
            click.echo(line)
    except TrainingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

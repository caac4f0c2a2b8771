"""Test pictures through the station's own Detector: a score, a name, and which pixels were called what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.decision import Outcome
from models.detector import Detector, Judgement
from models.manifest import ClassifierEntry, Manifest, ScorerEntry
from models.package import open_package
from models.picture_file import read_picture
from models.runtimes.choose import REFERENCE
from models.scorer_entry import HeadEntry
from scripts.measured.records import Seen
from training.data.dataset import DataSet, Picture, open_dataset
from training.data.masks import class_masks
from training.metrics.segmentation import confusion
from training.splits.parted import part_dataset

_SPLIT = "imported"


def test_pictures(data: Path, test: Path | None) -> DataSet:
    """What no training saw: the split's test pictures, or a data set of their own.

    Raises:
        TrainingError: it cannot be read.
    """
    if test is not None:
        return open_dataset(test, min_good=0, one_size=False)
    return part_dataset(open_dataset(data, min_good=0, one_size=False), _SPLIT).test


def classes_of(manifest: Manifest, pictures: Sequence[Picture]) -> tuple[str, ...]:
    """What pixels are told apart as beside the background: the head's classes, then others that pictures show.

    Empty where the package calls no pixels.
    """
    head = _head(manifest)
    if head is None:
        return ()
    shown = {label for picture in pictures if not picture.good for label in picture.labels}
    return (*head.classes, *sorted(shown - set(head.classes)))


def judge(package: Path, pictures: Sequence[Picture]) -> tuple[Seen, ...]:
    """Every picture on the reference runtime, one thread, each asked for alone; blocks.

    Raises:
        ModelError: the package cannot be used, or a picture is none it can judge.
    """
    manifest = open_package(package).manifest
    classes = classes_of(manifest, pictures) if _head(manifest) else None
    names = manifest.scorer.classes if isinstance(manifest.scorer, ClassifierEntry) else ()
    detector = Detector.load(package, runtime=REFERENCE, threads=1)
    try:
        return tuple(_seen(detector, picture, classes, names) for picture in pictures)
    finally:
        detector.close()


def _head(manifest: Manifest) -> HeadEntry | None:
    return manifest.scorer.head if isinstance(manifest.scorer, ScorerEntry) else None


def _seen(detector: Detector, picture: Picture, classes: tuple[str, ...] | None, names: tuple[str, ...]) -> Seen:
    """`classes`: those of pixels, None where the package calls none; `names`: a classifier's, else empty."""
    found = detector.judge_anyway(read_picture(picture.path))
    detections = found.decision.detections
    truth = None if classes is None else shown_pixels(picture, classes)
    counts, shares = None, found.scores.classes
    if classes is not None and truth is not None:
        counts = confusion(truth, _called(detector, found), 1 + len(classes)).tolist()
    return Seen(
        name=picture.name,
        label=picture.label,
        group=picture.group,
        score=found.decision.score,
        outcome=(Outcome.NO_PART if found.prepared.empty else found.decision.outcome).value,
        named=detections[0].label if detections else "",
        likeliest=names[int(shares.argmax())] if names and shares is not None else "",
        pixels=counts,
    )


def shown_pixels(picture: Picture, classes: Sequence[str]) -> NDArray[np.uint8] | None:
    """`(H, W)`: 0 background, k the k-th class; None of a defective picture in which no pixel is known to be defective.

    Raises:
        BadData: a mask is none that fits its picture.
    """
    pixels = np.zeros((picture.size[1], picture.size[0]), np.uint8)
    for label, mask in class_masks(picture).items():
        pixels[mask] = 1 + classes.index(label)
    return pixels if picture.good or pixels.any() else None


def _called(detector: Detector, found: Judgement) -> NDArray[np.uint8]:
    width, height = found.prepared.picture_size
    return np.zeros((height, width), np.uint8) if found.prepared.empty else detector.label_map(found)

"""Test pictures through the station's own Detector: a score, a name, and which pixels were called what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.decision import Outcome
from models.detector import Detector
from models.picture_file import read_picture
from models.runtimes.choose import REFERENCE
from scripts.measured.records import Seen
from training.data.dataset import DataSet, Picture, open_dataset
from training.splits.parted import part_dataset

_SPLIT = "imported"


def test_pictures(data: Path, test: Path | None) -> DataSet:
    """What no training saw: the split's test pictures, or a data set of their own.

    Raises:
        TrainingError: it cannot be read.
    """
    if test is not None:
        return open_dataset(test, min_good=0, one_size=False)
    return part_dataset(open_dataset(data, one_size=False), _SPLIT).test


def judge(package: Path, pictures: Sequence[Picture]) -> tuple[Seen, ...]:
    """Every picture on the reference runtime, one thread, each asked for alone; blocks.

    Raises:
        ModelError: the package cannot be used, or a picture is none it can judge.
    """
    detector = Detector.load(package, runtime=REFERENCE, threads=1)
    try:
        return tuple(_seen(detector, picture) for picture in pictures)
    finally:
        detector.close()


def _seen(detector: Detector, picture: Picture) -> Seen:
    found = detector.judge_anyway(read_picture(picture.path))
    detections = found.decision.detections
    return Seen(
        name=picture.name,
        label=picture.label,
        group=picture.group,
        score=found.decision.score,
        outcome=(Outcome.NO_PART if found.prepared.empty else found.decision.outcome).value,
        named=detections[0].label if detections else "",
    )

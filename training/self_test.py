"""The golden frames of a package: every file in it must judge them clearly, or the file does not come along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from models.decision import Scores
from models.manifest import ScoreMap
from models.runtimes.choose import REFERENCE
from training.artefacts import LITERT, SYMMETRIC, Bench, Further, Offer
from training.errors import RefusedForSafety
from training.features import Extractor, Features
from training.gate import Calibration
from training.golden import Frame, Golden, choose_golden, tolerance_of
from training.symmetric import extract_unoptimized


@dataclass(frozen=True, slots=True)
class Exam:
    """Frames to choose from, and how the shipped scorer takes the feature maps of one on a runtime's score map."""

    good: Sequence[Frame]
    defective: Sequence[Frame]
    scores: Callable[[Features, Frame, ScoreMap], Scores]


def choose_self_test(reference: Offer, found: Further, exam: Exam, bench: Bench) -> tuple[Golden, Further]:
    """Golden frames for the reference's runtimes and as many further files as have clear ones.

    Raises:
        RefusedForSafety: not even the reference's runtimes have enough of them.
    """
    while True:
        calibration = found.calibration(bench.calibration)
        try:
            return _golden(exam, (reference, *found.shipped), bench.good, calibration), found
        except RefusedForSafety as refusal:
            if not found.shipped:
                raise
            found = found.without(found.shipped[-1], refusal.reason)


def _golden(exam: Exam, offers: tuple[Offer, ...], good: int, calibration: Calibration) -> Golden:
    content = {offer.runtime: offer.content for offer in offers}
    extractors = {
        name: Extractor(content[LITERT if name == LITERT else REFERENCE], name, threads=1) for name in calibration.maps
    }

    def judge(name: str, frame: Frame) -> Scores:
        (maps,) = extractors[name]([frame.tensor])
        return exam.scores(maps, frame, calibration.maps[name])

    def symmetric(frame: Frame) -> Scores:
        (maps,) = extract_unoptimized(content[SYMMETRIC], [frame.tensor])
        return exam.scores(maps, frame, calibration.maps[REFERENCE])

    judges = {name: partial(judge, name) for name in extractors}
    twins = {SYMMETRIC: symmetric} if SYMMETRIC in content else {}
    tolerance = tolerance_of(calibration.scores[REFERENCE][:good])
    try:
        return choose_golden(exam.good, exam.defective, judges, calibration.limits, tolerance, twins)
    finally:
        for extractor in extractors.values():
            extractor.close()

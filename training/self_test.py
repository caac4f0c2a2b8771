"""The golden frames of a package: every file in it must judge them clearly, or the file does not come along."""

from __future__ import annotations

from functools import partial

from models.decision import Scores
from models.runtimes.choose import REFERENCE
from models.scorers import calibrated
from training.artefacts import LITERT, SYMMETRIC, Bench, Further, Offer
from training.errors import RefusedForSafety
from training.features import Extractor
from training.fit import Fitted
from training.gate import Calibration
from training.golden import Golden, choose_golden, tolerance_of
from training.symmetric import extract_unoptimized
from training.tensors import Tensor, Tensors


def choose_self_test(reference: Offer, found: Further, fitted: Fitted, bench: Bench) -> tuple[Golden, Further]:
    """Golden frames for the reference's runtimes and as many further files as have clear ones.

    Raises:
        RefusedForSafety: not even the reference's runtimes have enough of them.
    """
    while True:
        calibration = found.calibration(bench.calibration)
        try:
            return _golden(bench.tensors, (reference, *found.shipped), fitted, calibration), found
        except RefusedForSafety as refusal:
            if not found.shipped:
                raise
            found = found.without(found.shipped[-1], refusal.reason)


def _golden(tensors: Tensors, offers: tuple[Offer, ...], fitted: Fitted, calibration: Calibration) -> Golden:
    content = {offer.runtime: offer.content for offer in offers}
    extractors = {
        name: Extractor(content[LITERT if name == LITERT else REFERENCE], name, threads=1) for name in calibration.maps
    }

    def judge(name: str, tensor: Tensor) -> Scores:
        (maps,) = extractors[name]([tensor])
        return calibrated(fitted.scorer(maps), calibration.maps[name])

    def symmetric(tensor: Tensor) -> Scores:
        (maps,) = extract_unoptimized(content[SYMMETRIC], [tensor])
        return calibrated(fitted.scorer(maps), calibration.maps[REFERENCE])

    judges = {name: partial(judge, name) for name in extractors}
    twins = {SYMMETRIC: symmetric} if SYMMETRIC in content else {}
    tolerance = tolerance_of(calibration.scores[REFERENCE][: len(tensors.good)])
    try:
        return choose_golden(tensors.good, tensors.defective, judges, calibration.limits, tolerance, twins)
    finally:
        for extractor in extractors.values():
            extractor.close()

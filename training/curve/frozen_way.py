"""Points of the frozen network: features come through it once, so that a point costs what fitting two scorers costs.

That of good parts alone and the same with shown defects compete at each point, by cross-fitting as in a training. The
network is quantized on good pictures alone, so that no point knows more defects than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from training.contest import features_of
from training.curve.points import Drawn, Point
from training.curve.stage import Stage
from training.data.dataset import DataSet
from training.data.split import folds_by_group
from training.export import export_trunk, quantize
from training.features import ALL_STRIDES
from training.fitting.candidates import DEFAULT, Candidate
from training.fitting.choose import merit
from training.fitting.crossfit import CrossFit, cross_fit
from training.fitting.sample import FitData
from training.fitting.taught import fit_taught
from training.frozen import folds_of
from training.gate import of_reference, reach_of
from training.tensors import calibration_frames


class FrozenWay:
    """One network's features of all that may be seen, and of the test pictures."""

    def __init__(self, stage: Stage) -> None:
        ground = stage.ground
        tensors, config = ground.tensors, ground.config
        frames = calibration_frames(tensors)
        self._stage = stage
        self._network = quantize(export_trunk(ground.inputs.size, ALL_STRIDES, config.backbone, frames), frames)
        folds = folds_of(ground.data, config.seed)
        self._seen = features_of(self._network, tensors, folds, "INT8 features", ground.progress)
        self._test = list(stage.test_features(self._network))

    def point(self, drawn: Drawn) -> Point:
        """A scorer fitted on all good pictures and on so many defective ones, judged on the test pictures."""
        ground = self._stage.ground
        seed = ground.config.seed + drawn.repeat
        part = _only(self._seen, ground.data, drawn.chosen, ground.config.seed)
        work = (_best(part, seed) for _ in range(1))
        (best,) = ground.progress.each(f"{drawn.count} defective pictures, repeat {drawn.repeat + 1}", work, 1)
        good = len(ground.data.good)
        places = [*range(good), *(good + index for index in drawn.chosen)]
        reach = reach_of(ground.tensors.only(places), self._network)
        calibration = of_reference([str(index) for index in range(len(part.fold_of))], best, reach(best))
        return self._stage.judged(drawn, fit_taught(best.candidate, part, seed), self._test, calibration)


def _only(features: FitData, data: DataSet, chosen: Sequence[int], seed: int) -> FitData:
    """The same with some defective pictures alone, dealt into folds by group as a training deals them."""
    first = len(features.good)
    folds = folds_by_group([data.defective[index].group for index in chosen], seed)
    return replace(
        features,
        defective=[features.defective[index] for index in chosen],
        masks=[features.masks[index] for index in chosen],
        fold_of=(*features.fold_of[:first], *folds),
    )


def _best(features: FitData, seed: int) -> CrossFit:
    views = DEFAULT.views if DEFAULT.views in features.views else "none"
    candidates: list[Candidate] = [replace(DEFAULT, views=views)]
    if features.defective and features.can_know:
        candidates.append(replace(candidates[0], taught=1.0))
    tried = [cross_fit(candidate, features, seed) for candidate in candidates]
    return max(tried, key=merit) if features.defective else tried[0]

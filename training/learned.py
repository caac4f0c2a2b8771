"""The way of a network that learns: taught, quantized, and judged on what was kept from it.

taught on training pictures → fp32 → INT8 → features of all pictures → distance from good training pictures
                                                                     → ways to make one score, by validation pictures
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.calibrate import reference_map, refuse_constant
from training.config import CALIBRATION_PICTURES
from training.contest import Contest, Ground, features_of, shown_in
from training.data.dataset import DataSet
from training.data.part import Part
from training.declared import TrainSpec
from training.export import export_network, quantize
from training.features import Inputs, Seen, frames_of
from training.fitting.candidates import DEFAULT, GAUSSIAN, POSITION, WITHOUT_DEFECTS, Candidate
from training.fitting.crossfit import CrossFit
from training.fitting.fit import Fitted, fit
from training.fitting.sample import FitData, Sample, maps_of
from training.learning.checkpoint import Checkpoint
from training.learning.course import Course, LearnConfig
from training.learning.examples import drawn_examples, examples_of
from training.learning.loop import learn
from training.metrics.ranking import auroc
from training.progress import Progress
from training.tensors import Tensors, calibration_frames
from training.terms import entry_for, evidence_of, mask_from, tried_with, ways, with_head, worth
from training.unquantized import Unquantized

# The distance stands beside the network here, and must not cost what a bank does: as much as the network.
_KINDS = tuple(kind for kind in WITHOUT_DEFECTS if kind[0] in (GAUSSIAN, POSITION))
_MOST_DRAWN, _DRAWN_A_PICTURE = 256, 2
_LOST_POINTS = 0.5
# What one of 256 x 256 takes in an epoch on two cores that have nothing else to do.
_SECONDS_A_PICTURE = 0.04
# Steps that a network needs, as far as its pictures may be shown again and again.
_STEPS, _EPOCHS = 2000, (24, 120)
_USUAL_AREA = 256 * 256


@dataclass(frozen=True, slots=True)
class Teaching:
    """`held_out`: what is kept from learning; `checkpoint`: where a stopped run goes on."""

    held_out: DataSet
    part: Part
    checkpoint: Checkpoint


def learned(ground: Ground, teaching: Teaching) -> Contest:
    """Teach, quantize and fit.

    Raises:
        BadData: the checkpoint is of other pictures or settings.
        RefusedForSafety: the quantized network says nothing.
    """
    data, tensors, progress = ground.data, ground.tensors, ground.progress
    sides = _Sides.of(data, teaching.held_out)
    training, validation = tensors.only(sides.taught), tensors.only(sides.held_out)
    course = _course(ground, teaching)
    spec, seed = ground.config.declared.train, ground.config.seed
    config = learn_config(spec, ground.inputs, teaching.part, len(course.train), seed)
    result = learn(course, config, progress, teaching.checkpoint)
    plain = export_network(result.module, ground.inputs.size, result.names)
    network = quantize(plain, _frames(training))
    scoring = _Scoring(sides, data.defects, seed)
    all_of_one_fold = (0,) * len(tensors.plain)
    features = features_of(network, tensors, all_of_one_fold, "INT8 features", progress)
    tried = scoring.tried(features)

    def unquantized(best: CrossFit, wanted: bool) -> tuple[float | None, Unquantized | None]:
        fp32 = features_of(plain, tensors, all_of_one_fold, "fp32 features, for comparison", progress)
        twin, own = next(one for one in scoring.of_kind(best.candidate, fp32) if one[1].candidate == best.candidate)
        reached = auroc(own.good, own.defective)
        _tell_loss(reached, auroc(best.good, best.defective), progress)
        return reached, Unquantized(plain, twin, reference_map(own.good)) if wanted else None

    def fitted(best: CrossFit) -> Fitted:
        return next(own for own, one in tried if one is best)

    shown, found = shown_in(data, features, tensors), [one for _, one in tried]
    return Contest(network, plain, teaching.held_out, validation, found, shown, fitted, unquantized)


def _course(ground: Ground, teaching: Teaching) -> Course:
    """All that is taught: what the pictures tell, and defects that are drawn or pasted into good ones."""
    data, inputs, classes = ground.data, ground.inputs, ground.data.defects
    kept = {picture.name for picture in teaching.held_out.pictures}
    good, bad = ([one for one in of if one.name not in kept] for of in (data.good, data.defective))
    examples = [example for picture in (*good, *bad) for example in examples_of(picture, inputs, classes)]
    count, spec = min(_MOST_DRAWN, _DRAWN_A_PICTURE * len(good)), ground.config.declared.synthesize
    drawn = drawn_examples(good, bad, inputs, classes, spec, teaching.part, ground.config.seed, count)
    extra = list(ground.progress.each("drawn defects", drawn, count))
    return Course(examples, classes, "segmentation", extra)


def learn_config(spec: TrainSpec, inputs: Inputs, part: Part, examples: int, seed: int) -> LearnConfig:
    """How to learn: what was asked for, no further than the part's answers allow."""
    usual, (width, height) = LearnConfig(), inputs.size
    fewest, most = _EPOCHS
    epochs = spec.epochs or min(max(round(_STEPS * usual.batch / examples), fewest), most)
    if spec.minutes is not None:
        epoch_s = examples * _SECONDS_A_PICTURE * width * height / _USUAL_AREA
        epochs = max(1, round(60.0 * spec.minutes / epoch_s))
    flip = inputs.augment.flip
    return replace(
        usual,
        seed=seed,
        epochs=epochs,
        mirror_x=flip,
        mirror_y=flip and part.rotation == "any",
        # A quarter turn would leave half of an input that is not square.
        quarters=part.rotation in ("quarter", "any") and width == height,
        gain=0.0 if part.light_varies is False else usual.gain,
        gamma=0.0 if part.light_varies is False else usual.gamma,
    )


@dataclass(frozen=True, slots=True)
class _Sides:
    """Places of pictures, good ones first, then defective ones: those that teach and those that are held out.

    `good`: how many of all are good.
    """

    taught: tuple[int, ...]
    held_out: tuple[int, ...]
    good: int

    @classmethod
    def of(cls, data: DataSet, held_out: DataSet) -> _Sides:
        kept = {picture.name for picture in held_out.pictures}
        pictures = (*data.good, *data.defective)
        taught = tuple(index for index, one in enumerate(pictures) if one.name not in kept)
        apart = tuple(index for index, one in enumerate(pictures) if one.name in kept)
        return cls(taught, apart, len(data.good))

    def seen(self, features: FitData, *, good: bool) -> list[Seen]:
        """The held-out features of one sort."""
        whole = (*features.good, *features.defective)
        return [whole[index] for index in self.held_out if (index < self.good) is good]


@dataclass(frozen=True, slots=True)
class _Scoring:
    """Distances fitted on good training pictures, and the ways to join them with the heads."""

    sides: _Sides
    classes: tuple[str, ...]
    seed: int

    def tried(self, features: FitData) -> list[tuple[Fitted, CrossFit]]:
        """All that are tried, the best on validation pictures first."""
        views = DEFAULT.views if DEFAULT.views in features.views else "none"
        found = []
        # Tiles have no position in the picture that a Gaussian could stand for.
        for kind, shape, scaling in (one for one in _KINDS if features.one_view or one[0] != POSITION):
            found += self.of_kind(Candidate(kind, shape, scaling, views, 0.0), features)
        return sorted(found, key=lambda one: worth(one[1]), reverse=True)

    def of_kind(self, candidate: Candidate, features: FitData) -> list[tuple[Fitted, CrossFit]]:
        """One distance, joined in every way."""
        taught = [index for index in self.sides.taught if index < self.sides.good]
        own = [features.good[index] for index in taught]
        own += [view for index in taught for view in features.views[candidate.views][index]]
        fitted = fit(replace(candidate, terms=""), Sample([maps_of(one) for one in own], []), self.seed)
        good = evidence_of(fitted, self.classes, self.sides.seen(features, good=True))
        bad = evidence_of(fitted, self.classes, self.sides.seen(features, good=False))
        marked = [index - self.sides.good for index in self.sides.held_out if index >= self.sides.good]
        limit = mask_from([features.defective[at] for at in marked], [features.masks[at] for at in marked])
        found = []
        for way in ways():
            entry = entry_for(way, self.classes, good, limit)
            result = tried_with(fitted, entry, way, good, bad)
            strides = fitted.candidate.shape.strides
            ready = Fitted(result.candidate, fitted.arrays, with_head(fitted.scorer, entry, strides), entry)
            refuse_constant(result.good, "the INT8 network")
            found.append((ready, result))
        return found


def _frames(training: Tensors) -> list[NDArray[np.uint8]]:
    """Network inputs that set the activation ranges: of good and of defective training pictures."""
    bad = frames_of(training.defective)
    step = max(1, len(bad) // CALIBRATION_PICTURES)
    return [*calibration_frames(training), *bad[::step][:CALIBRATION_PICTURES]]


def _tell_loss(fp32: float, int8: float, progress: Progress) -> None:
    lost = 100.0 * (fp32 - int8)
    if lost > _LOST_POINTS:
        progress.say(
            f"WARNING: INT8 LOSES {lost:.2f} POINTS of AUROC on held-out pictures ({100 * int8:.2f}, fp32 "
            f"{100 * fp32:.2f}); train with more pictures, or with another size"
        )

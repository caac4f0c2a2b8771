"""The way of a network that learns: taught, quantized, and judged on what was kept from it.

taught on training pictures → fp32 → INT8 → features of all pictures → distance from good training pictures
                                                                     → ways to make one score, by validation pictures

Where INT8 loses too much on validation pictures it is repaired (`training.quantization.ladder`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.calibrate import reference_map, refuse_constant
from training.config import CALIBRATION_PICTURES
from training.contest import FP32_NETWORK, INT8_NETWORK, Contest, Ground, features_of, loss_of, shown_in
from training.data.dataset import DataSet
from training.data.part import Part
from training.declared import TrainSpec
from training.errors import RefusedForSafety
from training.export import export_network
from training.features import Inputs, Seen, frames_of
from training.fitting.candidates import DEFAULT, GAUSSIAN, POSITION, WITHOUT_DEFECTS, Candidate
from training.fitting.crossfit import CrossFit
from training.fitting.fit import Fitted, fit
from training.fitting.sample import FitData, Sample, maps_of
from training.learning.checkpoint import Checkpoint
from training.learning.course import Course, LearnConfig, Task
from training.learning.examples import drawn_examples, examples_of
from training.learning.loop import learn
from training.progress import Progress
from training.quantization.ladder import Ladder, Loss, tell_loss
from training.tensors import Tensors, calibration_frames
from training.terms import entry_for, evidence_of, mask_from, ranked, tried_with, ways, with_head
from training.text import Text
from training.tuning import tuned
from training.unquantized import Unquantized

# The distance stands beside heads here, and must not cost what a bank or a fine grid does.
_KINDS = tuple(kind for kind in WITHOUT_DEFECTS if kind[0] in (GAUSSIAN, POSITION) and kind[1].grid_stride == 16)
_MOST_DRAWN, _DRAWN_A_PICTURE = 256, 2
# What one of 256 x 256 takes in an epoch on two cores that have nothing else to do.
_SECONDS_A_PICTURE = 0.04
# Steps that a network needs, as far as its pictures may be shown again and again: where all of a picture is one class,
# it learns as much from fewer (steel strip, 20 epochs of 710 pictures: macro F1 98.9 in fp32).
_STEPS: Mapping[Task, int] = {"segmentation": 3000, "classification": 1200}
_EPOCHS = (24, 120)
_USUAL_AREA = 256 * 256

Tried = tuple[FitData, list[tuple[Fitted, CrossFit]]]


@dataclass(frozen=True, slots=True)
class Teaching:
    """`held_out`: what is kept from learning; `checkpoint`: where a stopped run goes on, None nowhere."""

    held_out: DataSet
    part: Part
    checkpoint: Checkpoint | None


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
    config = learn_config(spec, ground.inputs, teaching.part, course.task, len(course.train), seed)
    result = learn(course, config, progress, teaching.checkpoint)
    plain = export_network(result.module, ground.inputs.size, result.names)
    trial, frames = _Trial(_Scoring(sides, data.defects, seed), plain, tensors, progress), _frames(training)

    def aware() -> bytes:
        return tuned(result, course, config, frames, progress)

    climb = Ladder(plain, frames, validation.frames, trial.lost, aware, progress).climb(spec.quantization)
    features, tried = trial.of(climb.taken.network)

    def unquantized(best: CrossFit, wanted: bool) -> tuple[float | None, Unquantized | None]:
        loss = loss_of(trial.best_exact, best)
        if best is not tried[0][1]:
            tell_loss(loss, progress)
        return loss.fp32, trial.twin(best) if wanted else None

    def fitted(best: CrossFit) -> Fitted:
        return next(own for own, one in tried if one is best)

    shown, found, network = shown_in(data, features, tensors), [one for _, one in tried], climb.taken.network
    drawn = len(course.extra)
    return Contest(network, plain, teaching.held_out, validation, found, shown, fitted, unquantized, drawn, climb)


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


def learn_config(spec: TrainSpec, inputs: Inputs, part: Part, task: Task, examples: int, seed: int) -> LearnConfig:
    """How to learn: what was asked for, no further than the part's answers allow."""
    usual, (width, height) = LearnConfig(), inputs.size
    fewest, most = _EPOCHS
    epochs = spec.epochs or min(max(round(_STEPS[task] * usual.batch / examples), fewest), most)
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
        contrast=0.0 if part.light_varies is False else usual.contrast,
    )


@dataclass(frozen=True, slots=True)
class _Sides:
    """Places of pictures, good ones first, then defective ones: those that teach and those that are held out.

    `good`: how many of all are good; `labels`: of all that are not.
    """

    taught: tuple[int, ...]
    held_out: tuple[int, ...]
    good: int
    labels: tuple[str, ...]

    @classmethod
    def of(cls, data: DataSet, held_out: DataSet) -> _Sides:
        kept = {picture.name for picture in held_out.pictures}
        pictures = (*data.good, *data.defective)
        taught = tuple(index for index, one in enumerate(pictures) if one.name not in kept)
        apart = tuple(index for index, one in enumerate(pictures) if one.name in kept)
        return cls(taught, apart, len(data.good), tuple(picture.label for picture in data.defective))

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

    def tried(self, features: FitData, network: Text = INT8_NETWORK) -> list[tuple[Fitted, CrossFit]]:
        """All that are tried, the best on validation pictures first.

        Raises:
            RefusedForSafety: the network says nothing.
        """
        views = DEFAULT.views if DEFAULT.views in features.views else "none"
        found = []
        # Tiles have no position in the picture that a Gaussian could stand for.
        for kind, shape, scaling in (one for one in _KINDS if features.one_view or one[0] != POSITION):
            found += self.of_kind(Candidate(kind, shape, scaling, views, 0.0), features, network)
        places = {id(one): place for place, one in enumerate(ranked([one for _, one in found]))}
        return sorted(found, key=lambda pair: places[id(pair[1])])

    def of_kind(self, candidate: Candidate, features: FitData, network: Text) -> list[tuple[Fitted, CrossFit]]:
        """One distance, joined in every way."""
        taught = [index for index in self.sides.taught if index < self.sides.good]
        own = [features.good[index] for index in taught]
        own += [view for index in taught for view in features.views[candidate.views][index]]
        fitted = fit(replace(candidate, terms=""), Sample([maps_of(one) for one in own], []), self.seed)
        good = evidence_of(fitted, self.classes, self.sides.seen(features, good=True))
        bad = evidence_of(fitted, self.classes, self.sides.seen(features, good=False))
        marked = [index - self.sides.good for index in self.sides.held_out if index >= self.sides.good]
        limit = mask_from(
            [features.defective[at] for at in marked],
            [features.masks[at] for at in marked],
            [self.sides.labels[at] for at in marked],
        )
        found = []
        for way in ways():
            entry = entry_for(way, self.classes, good, limit)
            result = tried_with(fitted, entry, way, good, bad)
            strides = fitted.candidate.shape.strides
            ready = Fitted(result.candidate, fitted.arrays, with_head(fitted.scorer, entry, strides), entry)
            refuse_constant(result.good, network)
            found.append((ready, result))
        return found


class _Trial:
    """What networks reach on validation pictures, each with scorers fitted to its own features, beside fp32."""

    def __init__(self, scoring: _Scoring, plain: bytes, tensors: Tensors, progress: Progress) -> None:
        self._scoring, self._plain, self._tensors, self._progress = scoring, plain, tensors, progress
        self._exact = self._features(plain, "fp32 features, for comparison")
        self.best_exact = scoring.tried(self._exact, FP32_NETWORK)[0][1]
        # Of one network: those of a large data set fill the disk.
        self._kept: tuple[bytes, Tried] | None = None

    def of(self, network: bytes) -> Tried:
        """Features of all pictures, and what was tried on them, the best first.

        Raises:
            RefusedForSafety: the network says nothing.
        """
        if self._kept is None or self._kept[0] != network:
            self._kept = None
            features = self._features(network, "INT8 features")
            self._kept = network, (features, self._scoring.tried(features))
        return self._kept[1]

    def lost(self, network: bytes) -> Loss:
        """One that says nothing is worth a guess, and may be repaired."""
        try:
            return loss_of(self.best_exact, self.of(network)[1][0][1])
        except RefusedForSafety as error:
            self._progress.say(f"{error.reason.en}: it ranks nothing")
            return replace(loss_of(self.best_exact, self.best_exact), int8=0.5, error=None)

    def twin(self, best: CrossFit) -> Unquantized:
        """What fp32 has in the place of a scorer."""
        found = self._scoring.of_kind(best.candidate, self._exact, FP32_NETWORK)
        fitted, own = next(one for one in found if one[1].candidate == best.candidate)
        return Unquantized(self._plain, fitted, reference_map(own.good))

    def _features(self, network: bytes, step: str) -> FitData:
        return features_of(network, self._tensors, (0,) * len(self._tensors.plain), step, self._progress)


def _frames(training: Tensors) -> list[NDArray[np.uint8]]:
    """Network inputs that set the activation ranges: of good and of defective training pictures."""
    bad = frames_of(training.defective)
    step = max(1, len(bad) // CALIBRATION_PICTURES)
    return [*calibration_frames(training), *bad[::step][:CALIBRATION_PICTURES]]

"""Points of a network that is taught: what `okng train` does with so many defective pictures, each a whole training."""

from __future__ import annotations

from dataclasses import dataclass, replace

from training.contest import Ground
from training.curve.points import Drawn, Point
from training.curve.stage import Stage
from training.data.dataset import DataSet
from training.declared import Asked
from training.errors import BadData
from training.gate import of_reference
from training.learned import Teaching, learned
from training.learning.checkpoint import Checkpoint
from training.modes import choose_mode
from training.splits.parted import Parted, only
from training.validation import held_out_of


@dataclass(frozen=True, slots=True)
class Lesson:
    """What may be seen at one point, and what of it is kept from the network."""

    parted: Parted[DataSet]
    held_out: DataSet


def lesson_of(parted: Parted[DataSet], drawn: Drawn, mode: Asked, seed: int) -> Lesson | None:
    """None where `okng train` would not teach a network, or could not: too few defective pictures, or none marked."""
    data = parted.seen
    names = {one.name for one in data.good} | {data.defective[index].name for index in drawn.chosen}
    own = replace(parted, seen=only(data, frozenset(names)))
    try:
        if not choose_mode(mode, own.seen).learns:
            return None
        return Lesson(own, held_out_of(own, seed)[0])
    except BadData:
        return None


def taught_point(stage: Stage, lesson: Lesson, drawn: Drawn, checkpoint: Checkpoint | None) -> Point:
    """Teach, quantize, fit and set limits with what the lesson shows, then judge the test pictures.

    Raises:
        BadData: the checkpoint cannot be used.
        RefusedForSafety: the quantized network says nothing.
    """
    whole, good = stage.ground, len(stage.ground.data.good)
    whole.progress.say(f"{drawn.count} defective pictures, repeat {drawn.repeat + 1}: a network is taught")
    config = replace(whole.config, seed=whole.config.seed + drawn.repeat)
    tensors = whole.tensors.only([*range(good), *(good + index for index in drawn.chosen)])
    ground = Ground(lesson.parted.seen, tensors, whole.inputs, config, whole.progress)
    contest = learned(ground, Teaching(lesson.held_out, stage.part, checkpoint))
    best = contest.tried[0]
    calibration = of_reference(contest.names, best)
    return stage.judged(drawn, contest.fitted(best), stage.test_features(contest.network), calibration)

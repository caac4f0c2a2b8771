"""Trains with more and more defective pictures and judges the same unseen test pictures each time.

Each point goes the way that is asked for: over the frozen network, which takes seconds, or by teaching one where `okng
train` would teach it from so many defective pictures. Limits are set as in a training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.picture_file import whole_size
from training.config import TrainConfig
from training.curve.frozen_way import FrozenWay
from training.curve.points import Drawn, Kept, Point, counts_of, nested
from training.curve.stage import Stage, stage_of
from training.curve.taught_way import Lesson, lesson_of, taught_point
from training.data.cache import Store
from training.data.dataset import DataSet, Picture, open_dataset
from training.errors import BadData
from training.modes import choose_mode
from training.progress import Progress
from training.splits.parted import Parted, part_dataset


@dataclass(frozen=True, slots=True)
class Asked:
    """`counts`: of defective pictures, None means all; `place`: where points are kept, None nowhere."""

    root: Path
    split: str
    config: TrainConfig
    counts: tuple[int | None, ...]
    repeats: int
    place: Path | None


@dataclass(frozen=True, slots=True)
class Measured:
    """`points` of each count, a repeat each; `test`: the pictures judged, by name. `taken`: how many were there."""

    points: dict[int, list[Point]]
    test: dict[str, Picture]
    good: int
    notes: tuple[str, ...]
    taken: int


def measure(asked: Asked, progress: Progress, store: Store) -> Measured:
    """Every point that is not kept from before; a killed run goes on where it was.

    Raises:
        TrainingError: the data, its split or the mode cannot be used, or there is nothing to compare.
    """
    threadpool_limits(limits=1, user_api="blas")  # as in a training
    parted = part_dataset(open_dataset(asked.root, one_size=False, size_of=whole_size), asked.split)
    data, mode = parted.seen, asked.config.declared.train.mode
    if not data.defective or not parted.test.good or not parted.test.defective:
        raise BadData(
            "a learning curve needs defective pictures to train on, and good and defective ones to test; "
            "add some, or split otherwise"
        )
    if mode == "good":
        raise BadData("in mode good no defective picture teaches anything; ask for another one with --mode")
    progress.say(choose_mode(mode, data).text_en)
    said = {"seen": data.sha256(), "test": parted.test.sha256(), "config": asked.config.sha256()}
    said["validation"] = "\n".join(sorted(parted.validation))
    kept, trainer = Kept(asked.place, said), _Trainer(parted, asked.config, progress, store)
    found: dict[int, list[Point]] = {}
    taken = 0
    for drawn in _drawn(asked, data):
        point = kept.get(drawn.count, drawn.repeat)
        taken += point is not None
        if point is None:
            point = trainer.point(drawn, kept)
            kept = _put(kept, point, progress)
        found.setdefault(drawn.count, []).append(point)
    test = {picture.name: picture for picture in parted.test.pictures}
    return Measured(found, test, len(data.good), parted.notes, taken)


def _drawn(asked: Asked, data: DataSet) -> Iterator[Drawn]:
    for count in counts_of(asked.counts, len(data.defective)):
        for repeat in range(asked.repeats):
            yield Drawn(count, repeat, tuple(sorted(nested(data.defective, repeat)[:count])))


class _Trainer:
    """Reads pictures and makes features only where a point needs them."""

    def __init__(self, parted: Parted[DataSet], config: TrainConfig, progress: Progress, store: Store) -> None:
        self._parted, self._config, self._progress, self._store = parted, config, progress, store
        self._stage: Stage | None = None
        self._frozen: FrozenWay | None = None

    def point(self, drawn: Drawn, kept: Kept) -> Point:
        lesson = self._lesson(drawn)
        self._stage = self._stage or stage_of(self._parted, self._config, self._progress, self._store)
        if lesson is not None:
            return taught_point(self._stage, lesson, drawn, kept.checkpoint(drawn.count, drawn.repeat))
        self._frozen = self._frozen or FrozenWay(self._stage)
        return self._frozen.point(drawn)

    def _lesson(self, drawn: Drawn) -> Lesson | None:
        mode, seed = self._config.declared.train.mode, self._config.seed + drawn.repeat
        return lesson_of(self._parted, drawn, mode, seed)


def _put(kept: Kept, point: Point, progress: Progress) -> Kept:
    """The same, or one that keeps nothing where the disk takes nothing: a point that was trained is not lost."""
    try:
        kept.put(point)
        return kept
    except OSError as error:
        progress.say(f"points cannot be kept ({error.strerror}); this run goes on, but could not be resumed")
        return Kept(None, {})

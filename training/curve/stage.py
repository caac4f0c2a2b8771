"""What every point of a learning curve stands on: pictures that may be seen, and the same unseen ones that judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from models.runtimes.choose import REFERENCE
from training.calibrate import scores_in_unit
from training.config import TrainConfig
from training.contest import Ground
from training.curve.points import Drawn, Point
from training.data.cache import Store
from training.data.dataset import DataSet, listed
from training.data.part import Part, limited, read_part
from training.data.pictures import Pictures, room_for_whole
from training.features import Extractor, Inputs, Seen, Shot, frames_of, grouped
from training.fitting.crossfit import CrossFit
from training.fitting.fit import Fitted
from training.framing import geometry_for, settle
from training.gate import Calibration
from training.progress import Progress
from training.sights import Sights
from training.splits.parted import Parted
from training.tensors import read_tensors, worth_keeping


@dataclass(frozen=True, slots=True)
class Stage:
    """`ground`: all pictures that may be seen; `test`: those that judge and show the part, `names` theirs."""

    parted: Parted[DataSet]
    part: Part
    ground: Ground
    test: list[Shot]
    names: tuple[str, ...]

    def test_features(self, network: bytes) -> Iterator[Seen]:
        """What a network on the reference runtime makes of each test picture."""
        extract, frames = Extractor(network, REFERENCE, threads=2), frames_of(self.test)
        try:
            maps = self.ground.progress.each("INT8 features of test pictures", extract(frames), len(frames))
            yield from grouped(maps, self.test)
        finally:
            extract.close()

    def judged(self, drawn: Drawn, fitted: Fitted, seen: Iterable[Seen], calibration: Calibration) -> Point:
        """The point of a scorer to ship and of the limits that came with it."""
        shipped = CrossFit(fitted.candidate, (fitted.scorer,), (0,) * len(self.test), np.zeros(0), np.zeros(0))
        raws = np.array([shipped.held_out(index, one) for index, one in enumerate(seen)])
        scores = scores_in_unit({REFERENCE: raws}, calibration.maps)[REFERENCE]
        limits = calibration.limits
        return Point(
            drawn.count,
            drawn.repeat,
            str(fitted.candidate),
            self.names,
            tuple(scores.tolist()),
            limits.ok_below,
            limits.ng_from,
            fitted.head is not None,
        )


def stage_of(parted: Parted[DataSet], config: TrainConfig, progress: Progress, store: Store) -> Stage:
    """Read every picture once.

    Raises:
        TrainingError: a picture cannot be used.
    """
    data, test, part = parted.seen, parted.test, read_part(parted.seen.root)
    pictures = Pictures(store, worth_keeping(data, room_for_whole(store, data.size)))
    settled = settle(config.geometry, data, pictures.read)
    geometry = geometry_for(settled, config.input_size(data.size))
    inputs = Inputs(Sights(geometry, data, None, pictures, store), limited(config.declared.augment, part))
    tensors = read_tensors(data, inputs, config.seed, progress)
    inputs.sights.prepare(replace(test, empty=()), progress)
    shots = [(picture.name, inputs.of(picture)) for picture in test.pictures]
    known = [(name, one[0]) for name, one in shots if one is not None]
    if len(known) < len(shots):
        lost = [name for name, one in shots if one is None]
        progress.say(f"in {len(lost)} test pictures the part is not found; they are left out: {listed(lost)}")
    ground = Ground(data, tensors, inputs, config, progress)
    return Stage(parted, part, ground, [shot for _, shot in known], tuple(name for name, _ in known))

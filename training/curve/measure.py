"""Trains with more and more defective pictures and judges the same unseen test pictures each time.

Features come through the INT8 network once, those of test pictures, too: a point costs what fitting a scorer costs. Two
scorers compete at each point, that of good parts alone and the same with shown defects, by cross-fitting as in a
training; limits are set as there. The network is quantized on good pictures alone, so that no point knows more defects
than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.picture_file import whole_size
from models.runtimes.choose import REFERENCE
from training.calibrate import scores_in_unit
from training.config import TrainConfig
from training.contest import features_of
from training.curve.points import Kept, Point, counts_of, nested
from training.data.cache import Store
from training.data.dataset import DataSet, Picture, listed, open_dataset
from training.data.part import limited, read_part
from training.data.pictures import Pictures, room_for_whole
from training.data.split import folds_by_group
from training.errors import BadData
from training.export import export_trunk, quantize
from training.features import ALL_STRIDES, Extractor, Inputs, Seen, frames_of, grouped
from training.fitting.candidates import DEFAULT, Candidate
from training.fitting.choose import merit
from training.fitting.crossfit import CrossFit, cross_fit
from training.fitting.sample import FitData
from training.fitting.taught import fit_taught
from training.framing import geometry_for, settle
from training.frozen import folds_of
from training.gate import of_reference
from training.progress import Progress
from training.sights import Sights
from training.splits.parted import Parted, part_dataset
from training.tensors import calibration_frames, read_tensors, worth_keeping


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


@dataclass(frozen=True, slots=True)
class _Features:
    """Of all that may be seen, and of the test pictures in which the part was found."""

    seen: FitData
    test: list[Seen]
    names: tuple[str, ...]


def measure(asked: Asked, progress: Progress, store: Store) -> Measured:
    """Every point that is not kept from before; a killed run goes on where it was.

    Raises:
        TrainingError: the data or its split cannot be used, or there is nothing to compare.
    """
    parted = part_dataset(open_dataset(asked.root, one_size=False, size_of=whole_size), asked.split)
    data = parted.seen
    if not data.defective or not parted.test.good or not parted.test.defective:
        raise BadData(
            "a learning curve needs defective pictures to train on, and good and defective ones to test; "
            "add some, or split otherwise"
        )
    said = {"seen": data.sha256(), "test": parted.test.sha256(), "config": asked.config.sha256()}
    kept, features = Kept(asked.place, said), None
    found: dict[int, list[Point]] = {}
    taken = 0
    for count in counts_of(asked.counts, len(data.defective)):
        for repeat in range(asked.repeats):
            point = kept.get(count, repeat)
            taken += point is not None
            if point is None:
                features = features or _features(parted, asked.config, progress, store)
                point = _point(features, data, count, repeat, asked.config.seed, progress)
                kept = _put(kept, point, progress)
            found.setdefault(count, []).append(point)
    test = {picture.name: picture for picture in parted.test.pictures}
    return Measured(found, test, len(data.good), parted.notes, taken)


def _put(kept: Kept, point: Point, progress: Progress) -> Kept:
    """The same, or one that keeps nothing where the disk takes nothing: a point that was trained is not lost."""
    try:
        kept.put(point)
        return kept
    except OSError as error:
        progress.say(f"points cannot be kept ({error.strerror}); this run goes on, but could not be resumed")
        return Kept(None, {})


def _features(parted: Parted[DataSet], config: TrainConfig, progress: Progress, store: Store) -> _Features:
    data, test = parted.seen, parted.test
    pictures = Pictures(store, worth_keeping(data, room_for_whole(store, data.size)))
    settled = settle(config.geometry, data, pictures.read)
    geometry = geometry_for(settled, config.input_size(data.size))
    inputs = Inputs(
        Sights(geometry, data, None, pictures, store), limited(config.declared.augment, read_part(data.root))
    )
    tensors = read_tensors(data, inputs, config.seed, progress)
    frames = calibration_frames(tensors)
    network = quantize(export_trunk(inputs.size, ALL_STRIDES, config.backbone, frames), frames)
    seen = features_of(network, tensors, folds_of(data, config.seed), "INT8 features", progress)
    inputs.sights.prepare(replace(test, empty=()), progress)
    shots = [(picture.name, inputs.of(picture)) for picture in test.pictures]
    known = [(name, one[0]) for name, one in shots if one is not None]
    if len(known) < len(shots):
        lost = [name for name, one in shots if one is None]
        progress.say(f"in {len(lost)} test pictures the part is not found; they are left out: {listed(lost)}")
    own = [shot for _, shot in known]
    extract = Extractor(network, REFERENCE, threads=2)
    try:
        maps = progress.each("INT8 features of test pictures", extract(frames_of(own)), len(frames_of(own)))
        return _Features(seen, list(grouped(maps, own)), tuple(name for name, _ in known))
    finally:
        extract.close()


def _point(features: _Features, data: DataSet, count: int, repeat: int, seed: int, progress: Progress) -> Point:
    chosen = sorted(nested(data.defective, repeat)[:count])
    part = _only(features.seen, data, chosen, seed)
    work = (_best(part, seed + repeat) for _ in range(1))
    (best,) = progress.each(f"{count} defective pictures, repeat {repeat + 1}", work, 1)
    fitted = fit_taught(best.candidate, part, seed + repeat)
    calibration = of_reference([str(index) for index in range(len(part.fold_of))], best)
    shipped = CrossFit(best.candidate, (fitted.scorer,), (0,) * len(features.test), np.zeros(0), np.zeros(0))
    raws = np.array([shipped.held_out(index, one) for index, one in enumerate(features.test)])
    scores = scores_in_unit({REFERENCE: raws}, calibration.maps)[REFERENCE]
    limits = calibration.limits
    return Point(
        count, repeat, str(best.candidate), features.names, tuple(scores.tolist()), limits.ok_below, limits.ng_from
    )


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

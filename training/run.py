"""One training run, top to bottom: pictures → INT8 network → scorer → limits → parity gate → package.

Quantize first: the network is quantized before anything is fitted, and every feature that a scorer, limit or prototype
rests on comes through the INT8 network on the reference runtime, by the code of `models/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from models.decision import Limits, Scores
from models.manifest import ClassEntry, Manifest, ScoreMap, TrainingEntry
from models.package import write_package
from models.quality import measure
from models.runtimes.choose import REFERENCE, installed_runtimes
from models.scorers import calibrated
from training.assemble import Ingredients, assemble
from training.calibrate import (
    RawLimits,
    Raws,
    limits_in_unit,
    map_through_line,
    raw_limits,
    reference_map,
    refuse_constant,
    scores_in_unit,
)
from training.config import TrainConfig
from training.data.catalogue import build_catalogue
from training.data.dataset import DataSet, open_dataset
from training.data.split import folds_by_group
from training.errors import RefusedForSafety
from training.export import export_trunk, keep_outputs, quantize
from training.features import ALL_STRIDES, Extractor, Inputs
from training.fit import DEFAULT, Candidate, CrossFit, FitData, Fitted, auroc, choose, cross_fit, fit, select
from training.golden import Golden, choose_golden, tolerance_of
from training.parity import Parity, compare, refuse_disparity
from training.progress import Progress
from training.prototypes import Prototypes, build_prototypes, defect_region, vector_of
from training.tensors import Tensor, Tensors, calibration_frames, read_tensors

_TOOLS = ("torch", "onnx", "onnxruntime", "openvino", "numpy", "opencv-python-headless")
_GATE_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be trained and what the package is to be called; `created` is "YYYY-MM-DDThh:mm:ssZ"."""

    root: Path
    package: Path
    config: TrainConfig
    id: str
    version: str
    created: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """Held-out scores of every runtime in the unit [0, 1] (good first, then defective), maps, limits and parity."""

    raws: dict[str, Raws]
    scores: dict[str, Raws]
    maps: dict[str, ScoreMap]
    raw_limits: RawLimits
    limits: Limits
    parity: tuple[Parity, ...]


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """Everything a report tells of a finished run."""

    request: Request
    data: DataSet
    manifest: Manifest
    package_bytes: int
    crossfit: CrossFit
    tried: tuple[CrossFit, ...]
    calibration: Calibration
    prototypes: Prototypes | None
    fp32_auroc: float | None
    network_bytes: tuple[int, int]


def train(request: Request, progress: Progress) -> TrainingRun:
    """Train, gate and write one package.

    Raises:
        TrainingError: the data, a missing file, or a gate stopped the run; no package was written.
    """
    config = request.config
    data = open_dataset(request.root)
    catalogue = build_catalogue(request.root, data.defects)
    inputs = Inputs(config.geometry(), config.input_size(data.size))
    tensors = read_tensors(data, inputs, config.seed, progress)
    plain = export_trunk(inputs.size, ALL_STRIDES)
    network = quantize(plain, calibration_frames(tensors))
    features = _features(network, tensors, _folds(data, config.seed), "INT8 features", progress)
    tried = _choose(features, config.seed, progress)
    best, calibration = _first_through_the_gate(data, tensors, network, tried, progress)
    fitted = fit(best.candidate, features.sample(best.candidate.views), config.seed)
    prototypes = _prototypes(data, features, fitted, calibration, catalogue)
    shipped = keep_outputs(network, best.candidate.shape.strides)
    golden = _golden(tensors, shipped, fitted, calibration)
    manifest, files = assemble(
        Ingredients(
            id=request.id,
            version=request.version,
            created=request.created,
            config=config,
            input_size=inputs.size,
            catalogue=catalogue,
            network=shipped,
            fitted=fitted,
            prototypes=prototypes,
            calibration=[(float(s), p.group) for s, p in zip(best.good, data.good, strict=True)],
            maps=calibration.maps,
            limits=calibration.limits,
            golden=golden,
            good_pictures=[measure(tensor) for tensor in tensors.good],
            training=_origin(data, config),
        )
    )
    fp32 = _fp32_auroc(plain, tensors, best, config.seed, progress)
    write_package(request.package, manifest, files)
    size = request.package.stat().st_size
    networks = (len(plain), len(shipped))
    return TrainingRun(request, data, manifest, size, best, tuple(tried), calibration, prototypes, fp32, networks)


def _folds(data: DataSet, seed: int) -> tuple[int, ...]:
    """Folds of good, then of defective pictures, by group; each kind is spread over all folds.

    Good pictures that are all of one group are split one by one: the report says what that is worth.
    """
    good = folds_by_group([picture.name if data.one_group else picture.group for picture in data.good], seed)
    defective = folds_by_group([picture.group for picture in data.defective], seed)
    return (*good, *defective)


def _features(network: bytes, tensors: Tensors, fold_of: tuple[int, ...], step: str, progress: Progress) -> FitData:
    extract = Extractor(network, REFERENCE, threads=2)
    try:
        plain = [*tensors.good, *tensors.defective]
        maps = list(progress.each(step, extract(plain), len(plain)))
        views = {kind: [list(extract(own)) for own in per_picture] for kind, per_picture in tensors.views.items()}
    finally:
        extract.close()
    count = len(tensors.good)
    return FitData(maps[:count], views, maps[count:], tensors.masks, fold_of)


def _choose(features: FitData, seed: int, progress: Progress) -> list[CrossFit]:
    """All scorers tried, the best first; without defective pictures only the default one."""
    views = [kind for kind in ("turned", "shifted", "none") if kind in features.views]

    def try_one(candidate: Candidate) -> CrossFit:
        work = (cross_fit(candidate, features, seed) for _ in range(1))
        (result,) = progress.each(f"held-out scores, {candidate}", work, 1)
        refuse_constant(result.good, "the INT8 network")
        return result

    if features.defective:
        return choose(try_one, views, features.can_know)
    return [try_one(replace(DEFAULT, views=DEFAULT.views if DEFAULT.views in views else "none"))]


def _first_through_the_gate(
    data: DataSet, tensors: Tensors, network: bytes, tried: list[CrossFit], progress: Progress
) -> tuple[CrossFit, Calibration]:
    """The best scorer that every runtime agrees on; a scorer can magnify what two runtimes round differently.

    Raises:
        RefusedForSafety: none of the best few passes; what stopped the best one.
    """
    refusals: list[RefusedForSafety] = []
    for candidate in tried[:_GATE_ATTEMPTS]:
        try:
            return candidate, _calibrate(data, tensors, network, candidate, len(tried), progress)
        except RefusedForSafety as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _calibrate(
    data: DataSet,
    tensors: Tensors,
    network: bytes,
    best: CrossFit,
    scorers: int,
    progress: Progress,
) -> Calibration:
    """Maps of all runtimes from the same held-out pictures, limits, and the parity gate."""
    reference = np.concatenate([best.good, best.defective])
    raws = {REFERENCE: reference}
    plain = [*tensors.good, *tensors.defective]
    for name in installed_runtimes():
        if name != REFERENCE:
            extract = Extractor(network, name, threads=2)
            maps = progress.each(f"parity on {name}", extract(plain), len(plain))
            raws[name] = np.array([best.held_out(index, own) for index, own in enumerate(maps)])
            extract.close()
    for name, own in raws.items():
        refuse_constant(own, f"the INT8 network on {name}")
    first = reference_map(best.good)
    maps_of = {
        name: first if name == REFERENCE else map_through_line(first, own, reference) for name, own in raws.items()
    }
    raw = raw_limits(best.good, best.defective, scorers)
    limits = limits_in_unit(raw, first)
    scores = scores_in_unit(raws, maps_of)
    names = [picture.name for picture in (*data.good, *data.defective)]
    parity = tuple(
        compare(name, names, scores[REFERENCE], own, limits) for name, own in scores.items() if name != REFERENCE
    )
    for one in parity:
        refuse_disparity(one)
    return Calibration(raws, scores, maps_of, raw, limits, parity)


def _prototypes(
    data: DataSet,
    features: FitData,
    fitted: Fitted,
    calibration: Calibration,
    catalogue: Sequence[ClassEntry],
) -> Prototypes | None:
    codes = {row.label: row.code for row in catalogue}
    vectors = []
    for maps, mask in zip(features.defective, features.masks, strict=True):
        raw = fitted.scorer(select(maps, fitted.candidate.shape.strides))
        scores = calibrated(raw, calibration.maps[REFERENCE])
        vectors.append(vector_of(defect_region(scores, calibration.limits.ok_below, mask), raw))
    return build_prototypes(vectors, [codes[picture.label] for picture in data.defective])


def _golden(tensors: Tensors, network: bytes, fitted: Fitted, calibration: Calibration) -> Golden:
    extractors = {name: Extractor(network, name, threads=1) for name in calibration.maps}

    def judge(name: str, tensor: Tensor) -> Scores:
        (maps,) = extractors[name]([tensor])
        return calibrated(fitted.scorer(maps), calibration.maps[name])

    judges = {name: partial(judge, name) for name in extractors}
    good = calibration.scores[REFERENCE][: len(tensors.good)]
    try:
        return choose_golden(tensors.good, tensors.defective, judges, calibration.limits, tolerance_of(good))
    finally:
        for extractor in extractors.values():
            extractor.close()


def _fp32_auroc(plain: bytes, tensors: Tensors, best: CrossFit, seed: int, progress: Progress) -> float | None:
    """What the unquantized network would reach with the same scorer on the same held-out pictures."""
    if not tensors.defective:
        return None
    kind = best.candidate.views
    only = replace(tensors, views={kind: tensors.views[kind], "none": tensors.views["none"]})
    features = _features(plain, only, best.fold_of, "fp32 features, for comparison", progress)
    result = cross_fit(best.candidate, features, seed)
    return auroc(result.good, result.defective)


def _origin(data: DataSet, config: TrainConfig) -> TrainingEntry:
    return TrainingEntry(
        data_sha256=data.sha256(),
        config_sha256=config.sha256(),
        seed=config.seed,
        good_pictures=len(data.good),
        defective_pictures=len(data.defective),
        tools={name: version(name) for name in _TOOLS},
    )

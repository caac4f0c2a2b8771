"""One training run, top to bottom: pictures → INT8 network → scorer → limits → parity gate → package.

Quantize first: the network is quantized before anything is fitted, and every feature that a scorer, limit or prototype
rests on comes through the INT8 network on the reference runtime, by the code of `models/`. `train`, and with
it this file, is longer than others so that the order of steps can be read in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from models.decision import Scores
from models.manifest import ClassEntry, Manifest, ScoreMap, TrainingEntry
from models.package import write_package
from models.picture_file import whole_size
from models.runtimes.choose import REFERENCE, installed_runtimes
from models.scorers import calibrated, score_views
from training import litert
from training.artefacts import REFERENCE_FORM, Bench, Further, Offer, Trial, find_further, may_convert
from training.assemble import Ingredients, assemble
from training.calibrate import Raws, reference_map, refuse_constant
from training.config import TrainConfig
from training.data.cache import Store
from training.data.catalogue import build_catalogue
from training.data.dataset import DataSet, open_dataset
from training.data.part import limited, read_part, told
from training.data.pictures import Pictures, room_for_whole
from training.data.split import folds_by_group
from training.errors import NotThere
from training.export import export_trunk, keep_outputs, quantize
from training.features import ALL_STRIDES, Extractor, Features, Inputs, frames_of, grouped
from training.fitting.candidates import DEFAULT, Candidate
from training.fitting.choose import choose, choose_without_defects
from training.fitting.crossfit import CrossFit, cross_fit
from training.fitting.fit import Fitted, fit
from training.fitting.sample import FitData, Mask, select
from training.framing import geometry_for, settle
from training.gate import Calibration, first_through_the_gate
from training.golden import Frame
from training.held_out import calibration_entry
from training.metrics.ranking import auroc
from training.presence import Lesson, looked_at, teach_presence
from training.progress import Progress
from training.prototypes import Prototypes, build_prototypes, defect_region, vector_of
from training.rehearsal import rehearse
from training.rehearsal import told as told_of_rehearsal
from training.scratch import Scratch
from training.self_test import Exam, choose_self_test
from training.sights import Sights
from training.splits.parted import Parted, part_dataset
from training.splits.unseen import PICTURES, Unseen, judge_unseen
from training.tensors import Tensors, calibration_frames, read_tensors, worth_keeping
from training.unquantized import Unquantized, write_unquantized

_TOOLS = ("torch", "onnx", "onnxruntime", "openvino", "numpy", "opencv-python-headless")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be trained and what the package is to be called; `created` is "YYYY-MM-DDThh:mm:ssZ".

    `split`: a name under DATA/splits or a file; None: training may see all but the regression set. `accept_escapes`:
    why a package may be written that misses some of that set. `fp32`: where to write the same package without
    quantization, for comparison.
    """

    root: Path
    package: Path
    config: TrainConfig
    id: str
    version: str
    created: str
    split: str | None = None
    accept_escapes: str = ""
    fp32: Path | None = None


@dataclass(frozen=True, slots=True)
class Networks:
    """Every network file that was tried, the reference's own runtimes first, what was left out, and fp32."""

    trials: tuple[Trial, ...]
    left_out: tuple[str, ...]
    fp32_bytes: int
    fp32_ms: float


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
    networks: Networks
    presence: Lesson
    pictures: Pictures
    unseen: Unseen


def nothing_to_tell(_data: DataSet, _tensors: Tensors) -> tuple[str, ...]:
    """What is said of data that nobody looks over."""
    return ()


def train(
    request: Request,
    progress: Progress,
    store: Store,
    look_over: Callable[[DataSet, Tensors], Iterable[str]] = nothing_to_tell,
) -> TrainingRun:
    """Train, gate and write one package; `store` keeps what is made of the pictures.

    What `look_over` says of the data is told before the long part begins.

    Raises:
        TrainingError: the data, a missing file, or a gate stopped the run; no package was written.
    """
    config = request.config
    check_runtimes(config)
    parted = part_dataset(open_dataset(request.root, one_size=False, size_of=whole_size), request.split)
    data = parted.seen
    catalogue = build_catalogue(request.root, data.defects)
    pictures = Pictures(store, worth_keeping(data, room_for_whole(store, data.size)))
    settled = settle(config.geometry, data, pictures.read)
    part = read_part(data.root)
    augment = limited(config.declared.augment, part)
    progress.say(told(part, augment))
    geometry = geometry_for(settled, config.input_size(data.size))
    inputs = Inputs(Sights(geometry, data, looked_at(data, config), pictures, store), augment)
    tensors = read_tensors(data, inputs, config.seed, progress)
    progress.say_all(look_over(data, tensors))
    presence = teach_presence(data, config, progress, inputs.sights.around)
    plain = export_trunk(inputs.size, ALL_STRIDES)
    network = quantize(plain, calibration_frames(tensors))
    features = features_of(network, tensors, folds_of(data, config.seed), "INT8 features", progress)
    features = rehearse(features, network, data, inputs, config)
    tried = _choose(features, config.seed, progress)
    names = [picture.name for picture in (*data.good, *data.defective)]
    best, calibration = first_through_the_gate(names, tensors, network, tried, onnx_runtimes(config), progress)
    fitted = fit(best.candidate, features.sample(best.candidate.views), config.seed)
    prototypes = _prototypes(data, features, tensors.map_masks, fitted, calibration, catalogue)
    strides = best.candidate.shape.strides
    reference = Offer(REFERENCE, "onnx", REFERENCE_FORM, keep_outputs(network, strides))

    def raws(maps: Iterable[Features]) -> Raws:
        return best.scores(grouped(maps, tensors.plain))

    bench = Bench(tensors.frames, strides, raws, len(tensors.good), calibration, progress)
    found = find_further(reference.content, bench, config, inputs.size)
    golden, further = choose_self_test(reference, found, _exam(fitted, tensors), bench)
    calibration = further.calibration(calibration)
    manifest, files = assemble(
        Ingredients(
            id=request.id,
            version=request.version,
            created=request.created,
            input_size=inputs.size,
            catalogue=catalogue,
            networks=(reference, *further.shipped),
            fitted=fitted,
            prototypes=prototypes,
            calibration=calibration_entry(data, calibration, len(tried)),
            maps=calibration.maps,
            limits=calibration.limits,
            golden=golden,
            good_pictures=tensors.qualities,
            presence=presence,
            geometry=settled,
            training=_origin(parted, config),
        )
    )
    unquantized = keep_outputs(plain, strides)
    fp32, twin = _unquantized(plain, tensors, best, config.seed, request.fp32 is not None, progress)
    networks = networks_of(unquantized, reference, further, bench)
    unseen = judge_unseen(parted, PICTURES, manifest, files, request.accept_escapes, progress)
    write_package(request.package, manifest, files)
    if request.fp32 is not None and twin is not None:
        write_unquantized(request.package, replace(twin, network=unquantized), request.fp32)
    size = request.package.stat().st_size
    return TrainingRun(
        request,
        data,
        manifest,
        size,
        best,
        tuple(tried),
        calibration,
        prototypes,
        fp32,
        networks,
        presence,
        pictures,
        unseen,
    )


def check_runtimes(config: TrainConfig) -> None:
    """Raises NotThere where a runtime was asked for by name and cannot be had here."""
    if config.runtimes is None:
        return
    if "tflite" in config.runtimes and not litert.installed():
        raise NotThere(
            "tflite was asked for, but LiteRT's converter is not installed; pip install 'okng[train-tflite]'"
        )
    if "openvino" in config.runtimes and "openvino" not in installed_runtimes():
        raise NotThere("openvino was asked for, but is not installed; pip install 'okng[openvino]'")


def onnx_runtimes(config: TrainConfig) -> tuple[str, ...]:
    """What else runs the reference's file here and is wanted."""
    return tuple(name for name in installed_runtimes() if name != REFERENCE and config.wants(name))


def _exam(fitted: Fitted, tensors: Tensors) -> Exam:
    def scores(maps: Features, frame: Frame, score_map: ScoreMap) -> Scores:
        alone = tensors.geometry.alone(frame.view, frame.picture)
        return calibrated(score_views(fitted.scorer, [maps], alone), score_map)

    frames = [
        [Frame(tensor, view, shot.painted[view], size) for view, tensor in enumerate(shot.tensors)]
        for shot, size in zip(tensors.plain, tensors.sizes, strict=True)
    ]
    good, defective = frames[: len(tensors.good)], frames[len(tensors.good) :]
    return Exam([*chain(*good)], [*chain(*defective)], scores)


def networks_of(plain: bytes, reference: Offer, further: Further, bench: Bench) -> Networks:
    """The reference's file on each of its runtimes, then all others, and fp32 in the same minute."""
    trials = []
    for name, raws in bench.calibration.raws.items():
        parity = next((one for one in bench.calibration.parity if one.runtime == name), None)
        trials.append(bench.trial(replace(reference, runtime=name), raws, parity, ""))
    fp32_ms = bench.network_ms(plain, REFERENCE)
    return Networks((*trials, *further.trials), further.left_out, len(plain), fp32_ms)


def folds_of(data: DataSet, seed: int) -> tuple[int, ...]:
    """Folds of good, then of defective pictures, by group; each kind is spread over all folds.

    Good pictures that are all of one group are split one by one: the report says what that is worth.
    """
    one_group = data.one_group
    good = folds_by_group([picture.name if one_group else picture.group for picture in data.good], seed)
    defective = folds_by_group([picture.group for picture in data.defective], seed)
    return (*good, *defective)


def features_of(network: bytes, tensors: Tensors, fold_of: tuple[int, ...], step: str, progress: Progress) -> FitData:
    """What a network on the reference runtime makes of all pictures and views."""
    extract, scratch = Extractor(network, REFERENCE, threads=2), Scratch()
    try:
        found = progress.each(step, scratch.each(extract(tensors.frames)), len(tensors.frames))
        maps = list(grouped(found, tensors.plain))
        views = {
            kind: [list(grouped(scratch.each(extract(frames_of(own))), own)) for own in per_picture]
            for kind, per_picture in tensors.views.items()
        }
    finally:
        extract.close()
    count = len(tensors.good)
    return FitData(maps[:count], views, maps[count:], tensors.view_masks, fold_of)


def _choose(features: FitData, seed: int, progress: Progress) -> list[CrossFit]:
    """All scorers tried, the one to ship first; only the default one where nothing can be compared."""
    views = [kind for kind in ("turned", "shifted", "none") if kind in features.views]

    def try_one(candidate: Candidate) -> CrossFit:
        work = (cross_fit(candidate, features, seed) for _ in range(1))
        (result,) = progress.each(f"held-out scores, {candidate}", work, 1)
        refuse_constant(result.good, "the INT8 network")
        return result

    if features.defective:
        return choose(try_one, views, features.can_know, features.one_view)
    usual = DEFAULT.views if DEFAULT.views in views else "none"
    if not features.synthetic:
        return [try_one(replace(DEFAULT, views=usual))]
    tried = choose_without_defects(try_one, usual, features.one_view)
    told_of_rehearsal(tried, progress)
    return tried


def _prototypes(
    data: DataSet,
    features: FitData,
    masks: Sequence[Mask | None],
    fitted: Fitted,
    calibration: Calibration,
    catalogue: Sequence[ClassEntry],
) -> Prototypes | None:
    codes = {row.label: row.code for row in catalogue}
    vectors = []
    for seen, mask in zip(features.defective, masks, strict=True):
        chosen = select(seen, fitted.candidate.shape.strides)
        raw = score_views(fitted.scorer, chosen.views, seen.mosaics)
        scores = calibrated(raw, calibration.maps[REFERENCE])
        vectors.append(vector_of(defect_region(scores, calibration.limits.ok_below, mask), raw))
    return build_prototypes(vectors, [codes[picture.label] for picture in data.defective])


def _unquantized(
    plain: bytes, tensors: Tensors, best: CrossFit, seed: int, wanted: bool, progress: Progress
) -> tuple[float | None, Unquantized | None]:
    """The AUROC that the unquantized network would reach with such a scorer on the same held-out pictures.

    `wanted`: what a package of it is made of, too.
    """
    if not (tensors.defective or wanted):
        return None, None
    kind = best.candidate.views
    only = replace(tensors, views={kind: tensors.views[kind], "none": tensors.views["none"]})
    features = features_of(plain, only, best.fold_of, "fp32 features, for comparison", progress)
    result = cross_fit(best.candidate, features, seed)
    reached = auroc(result.good, result.defective) if tensors.defective else None
    if not wanted:
        return reached, None
    fitted = fit(best.candidate, features.sample(kind), seed)
    return reached, Unquantized(plain, fitted, reference_map(result.good))


def _origin(parted: Parted[DataSet], config: TrainConfig) -> TrainingEntry:
    data = parted.seen
    return TrainingEntry(
        data_sha256=data.sha256(),
        config_sha256=config.sha256(),
        seed=config.seed,
        good_pictures=len(data.good),
        defective_pictures=len(data.defective),
        tools=tools(config),
        split_sha256=parted.split_sha256,
        regression_sha256=parted.regression_sha256,
    )


def tools(config: TrainConfig) -> dict[str, str]:
    """The libraries that such a run uses, with their versions."""
    return {name: version(name) for name in (*_TOOLS, *(litert.TOOLS if may_convert(config) else ()))}

"""One training run, top to bottom: pictures → INT8 network → scorer → limits → parity gate → package.

Quantize first: the network is quantized before anything is fitted, and every feature that a scorer, limit or prototype
rests on comes through the INT8 network on the reference runtime, by the code of `models/`. `train` is
longer than other functions so that the order of steps can be read in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.decision import Scores
from models.manifest import ClassEntry, Manifest, ScoreMap
from models.package import write_package
from models.picture_file import whole_size
from models.runtimes.choose import REFERENCE
from models.scorers import calibrated, score_views
from training.artefacts import REFERENCE_FORM, Bench, Further, Offer, Trial, find_further
from training.assemble import Ingredients, assemble
from training.calibrate import Raws
from training.config import TrainConfig
from training.contest import Ground, Shown
from training.data.cache import Store
from training.data.catalogue import build_catalogue
from training.data.dataset import DataSet, open_dataset
from training.data.part import Part, limited, read_part, told
from training.data.pictures import Pictures, room_for_whole
from training.errors import BadData
from training.export import keep_outputs
from training.features import Features, Inputs, grouped
from training.fitting.crossfit import CrossFit
from training.fitting.fit import Fitted
from training.fitting.sample import select
from training.framing import geometry_for, settle
from training.frozen import frozen
from training.gate import Calibration, first_through_the_gate
from training.golden import Frame
from training.held_out import calibration_entry
from training.learned import Teaching, learned
from training.modes import ModeChoice, choose_mode, enough_for
from training.origin import origin_of
from training.presence import Lesson, looked_at, teach_presence
from training.progress import Progress
from training.prototypes import Prototypes, build_prototypes, defect_region, vector_of
from training.quantization.ladder import Climb
from training.resuming import checkpoint_for, forget, tell_nothing_to_resume
from training.runtimes import check_runtimes, onnx_runtimes
from training.self_test import Exam, choose_self_test
from training.sights import Sights
from training.splits.parted import Parted, part_dataset
from training.splits.unseen import PICTURES, Unseen, judge_unseen
from training.tensors import Tensors, read_tensors, worth_keeping
from training.text import Text
from training.unquantized import write_unquantized
from training.validation import held_out_of

Opened = tuple[ModeChoice, Parted[DataSet]]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be trained and what the package is to be called; `created` is "YYYY-MM-DDThh:mm:ssZ".

    `split`: a name under DATA/splits or a file; None: training may see all but the regression set. `accept_escapes`:
    why a package may be written that misses some of that set. `fp32`: where to write the same package without
    quantization, for comparison. `resume`: go on with a run that was stopped.
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
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Networks:
    """Every network file that was tried, the reference's own runtimes first, what was left out, and fp32.

    `climb`: how the reference came to INT8, where that was judged.
    """

    trials: tuple[Trial, ...]
    left_out: tuple[Text, ...]
    fp32_bytes: int
    fp32_ms: float
    climb: Climb | None = None


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """Everything a report tells of a finished run.

    `data`: what training saw; `held_out`: those of it that have held-out scores. `drawn`: how many synthetic defects
    the package learned from.
    """

    request: Request
    mode: ModeChoice
    data: DataSet
    held_out: DataSet
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
    drawn: int


def nothing_to_tell(_data: DataSet, _tensors: Tensors) -> tuple[str, ...]:
    """What is said of data that nobody looks over."""
    return ()


def open_for(request: Request, progress: Progress) -> Opened:
    """Which way a run goes, and with what.

    Raises:
        BadData: the data cannot be used, or not in the way that was asked for.
    """
    # As on the station; and sums that are split among another number of threads round otherwise.
    threadpool_limits(limits=1, user_api="blas")
    data = open_dataset(request.root, min_good=0, one_size=False, size_of=whole_size)
    parted = part_dataset(data, request.split)
    mode = choose_mode(request.config.declared.train.mode, parted.seen)
    backbone = request.config.backbone
    if backbone is not None and mode.learns:
        raise BadData(
            f"mode {mode.mode} teaches okng's own trunk, not {backbone.name}; "
            "leave --backbone out, or ask for --mode mixed"
        )
    progress.say(mode.text_en)
    return mode, replace(parted, seen=enough_for(mode, parted.seen))


def train(
    request: Request,
    progress: Progress,
    store: Store,
    look_over: Callable[[DataSet, Tensors], Iterable[str]] = nothing_to_tell,
    opened: Opened | None = None,
) -> TrainingRun:
    """Train, gate and write one package; `store` keeps what is made of the pictures.

    What `look_over` says of the data is told before the long part begins. `opened`: what `open_for` gave, if it was
    asked before.

    Raises:
        TrainingError: the data, a missing file, or a gate stopped the run; no package was written.
    """
    config = request.config
    check_runtimes(config)
    mode, parted = opened or open_for(request, progress)
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
    ground = Ground(data, tensors, inputs, config, progress)
    contest = learned(ground, _teaching(request, parted, part, progress)) if mode.learns else frozen(ground)
    if request.resume and not mode.learns:
        tell_nothing_to_resume(progress)
    best, calibration = first_through_the_gate(
        contest.names, contest.tensors, contest.network, contest.tried, onnx_runtimes(config), progress
    )
    fitted, held_out = contest.fitted(best), contest.tensors
    prototypes = _prototypes(contest.shown, fitted, calibration, catalogue)
    strides = best.candidate.shape.strides
    reference = Offer(REFERENCE, "onnx", REFERENCE_FORM, keep_outputs(contest.network, strides))

    def raws(maps: Iterable[Features]) -> Raws:
        return best.scores(grouped(maps, held_out.plain))

    bench = Bench(held_out.frames, strides, raws, len(held_out.good), calibration, progress)
    found = find_further(reference.content, bench, config, inputs.size, fitted.head is not None)
    golden, further = choose_self_test(reference, found, _exam(fitted, held_out), bench)
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
            calibration=calibration_entry(contest.held_out, calibration, contest.compared),
            maps=calibration.maps,
            limits=calibration.limits,
            golden=golden,
            good_pictures=tensors.qualities,
            presence=presence,
            geometry=settled,
            training=origin_of(parted, config),
        )
    )
    unquantized = keep_outputs(contest.plain, strides)
    fp32, twin = contest.unquantized(best, request.fp32 is not None)
    networks = replace(networks_of(unquantized, reference, further, bench), climb=contest.climb)
    unseen = judge_unseen(parted, PICTURES, manifest, files, request.accept_escapes, progress)
    write_package(request.package, manifest, files)
    if request.fp32 is not None and twin is not None:
        write_unquantized(request.package, replace(twin, network=unquantized), request.fp32)
    forget(request.package)
    size = request.package.stat().st_size
    return TrainingRun(
        request,
        mode,
        data,
        contest.held_out,
        manifest,
        size,
        best,
        tuple(contest.tried),
        calibration,
        prototypes,
        fp32,
        networks,
        presence,
        pictures,
        unseen,
        contest.drawn if mode.learns or best.candidate.taught else 0,
    )


def _teaching(request: Request, parted: Parted[DataSet], part: Part, progress: Progress) -> Teaching:
    """What a network that learns needs to know beside the pictures."""
    config = request.config
    held_out, told_of = held_out_of(parted, config.seed)
    progress.say(told_of)
    names = "\n".join(picture.name for picture in held_out.pictures)
    digest = parted.seen.sha256()
    checkpoint = checkpoint_for(request.package, digest, config.sha256(), names, resume=request.resume)
    if request.resume and not checkpoint.path.exists():
        progress.say("--resume: no stopped run is kept beside the package; this one begins at the beginning")
    return Teaching(held_out, part, checkpoint)


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
        trials.append(bench.trial(replace(reference, runtime=name), raws, parity, None))
    for refused in bench.calibration.refused:
        trials.append(bench.trial(replace(reference, runtime=refused.runtime), None, refused, refused.refusal))
    fp32_ms = bench.network_ms(plain, REFERENCE)
    return Networks((*trials, *further.trials), further.left_out, len(plain), fp32_ms)


def _prototypes(
    shown: Sequence[Shown], fitted: Fitted, calibration: Calibration, catalogue: Sequence[ClassEntry]
) -> Prototypes | None:
    codes = {row.label: row.code for row in catalogue}
    vectors = []
    for one in shown:
        chosen = select(one.seen, fitted.candidate.shape.strides)
        raw = score_views(fitted.scorer, chosen.views, one.seen.mosaics)
        scores = calibrated(raw, calibration.maps[REFERENCE])
        vectors.append(vector_of(defect_region(scores, calibration.limits.ok_below, one.mask), raw))
    return build_prototypes(vectors, [codes[one.label] for one in shown])

"""One training run on parts of which every one has a defect, top to bottom: network → INT8 → confidence → package.

The order is that of `training.run`, and so are the gates: confidence and its limit come from pictures that the network
never saw, and every runtime must name them as the reference does. `train_classes`, and with it this file, is longer
than others so that the order of steps can be read in one place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.classifier import Classifier
from models.decision import Limits
from models.golden import encode_frame, expectation
from models.manifest import CalibrationEntry, ClassifierEntry, Manifest, ScoreMap
from models.package import write_package
from models.quality import Quality
from models.runtimes.choose import REFERENCE
from models.scorers import Floats, calibrated
from training.artefacts import NO_LITERT_OF_HEADS, REFERENCE_FORM, Offer, Trial
from training.assemble import Ingredients, assemble
from training.classify.fit import Named, limit_of, loss_of, named_by, sure_by
from training.classify.held_out import held_out_classes
from training.config import CALIBRATION_PICTURES, GOLDEN_FRAMES
from training.data.cache import Store
from training.data.catalogue import build_catalogue
from training.data.dataset import DataSet, Picture
from training.data.part import limited, read_part, told
from training.data.pictures import Pictures, room_for_whole
from training.errors import BadData, RefusedForSafety
from training.export import export_network
from training.features import Extractor, Inputs
from training.framing import geometry_for, settle
from training.golden import Chosen, Golden
from training.learned import learn_config
from training.learning.course import Course, Example
from training.learning.loop import learn
from training.modes import ModeChoice
from training.origin import origin_of
from training.parity import Parity, left_out
from training.presence import Lesson
from training.progress import Progress
from training.quantization.ladder import Ladder, Loss
from training.resuming import checkpoint_for, forget
from training.run import Networks, Request
from training.runtimes import check_runtimes, onnx_runtimes
from training.sights import Sights
from training.splits.parted import Parted
from training.splits.unseen import PICTURES, Unseen, judge_unseen
from training.tensors import worth_keeping
from training.text import Text
from training.timing import network_ms
from training.tuning import tuned
from training.unquantized import Unquantized, write_unquantized

_IDENTITY = ScoreMap(raw=(0.0, 1.0), score=(0.0, 1.0))
_TOLERANCE = 0.02
_MARGIN = 2.0
_LEFT_OUT = (
    NO_LITERT_OF_HEADS,
    Text(
        "symmetric INT8 for TensorRT and ARM left out, it is not made of classifiers",
        "未生成用于 TensorRT 和 ARM 的对称 INT8：不支持分类网络",
    ),
)


@dataclass(frozen=True, slots=True)
class ClassesRun:
    """Everything a report tells of a finished run; `named`: what each runtime says of the held-out pictures.

    `fp32`: the same of the network without quantization, on the reference runtime, by a confidence of its own.
    """

    request: Request
    mode: ModeChoice
    data: DataSet
    held_out: DataSet
    manifest: Manifest
    package_bytes: int
    named: dict[str, Named]
    fp32: Named
    limit: float
    parity: tuple[Parity, ...]
    networks: Networks
    pictures: Pictures
    unseen: Unseen


@dataclass(frozen=True, slots=True)
class _Fitted:
    """The classifier as `assemble` takes it."""

    classifier: ClassifierEntry
    arrays: dict[str, Floats]

    def entry(self, _files: dict[str, str]) -> ClassifierEntry:
        return self.classifier


def train_classes(
    request: Request, mode: ModeChoice, parted: Parted[DataSet], progress: Progress, store: Store
) -> ClassesRun:
    """Train, gate and write one package.

    Raises:
        TrainingError: the data, a missing file, or a gate stopped the run; no package was written.
    """
    config, data = request.config, parted.seen
    if config.geometry.tiles is not None:
        raise BadData("classes are told by the whole part; leave the tiles of --geometry out")
    check_runtimes(config)
    held_out, told_of = held_out_classes(parted, config.seed)
    progress.say(told_of)
    catalogue = build_catalogue(request.root, data.defects)
    pictures = Pictures(store, worth_keeping(data, room_for_whole(store, data.size)))
    settled = settle(config.geometry, data, pictures.read)
    part = read_part(data.root)
    augment = limited(config.declared.augment, part)
    progress.say(told(part, augment))
    inputs = Inputs(Sights(geometry_for(settled, config.input_size(data.size)), data, None, pictures, store), augment)
    inputs.sights.prepare(data, progress)
    kept = {picture.name for picture in held_out.pictures}
    taught, qualities = _examples([one for one in data.pictures if one.name not in kept], inputs, data.defects)
    judged, _ = _examples(held_out.pictures, inputs, data.defects)
    truth = np.array([one.label - 1 for one in judged], np.intp)
    checkpoint = checkpoint_for(
        request.package, data.sha256(), config.sha256(), "\n".join(sorted(kept)), resume=request.resume
    )
    course = Course(taught, data.defects, "classification")
    settings = learn_config(config.declared.train, inputs, part, course.task, len(taught), config.seed)
    learned = learn(course, settings, progress, checkpoint)
    plain = export_network(learned.module, inputs.size, learned.names)
    step = max(1, len(taught) // (2 * CALIBRATION_PICTURES))
    shown, frames = [one.pixels[None] for one in taught[::step]], [one.pixels[None] for one in judged]
    exact = _logits(plain, REFERENCE, frames, progress)

    def lost(network: bytes) -> Loss:
        return loss_of(exact, _logits(network, REFERENCE, frames, progress), truth)

    def aware() -> bytes:
        return tuned(learned, course, settings, shown, progress)

    climb = Ladder(plain, shown, frames, lost, aware, progress).climb(config.declared.train.quantization)
    network = climb.taken.network
    logits = _logits(network, REFERENCE, frames, progress)
    entry, said = sure_by(data.defects, logits, truth)
    named = {REFERENCE: said}
    limit = limit_of(named[REFERENCE])
    parity: list[Parity] = []
    for name in onnx_runtimes(config):
        found = named_by(entry, _logits(network, name, frames, progress), truth)
        parity.append(compared(name, [one.name for one in held_out.pictures], named[REFERENCE], found, limit))
        if parity[-1].passed:
            named[name] = found
        else:
            progress.say(left_out(parity[-1]))
    golden = _golden(entry, network, named, frames, limit)
    own, fp32 = sure_by(data.defects, exact, truth)
    manifest, files = assemble(
        Ingredients(
            id=request.id,
            version=request.version,
            created=request.created,
            geometry=settled,
            input_size=inputs.size,
            catalogue=catalogue,
            networks=(Offer(REFERENCE, "onnx", REFERENCE_FORM, network),),
            fitted=_Fitted(entry, {}),
            prototypes=None,
            calibration=CalibrationEntry(scores=(), groups=()),
            maps=dict.fromkeys(named, _IDENTITY),
            limits=Limits(0.0, limit),
            golden=golden,
            good_pictures=qualities,
            presence=Lesson(),
            training=origin_of(parted, config),
        )
    )
    networks = replace(_networks(network, plain, named, parity, frames), climb=climb)
    unseen = judge_unseen(parted, PICTURES, manifest, files, request.accept_escapes, progress)
    write_package(request.package, manifest, files)
    if request.fp32 is not None:
        twin = Unquantized(plain, _Fitted(own, {}), _IDENTITY, Limits(0.0, limit_of(fp32)))
        write_unquantized(request.package, twin, request.fp32)
    forget(request.package)
    return ClassesRun(
        request=request,
        mode=mode,
        data=data,
        held_out=held_out,
        manifest=manifest,
        package_bytes=request.package.stat().st_size,
        named=named,
        fp32=fp32,
        limit=limit,
        parity=tuple(parity),
        networks=networks,
        pictures=pictures,
        unseen=unseen,
    )


def _examples(
    pictures: Sequence[Picture], inputs: Inputs, classes: Sequence[str]
) -> tuple[list[Example], list[Quality]]:
    """Each picture as the network sees it, and what the gate sees of it.

    Raises:
        BadData: in one the part is not found.
    """
    examples, qualities = [], []
    for picture in pictures:
        found = inputs.of(picture)
        if found is None:
            raise BadData(f"in {picture.name} the part is not found by align; take it out, or widen its limits")
        examples.append(Example(found[0].inputs[0], None, classes.index(picture.label) + 1))
        qualities.append(found[1])
    return examples, qualities


def _logits(
    network: bytes, runtime: str, frames: Sequence[NDArray[np.uint8]], progress: Progress
) -> list[NDArray[np.float32]]:
    """`(K, 1, 1)` of each frame."""
    extract = Extractor(network, runtime, threads=2)
    try:
        return [maps[-1] for maps in progress.each(f"held-out pictures on {runtime}", extract(frames), len(frames))]
    finally:
        extract.close()


def compared(runtime: str, names: Sequence[str], reference: Named, own: Named, limit: float) -> Parity:
    """A flip is another name for a part that both are sure of, a move is to or from RECHECK."""
    flips, moves = [], []
    sure, other = reference.confidence >= limit, own.confidence >= limit
    for index, name in enumerate(names):
        if sure[index] and other[index] and reference.named[index] != own.named[index]:
            flips.append(name)
        elif sure[index] != other[index]:
            moves.append(name)
    largest = float(np.abs(reference.confidence - own.confidence).max(initial=0.0))
    return Parity(runtime, len(names), tuple(flips), tuple(moves), largest)


def _golden(
    entry: ClassifierEntry,
    network: bytes,
    named: dict[str, Named],
    frames: Sequence[NDArray[np.uint8]],
    limit: float,
) -> Golden:
    """Frames that every runtime is clearly sure of, each class in turn.

    Raises:
        RefusedForSafety: two classes are not shown by any.
    """
    reference = named[REFERENCE]
    clear = np.all([one.confidence >= limit + _MARGIN * _TOLERANCE for one in named.values()], axis=0)
    alike = np.all([one.named == reference.named for one in named.values()], axis=0)
    order = sorted(np.flatnonzero(clear & alike & reference.right), key=lambda index: -reference.confidence[index])
    seen: Counter[int] = Counter()
    turns = []
    for index in order:
        turns.append((seen[int(reference.named[index])], index))
        seen[int(reference.named[index])] += 1
    chosen = [int(index) for _, index in sorted(turns)[:GOLDEN_FRAMES]]
    if len({int(reference.named[index]) for index in chosen}) < 2:
        raise RefusedForSafety(
            Text(
                "fewer than two classes are named clearly by every runtime, which is too little for a self-test",
                "所有推理引擎都能明确判定的类别不足两个，不够用于自检",
            ),
            "the package was not written: add pictures of each class",
        )
    judge, limits = Classifier(entry), Limits(0.0, limit)
    expected: list[dict[str, object]] = [{} for _ in chosen]
    for name in named:
        extract = Extractor(network, name, threads=1)
        try:
            for at, maps in enumerate(extract([frames[index] for index in chosen])):
                expected[at][name] = expectation(calibrated(judge(maps), _IDENTITY), limits, entry)
        finally:
            extract.close()
    shown = zip(chosen, expected, strict=True)
    return Golden(tuple(Chosen(encode_frame(frames[index]), 0, own) for index, own in shown), _TOLERANCE)  # type: ignore[arg-type]


def _networks(
    network: bytes, plain: bytes, named: dict[str, Named], parity: Sequence[Parity], frames: Sequence[NDArray[np.uint8]]
) -> Networks:
    by_name = {one.runtime: one for one in parity}
    trials = [
        Trial(name, REFERENCE_FORM, len(network), by_name.get(name), None, network_ms(network, name, frames), None)
        for name in named
    ]
    trials += [
        Trial(one.runtime, REFERENCE_FORM, len(network), one, None, None, one.refusal)
        for one in parity
        if not one.passed
    ]
    return Networks(tuple(trials), _LEFT_OUT, len(plain), network_ms(plain, REFERENCE, frames))

"""One training run on an assembly, top to bottom: labelled regions → INT8 network → classifiers → limits → package.

The order is that of `training.run`, and so are the gates: everything is fitted on features of the frozen INT8 network,
limits come from views that the classifier never saw, and every runtime must judge them as the reference does.
`train_assembly`, and with it this file, is longer than others so that the order of steps can be read in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.assembly import Classifier, pooled
from models.assembly_entry import ROLES, AssemblyEntry
from models.decision import Outcome, Scores, outcome_of
from models.geometry_entry import GeometrySpec
from models.manifest import CalibrationEntry, HeldOutEntry, Manifest, ScoreMap, TrainingEntry
from models.package import write_package
from models.runtimes.choose import REFERENCE
from models.scorers import Floats, calibrated
from training.artefacts import REFERENCE_FORM, Bench, Offer, find_further
from training.assemble import Ingredients, assemble
from training.calibrate import Raws
from training.data.pictures import Pictures
from training.data.split import folds_by_group
from training.declared import refuse_mode
from training.errors import BadData
from training.export import export_trunk, keep_outputs, quantize
from training.features import ALL_STRIDES, Extractor, Features
from training.framing import Settled
from training.gate import Calibration, judge, of_reference
from training.golden import Frame
from training.held_out import runtimes_entry, sample_entry
from training.metrics.ranking import auroc
from training.origin import tools
from training.parity import refuse_disparity
from training.presence import Lesson
from training.progress import Progress
from training.rois.catalogue import Roi
from training.rois.dataset import AssemblyData
from training.rois.figures import RegionJudged
from training.rois.fit import (
    CrossFit,
    Sample,
    answers,
    as_assembly,
    as_expected,
    cross_fit,
    refuse_too_few,
    roi_entry,
)
from training.rois.parted import REGIONS, part_assembly
from training.rois.views import RegionViews, read_views
from training.run import Networks, Request, networks_of
from training.runtimes import check_runtimes, onnx_runtimes
from training.self_test import Exam, choose_self_test
from training.splits.parted import Parted
from training.splits.unseen import Unseen, judge_unseen


@dataclass(frozen=True, slots=True)
class AssemblyRun:
    """Everything a report tells of a finished run; `judged`: every region of every picture, held out."""

    request: Request
    data: AssemblyData
    manifest: Manifest
    package_bytes: int
    crossfit: CrossFit
    calibration: Calibration
    judged: tuple[RegionJudged, ...]
    fp32_auroc: float | None
    networks: Networks
    pictures: Pictures
    unseen: Unseen


@dataclass(frozen=True, slots=True)
class FittedAssembly:
    """The shipped classifiers and the arrays they are made of, by their role in a package."""

    rois: tuple[Roi, ...]
    classifiers: Mapping[str, Classifier]

    @property
    def arrays(self) -> dict[str, Floats]:
        return {
            f"{kind}.{role}": getattr(classifier, role)
            for kind, classifier in self.classifiers.items()
            for role in ROLES
        }

    def entry(self, files: dict[str, str]) -> AssemblyEntry:
        kinds = [
            {"name": kind, "classes": one.classes, "arrays": {role: files[f"{kind}.{role}"] for role in ROLES}}
            for kind, one in self.classifiers.items()
        ]
        rois = tuple(roi_entry(roi) for roi in self.rois)
        return AssemblyEntry.model_validate(
            {"kind": "assembly", "strides": ALL_STRIDES, "rois": rois, "kinds": tuple(kinds)}
        )


def train_assembly(
    request: Request, data: AssemblyData, progress: Progress, pictures: Pictures, *, compare: bool = True
) -> AssemblyRun:
    """Train, gate and write one package; `compare`: whether to look at what fp32 would have reached.

    Raises:
        TrainingError: the data, a missing file, or a gate stopped the run; no package was written.
    """
    config = request.config
    if config.geometry != GeometrySpec():
        raise BadData("the regions of an assembly stand in rois.toml; leave --roi and --geometry out")
    if config.declared.shows_pictures_otherwise:
        raise BadData("named regions have views of their own and no synthetic defects; leave --config out")
    refuse_mode(config.declared.train)
    # As on the station; and sums that are split among another number of threads round otherwise.
    threadpool_limits(limits=1, user_api="blas")
    check_runtimes(config)
    parted = part_assembly(data, request.split)
    data = parted.seen
    refuse_too_few(data)
    views = read_views(data, config.size_px, config.seed, progress, pictures)
    plain = export_trunk(views.size, ALL_STRIDES, config.backbone)
    network = quantize(plain, views.calibration_frames())
    sample = _sample(data, views, network, config.seed, progress)
    held_out = cross_fit(sample)
    calibration = _calibration(data, sample, held_out)
    for name in onnx_runtimes(config):
        judged = judge(calibration, name, _raws(views, network, name, sample, held_out, progress))
        refuse_disparity(judged.parity)
        calibration = calibration.with_runtime(judged)
    fitted = FittedAssembly(data.rois, sample.fit())
    reference = Offer(REFERENCE, "onnx", REFERENCE_FORM, keep_outputs(network, ALL_STRIDES))

    def raws(maps: Iterable[Features]) -> Raws:
        return answers(held_out, sample, np.stack([pooled(one) for one in maps]))

    bench = Bench(views.plain, ALL_STRIDES, raws, len(held_out.good), calibration, progress)
    found = find_further(reference.content, bench, config, views.size)
    golden, further = choose_self_test(reference, found, _exam(data, views, fitted), bench)
    calibration = further.calibration(calibration)
    manifest, files = assemble(
        Ingredients(
            id=request.id,
            version=request.version,
            created=request.created,
            geometry=Settled(config.geometry, {}),
            input_size=views.size,
            catalogue=data.catalogue.rows(),
            networks=(reference, *further.shipped),
            fitted=fitted,
            prototypes=None,
            calibration=_held_out_entry(data, sample, held_out, calibration),
            maps=calibration.maps,
            limits=calibration.limits,
            golden=golden,
            good_pictures=views.pictures,
            presence=Lesson(),
            training=_origin(request, parted),
        )
    )
    fp32 = _fp32_auroc(plain, data, views, held_out, config.seed, progress) if compare else None
    networks = networks_of(keep_outputs(plain, ALL_STRIDES), reference, further, bench)
    unseen = judge_unseen(parted, REGIONS, manifest, files, request.accept_escapes, progress)
    write_package(request.package, manifest, files)
    size = request.package.stat().st_size
    regions = _judged(data, sample, held_out, calibration)
    return AssemblyRun(request, data, manifest, size, held_out, calibration, regions, fp32, networks, pictures, unseen)


def _sample(data: AssemblyData, views: RegionViews, network: bytes, seed: int, progress: Progress) -> Sample:
    """Vectors of all views through a network on the reference runtime, with their labels and folds."""
    shown = [[plain, *moved] for plain, moved in zip(views.plain, views.moved, strict=True)]
    extract = Extractor(network, REFERENCE, threads=2)
    try:
        counted = progress.each("features of regions", shown, len(shown))
        vectors = np.stack([np.stack([pooled(maps) for maps in extract(own)]) for own in counted])
    finally:
        extract.close()
    regions = len(data.rois)
    folds = folds_by_group(data.groups, seed)
    return Sample(
        vectors=vectors,
        labels=tuple(label for one in data.pictures for label in one.labels),
        kinds=tuple(roi.kind for _ in data.pictures for roi in data.rois),
        folds=np.repeat(np.array(folds, np.intp), regions),
        indices=np.tile(np.arange(regions), len(data.pictures)),
        pictures=np.repeat(np.arange(len(data.pictures)), regions),
    )


def _complete(data: AssemblyData) -> list[int]:
    return [index for index, one in enumerate(data.pictures) if data.complete(one)]


def _calibration(data: AssemblyData, sample: Sample, held_out: CrossFit) -> Calibration:
    """Map and limits from single regions."""
    return of_reference([_name(data, sample, one.view, one.expected) for one in held_out.questions], held_out)


def _held_out_entry(
    data: AssemblyData, sample: Sample, held_out: CrossFit, calibration: Calibration
) -> CalibrationEntry:
    """What a station may certify limits with: whole parts.

    A complete part has the score of its worst region. Of the others, each region that is not as expected stands under
    its own name with its own score: the part's is no lower, so that it escapes no more often.
    """
    found = {}
    for name, raws in calibration.raws.items():
        scores = as_expected(held_out, sample, data.rois, raws)
        good = [(float(scores[index].max()), data.groups[index]) for index in _complete(data)]
        defects = {
            roi.name: sample_entry(
                (float(scores[index, column]), one.picture.group)
                for index, one in enumerate(data.pictures)
                if one.labels[column] != roi.expect
            )
            for column, roi in enumerate(data.rois)
        }
        shown = {name: entry for name, entry in defects.items() if entry.scores}
        found[name] = HeldOutEntry(good=sample_entry(good), defects=shown)
    return runtimes_entry(found, 1, None)


def _name(data: AssemblyData, sample: Sample, view: int, expected: str) -> str:
    picture, roi = data.pictures[sample.pictures[view]].picture.name, data.rois[sample.indices[view]].name
    return f"{picture} {roi} as {expected}"


def _raws(
    views: RegionViews, network: bytes, runtime: str, sample: Sample, held_out: CrossFit, progress: Progress
) -> Raws:
    """Raw answers to all questions on a runtime, each by the classifier that never saw the view."""
    extract = Extractor(network, runtime, threads=2)
    try:
        maps = progress.each(f"parity on {runtime}", extract(views.plain), len(views.plain))
        return answers(held_out, sample, np.stack([pooled(one) for one in maps]))
    finally:
        extract.close()


def _exam(data: AssemblyData, views: RegionViews, fitted: FittedAssembly) -> Exam:
    assembly = as_assembly(fitted.rois, fitted.classifiers)

    def scores(maps: Features, frame: Frame, score_map: ScoreMap) -> Scores:
        return calibrated(assembly(maps, frame.view).as_part(), score_map)

    labels = [label for one in data.pictures for label in one.labels]
    good: list[Frame] = []
    defective: list[Frame] = []
    for position, (tensor, label) in enumerate(zip(views.plain, labels, strict=True)):
        view = position % len(data.rois)
        (good if label == data.rois[view].expect else defective).append(Frame(tensor, view))
    return Exam(good, defective, scores)


def _judged(
    data: AssemblyData, sample: Sample, held_out: CrossFit, calibration: Calibration
) -> tuple[RegionJudged, ...]:
    """What the held-out classifiers say of every region, by the default limits."""
    found = []
    score_map, limits = calibration.maps[REFERENCE], calibration.limits
    for view, label in enumerate(sample.labels):
        roi = data.rois[sample.indices[view]]
        classifier = held_out.classifiers[sample.folds[view]][sample.kinds[view]]
        seen = as_assembly((roi,), {roi.kind: classifier}).look(sample.vectors[view, 0], 0)
        score = calibrated(seen.as_part(), score_map).image
        outcome = outcome_of(score, limits)
        shows = roi.expect if outcome is Outcome.OK else seen.seen(score_map, limits)
        picture = data.pictures[sample.pictures[view]].picture
        found.append(RegionJudged(picture, roi.name, roi.expect, label, score, outcome, shows))
    return tuple(found)


def _fp32_auroc(
    plain: bytes, data: AssemblyData, views: RegionViews, held_out: CrossFit, seed: int, progress: Progress
) -> float | None:
    """What the unquantized network would reach on the same held-out views."""
    if not len(held_out.defective):
        return None
    result = cross_fit(_sample(data, views, plain, seed, progress))
    return auroc(result.good, result.defective)


def _origin(request: Request, parted: Parted[AssemblyData]) -> TrainingEntry:
    data = parted.seen
    complete = len(_complete(data))
    return TrainingEntry(
        data_sha256=data.sha256(),
        config_sha256=request.config.sha256(),
        seed=request.config.seed,
        good_pictures=complete,
        defective_pictures=len(data.pictures) - complete,
        tools=tools(request.config),
        split_sha256=parted.split_sha256,
        regression_sha256=parted.regression_sha256,
    )

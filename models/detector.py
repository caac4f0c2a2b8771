"""The device's whole way from a camera picture to a decision, in one object."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.assembly import Assembly, View, decide_assembly
from models.assembly_entry import AssemblyEntry
from models.certification import Certificates, NoCertificates
from models.classifier import Classifier, decide_class
from models.decision import Box, Decision, DefectClass, Limits, Scores, Unfit
from models.errors import InferenceError, ModelError, PackageError
from models.geometry import Framed, Geometry
from models.geometry_entry import GeometrySpec, piece, resolved, said
from models.golden import replay_golden_frames
from models.judge import Judge, start_judge
from models.manifest import QualityEntry, ScorerEntry
from models.model_info import ModelInfo as ModelInfo
from models.model_info import model_info
from models.naming import Names, load_names
from models.package import Package, open_package
from models.prepared import Prepared
from models.preprocess import Preprocessor
from models.presence import Presence, load_presence
from models.quality import Gate, load_gate
from models.regions import Region, decide
from models.rules import NO_RULES, RuleSet
from models.runtimes.base import Placement
from models.segments import label_map
from models.way_back import WayBack


@dataclass(frozen=True, slots=True)
class Inspection:
    """One picture and what became of it, and where the time went.

    `scores` and `decision` are None where the network was not asked, because `prepared` settles the verdict. `members`:
    where two models looked, what each of them saw and said; `scores` is None then, for each has its own.
    """

    prepared: Prepared
    scores: Scores | None
    decision: Decision | None
    preprocess_ns: int
    infer_ns: int
    score_ns: int
    members: tuple[Inspection, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement(Inspection):
    """An inspection that the network was asked in."""

    scores: Scores
    decision: Decision


class Detector:
    """A verified, warmed-up, self-tested model; used by one thread at a time."""

    def __init__(
        self, package: Package, judge: Judge, names: Names, info: ModelInfo, gate: Gate, geometry: Geometry
    ) -> None:
        self.info, self.geometry = info, geometry
        self._judge, self._names, self._gate = judge, names, gate
        # Where pictures are cut otherwise, a part may lie where no empty picture was ever proven to be empty.
        own = info.geometry_hash != package.manifest.geometry.hash
        self._presence = load_presence(None if own else package.manifest.presence, package.files)
        scorer = package.manifest.scorer
        self._head = scorer.head if isinstance(scorer, ScorerEntry) else None
        self._preprocess = Preprocessor(*info.input_size)
        self._rois = judge.scorer.rois if isinstance(judge.scorer, Assembly) else ()

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        runtime: str = "auto",
        threads: int = 1,
        device: str = "CPU",
        engine_cache: Path | None = None,
        certificates: Certificates | None = None,
        quality: QualityEntry | None = None,
        geometry: GeometrySpec | None = None,
    ) -> Detector:
        """Verify the package, start the runtime, warm up, replay the golden frames; blocks for about a second.

        `quality`: what golden parts look like on this station, in place of what the training pictures showed.
        `geometry`: a recipe's own. Unless it cuts pictures as the package's does, nothing certifies the model.

        Raises:
            PackageError: the package may not be used, or not with this `quality`.
            RuntimeUnavailable: the runtime is not installed, or its device is not there.
            SelfTestFailed: golden frames come out wrong on this machine.
        """
        package = open_package(path)
        manifest = package.manifest
        gate = load_gate(manifest.quality, package.files, quality)
        own = geometry_in_force(package, geometry)
        judge = start_judge(package, Placement(runtime, device, threads, engine_cache))
        engine = judge.runtime
        try:
            names = load_names(manifest, package.files, judge.dimensions)
            replay_golden_frames(manifest, package.files, engine.name, judge)
        except (ModelError, ValueError):
            engine.close()
            raise
        info = model_info(package, judge, certificates or NoCertificates(), own.spec.digest())
        return cls(package, judge, names, info, gate, own)

    def inspect(self, image: NDArray[np.uint8], limits: Limits | None = None, rules: RuleSet = NO_RULES) -> Inspection:
        """Prepare and judge one camera picture; blocks for some ten milliseconds.

        The network is not asked where the verdict is certain without it.

        Args, Raises: as `prepare` and `judge`.
        """
        prepared, preprocess_ns = self._timed(image)
        if prepared.settled:
            return Inspection(prepared, None, None, preprocess_ns, 0, 0)
        return replace(self.judge(prepared, limits, rules), preprocess_ns=preprocess_ns)

    def judge_anyway(self, image: NDArray[np.uint8], limits: Limits | None = None) -> Judgement:
        """As `inspect`, but the network is always asked: for figures over a data set, not for verdicts."""
        prepared, preprocess_ns = self._timed(image)
        return replace(self.judge(prepared, limits), preprocess_ns=preprocess_ns)

    def prepare(self, image: NDArray[np.uint8]) -> Prepared:
        """Everything that comes before the network.

        Args:
            image: `(H, W, 3)` BGR or `(H, W)` gray, uint8; may be write-protected; is not kept.

        Raises:
            BadPicture: this is no picture the model can judge.
        """
        seen = self._regions(image) if self._rois else self.geometry.frame(image)
        seen.inputs.setflags(write=False)
        quality = self._gate.measure(seen.overview, seen.pose)
        # An empty belt has another light and contrast than the parts; what it has to be like, its own model knows.
        empty = self._presence.empty(image)
        unfit = None if empty else self._gate.of(quality)
        # What spoils a picture as a whole is the reason why nothing can be found in it.
        if not (empty or seen.aligned) and unfit in (None, Unfit.MOVED, Unfit.DISPLACED):
            unfit = Unfit.UNALIGNED
        return Prepared(seen.inputs, (image.shape[1], image.shape[0]), seen.pose, quality, unfit, empty)

    def _regions(self, image: NDArray[np.uint8]) -> Framed:
        """The named regions of an assembly, a view each."""
        overview = self.geometry.cut(image).region
        views = [self._preprocess(piece(image, roi.region())).copy() for roi in self._rois]
        return Framed(np.concatenate(views), overview, None, aligned=True)

    def judge(self, prepared: Prepared, limits: Limits | None = None, rules: RuleSet = NO_RULES) -> Judgement:
        """Judge what `prepare` made, now or from a store: the same bits on the same runtime and instruction set.

        Always asks the network: whoever only wants verdicts looks at `prepared.settled` first.

        Args:
            limits: the limits in force; the package's defaults when left out.
            rules: what the recipe makes of each detection.

        Raises:
            InferenceError: the runtime failed or gave a score that is no number.
        """
        if isinstance(self._judge.scorer, Assembly):
            return self._judge_regions(self._judge.scorer, prepared, limits or self.info.limits, rules)
        if isinstance(self._judge.scorer, Classifier):
            return self._judge_whole(self._judge.scorer, prepared, limits or self.info.limits, rules)
        started = time.perf_counter_ns()
        size, pose = prepared.picture_size, prepared.pose
        raw, infer_ns = self._judge.score(prepared.inputs, self.geometry.layout(size).mosaic)
        scores = self._judge.calibrated(raw)

        def name(region: Region) -> DefectClass:
            return self._names(raw, region)

        def way_back(grid: tuple[int, int]) -> WayBack:
            return self.geometry.way_back(size, grid, pose)

        mask_from = None if self._head is None else self._head.mask_from
        decision = decide(scores, limits or self.info.limits, way_back, name, mask_from)
        score_ns = time.perf_counter_ns() - started - infer_ns
        return Judgement(prepared, scores, rules.apply(decision, pose), 0, infer_ns, score_ns)

    def _judge_regions(self, assembly: Assembly, prepared: Prepared, limits: Limits, rules: RuleSet) -> Judgement:
        """`judge` for named regions: one view each."""
        if len(prepared.inputs) != len(assembly.rois):
            raise InferenceError(
                f"the picture was made ready as {len(prepared.inputs)} views, the model judges {len(assembly.rois)}; "
                "judge it with the model that it was stored for"
            )
        views: list[View] = []
        infer_ns, score_ns = 0, 0
        for index in range(len(assembly.rois)):
            started = time.perf_counter_ns()
            features = self._judge.runtime.infer(prepared.inputs[index : index + 1])
            inferred = time.perf_counter_ns()
            views.append(assembly(features, index))
            infer_ns += inferred - started
            score_ns += time.perf_counter_ns() - inferred
        rows = {row.label: row for row in self.info.classes}
        scores, decision = decide_assembly(views, self._judge.score_map, limits, rows)
        return Judgement(prepared, scores, rules.apply(decision, prepared.pose), 0, infer_ns, score_ns)

    def _judge_whole(self, classifier: Classifier, prepared: Prepared, limits: Limits, rules: RuleSet) -> Judgement:
        """`judge` for parts of which every one has a defect."""
        started = time.perf_counter_ns()
        outputs = self._judge.runtime.infer(prepared.inputs[:1])
        inferred = time.perf_counter_ns()
        scores = self._judge.calibrated(classifier(outputs))
        rows = {row.label: row for row in self.info.classes}
        region = self.geometry.way_back(prepared.picture_size, (1, 1), prepared.pose).box(Box(0, 0, 1, 1))
        decision = decide_class(scores, classifier.entry, limits, rows, region)
        score_ns = time.perf_counter_ns() - inferred
        return Judgement(prepared, scores, rules.apply(decision, prepared.pose), 0, inferred - started, score_ns)

    @property
    def mask_classes(self) -> tuple[str, ...] | None:
        """The labels that 1, 2, … stand for in `label_map`; None where the network draws none."""
        return None if self._head is None else self._head.classes

    def label_map(self, judged: Judgement) -> NDArray[np.uint8]:
        """Which defect each pixel of the camera picture shows, `(H, W)`, 0 for none; see `models.segments`.

        Raises:
            ValueError: the network has no head.
        """
        if self._head is None or judged.scores.classes is None:
            raise ValueError(f"the network of {self.info.id} has no head that could draw masks")
        prepared = judged.prepared
        return label_map(
            judged.scores.classes, self._head.mask_from, self.geometry, prepared.picture_size, prepared.pose
        )

    @property
    def teaches_presence(self) -> bool:
        """Whether the package knows what an empty picture looks like."""
        return isinstance(self._presence, Presence)

    def close(self) -> None:
        """Free the runtime; nothing may be judged after."""
        self._judge.runtime.close()

    def _timed(self, image: NDArray[np.uint8]) -> tuple[Prepared, int]:
        started = time.perf_counter_ns()
        prepared = self.prepare(image)
        return prepared, time.perf_counter_ns() - started


def geometry_in_force(package: Package, asked: GeometrySpec | None) -> Geometry:
    """The package's geometry, or the one a recipe asks for, for the package's network input.

    Raises:
        PackageError: it does not fit the package.
    """
    manifest = package.manifest
    try:
        spec = resolved(asked, manifest.geometry)
        if isinstance(manifest.scorer, AssemblyEntry) and spec.digest() != GeometrySpec().digest():
            raise ValueError("the regions of an assembly are the package's; leave all but mm_per_px out")
        if manifest.scorer.kind == "position_gaussian" and spec.tiles is not None:
            raise ValueError("the model knows each position of one view of the part; leave tiles out")
        if manifest.scorer.kind == "classifier" and spec.tiles is not None:
            raise ValueError("the model judges a part as a whole; leave tiles out")
    except ValueError as error:
        raise PackageError(f"the recipe's geometry does not fit the package: {said(error)}") from error
    return Geometry(spec, manifest.input.size, package.files)

"""A package's network on a runtime with its scorer: what golden frames, training and the station share."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.artefact import ArtefactEntry
from models.assembly import Assembly, load_assembly
from models.assembly_entry import AssemblyEntry
from models.certification import Place
from models.classifier import Classifier, load_classifier
from models.decision import Scores
from models.errors import ModelError, PackageError
from models.geometry import Geometry
from models.instructions import instruction_set, machine_name
from models.layout import Size
from models.manifest import ClassifierEntry, Manifest
from models.package import Package
from models.runtimes.base import Placement, Runtime
from models.runtimes.choose import REFERENCE, start_runtime
from models.scorers import Floats, Mosaics, RawScores, Scorer, calibrated, load_scorer, score_views

_WARM_UP_RUNS = 3


Scoring = Scorer | Assembly | Classifier


class Judge:
    """Network inputs → raw and calibrated scores: what golden frames, training and the station share."""

    def __init__(self, package: Package, runtime: Runtime, scorer: Scoring, artefact: ArtefactEntry) -> None:
        manifest = package.manifest
        # A runtime the package never saw uses the reference's map; it is not certified, so the station only monitors.
        maps = {str(name): score_map for name, score_map in manifest.score_maps.items()}
        if REFERENCE not in maps:
            raise PackageError(f"the package has no score map for {REFERENCE}; export it again")
        self.score_map = maps.get(runtime.name, maps[REFERENCE])
        self.runtime, self.artefact, self.scorer = runtime, artefact, scorer
        self.geometry = Geometry(manifest.geometry, manifest.input.size, package.files)

    @property
    def dimensions(self) -> int:
        """Length of the vectors that the scorer compares."""
        return self.scorer.dimensions

    @property
    def views(self) -> int:
        """How many kinds of network input it tells apart: named regions or tiles."""
        return len(self.scorer.rois) if isinstance(self.scorer, Assembly) else self.geometry.views

    def score(self, inputs: NDArray[np.uint8], mosaics: Mosaics) -> tuple[RawScores, int]:
        """Score the views `(n, H, W, 3)` of one picture; how many nanoseconds of it the network took."""
        took_ns = 0

        def features() -> Iterator[tuple[Floats, ...]]:
            nonlocal took_ns
            for index in range(len(inputs)):
                started = time.perf_counter_ns()
                found = self.runtime.infer(inputs[index : index + 1])
                took_ns += time.perf_counter_ns() - started
                yield found

        assert isinstance(self.scorer, Scorer)  # named regions and whole parts are not stitched
        raw = score_views(self.scorer, features(), mosaics)
        return raw, took_ns

    def calibrated(self, raw: RawScores) -> Scores:
        return calibrated(raw, self.score_map)

    def __call__(self, tensor: NDArray[np.uint8], view: int = 0, picture: Size | None = None) -> Scores:
        """Scores of one network input `(1, H, W, 3)`; `view`: which named region or tile it shows.

        `picture`: (width, height) of the camera picture, where what scores depends on it.

        Raises:
            PackageError: there is no such view.
            BadPicture: the geometry is not for such pictures.
        """
        if isinstance(self.scorer, Assembly):
            return self.calibrated(self.scorer(self.runtime.infer(tensor), view).as_part())
        if isinstance(self.scorer, Classifier):
            return self.calibrated(self.scorer(self.runtime.infer(tensor)))
        return self.calibrated(self.score(tensor, self.geometry.alone(view, picture))[0])


def start_judge(package: Package, placement: Placement) -> Judge:
    """The package's network on a runtime, warmed up with its scorer; not yet self-tested, so not to judge parts with.

    `placement.threads` holds for the runtime; numpy's matrix products run on one thread in the whole process.

    Raises:
        PackageError, RuntimeUnavailable, InferenceError: as `Detector.load`.
    """
    # With more threads numpy's BLAS spins on the other cores between parts: 72 ms CPU a part on two, 18 ms on one.
    threadpool_limits(limits=1, user_api="blas")
    manifest = package.manifest
    entry, files = manifest.scorer, package.files
    if isinstance(entry, AssemblyEntry):
        scorer: Scoring = load_assembly(entry, files)
    elif isinstance(entry, ClassifierEntry):
        scorer = load_classifier(entry, files)
    else:
        scorer = load_scorer(entry, files, manifest.input.size)
    engine, artefact = start_runtime(placement, manifest.artefacts, package.files)
    try:
        judge = Judge(package, engine, scorer, artefact)
        _warm_up(judge, manifest)
    except (ModelError, ValueError):
        engine.close()
        raise
    return judge


def place_of(package: Package, judge: Judge) -> Place:
    """What a certification of this package, on the judge's runtime, on this machine, is bound to."""
    return Place(package.hash, judge.runtime.label, instruction_set(), machine_name())


def _warm_up(judge: Judge, manifest: Manifest) -> None:
    """The first runs allocate and compile; they must not be a part's."""
    blank = np.full((1, manifest.input.height_px, manifest.input.width_px, 3), 127, np.uint8)
    try:
        for run in range(max(_WARM_UP_RUNS, judge.views)):
            judge(blank, run % judge.views)
    except ValueError as error:
        raise PackageError(
            f"the network's outputs do not fit the scorer ({error}); export the package again"
        ) from error

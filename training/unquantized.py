"""The twin of a package whose network was never quantized: what INT8 costs is told by judging with both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from models.artefact import ArtefactEntry
from models.decision import Limits
from models.golden import decode_frame, expectation
from models.judge import Judge, start_judge
from models.manifest import ClassifierEntry, GoldenEntry, GoldenFrame, LimitsEntry, ScoreMap
from models.package import Package, file_table, open_package, write_package
from models.runtimes.base import Placement
from models.runtimes.choose import REFERENCE
from training.assemble import Taught, npy

_NETWORK = "fp32.onnx"


@dataclass(frozen=True, slots=True)
class Unquantized:
    """A network as ONNX in fp32, with the scorer and the reference's score map that were made from its own features.

    The package's own scorer would not do: to it the missing quantization error is an anomaly. `limits`: of a
    classifier, whose confidence is its own; None: the package's, which mean the same on every score map.
    """

    network: bytes
    fitted: Taught
    score_map: ScoreMap
    limits: Limits | None = None


def write_unquantized(package: Path, parts: Unquantized, out: Path) -> None:
    """Write the same package with these parts, for the reference runtime alone; it names no defects by prototypes.

    Its self-test is recorded anew and it is certified nowhere, so that no station sets Pass by it.

    Raises:
        PackageError: the package may not be used, or the network does not fit it.
        RuntimeUnavailable: ONNX Runtime is not installed.
        InferenceError: the network gives scores that are no numbers.
        OSError: the twin cannot be written.
    """
    opened = open_package(package)
    manifest = opened.manifest
    arrays = {role: f"scorer/{role}.npy" for role in parts.fitted.arrays}
    changed: dict[str, object] = {
        "artefacts": (ArtefactEntry(file=_NETWORK, format="onnx", quantization="float32", certified={}),),
        "scorer": parts.fitted.entry(arrays),
        "naming": None,
        "score_maps": {REFERENCE: parts.score_map},
        "calibration": manifest.calibration.model_copy(update={"others": {}}),
    }
    if parts.limits is not None:
        changed["limits"] = LimitsEntry(ok_below=parts.limits.ok_below, ng_from=parts.limits.ng_from)
    twin = manifest.model_copy(update=changed)
    kept = twin.referenced() & set(opened.files)
    files = {name: data for name, data in opened.files.items() if name in kept or name not in manifest.referenced()}
    files |= {_NETWORK: parts.network, **{arrays[role]: npy(array) for role, array in parts.fitted.arrays.items()}}
    twin = twin.model_copy(update={"files": file_table(files)})
    opened = replace(opened, manifest=twin, files=files)
    judge = start_judge(opened, Placement(REFERENCE))
    try:
        twin = twin.model_copy(update={"golden": _recorded(opened, judge)})
    finally:
        judge.runtime.close()
    write_package(out, twin, files)


def _recorded(package: Package, judge: Judge) -> GoldenEntry:
    golden, size = package.manifest.golden, package.manifest.input.size
    limits, scorer = package.manifest.limits.limits(), package.manifest.scorer
    classifier = scorer if isinstance(scorer, ClassifierEntry) else None

    def recorded(frame: GoldenFrame) -> GoldenFrame:
        scores = judge(decode_frame(package.files, frame.file, size), frame.view, frame.picture_px)
        return frame.model_copy(update={"expected": {REFERENCE: expectation(scores, limits, classifier)}})

    return golden.model_copy(update={"frames": tuple(recorded(frame) for frame in golden.frames)})

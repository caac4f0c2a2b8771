"""Replay a package's golden frames here and say what came out, whatever came out."""

from __future__ import annotations

from models.certification import Finding, find
from models.golden import replay_frames
from models.judge import place_of, start_judge
from models.package import Package
from models.runtimes.base import Placement


def prove(package: Package, placement: Placement, time: str) -> Finding:
    """Judge every golden frame with the package on a runtime of this machine; blocks until done. `time` as in records.

    Raises:
        PackageError, RuntimeUnavailable, InferenceError: as `Detector.load`.
    """
    manifest = package.manifest
    judge = start_judge(package, placement)
    try:
        replays = tuple(replay_frames(manifest, package.files, judge.runtime.name, judge))
    finally:
        judge.runtime.close()
    return find(place_of(package, judge), replays, manifest.golden.score_tolerance, time)

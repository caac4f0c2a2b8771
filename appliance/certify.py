"""`okng certify`: replay a package's golden frames on this machine and record what came out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from appliance.config.schema import Config
from appliance.state_dir import StateDir
from appliance.store.certified import CertifiedRecords
from models.certification import Finding
from models.detector import Detector, ModelInfo
from models.errors import InferenceError, PackageError
from models.geometry_entry import GeometrySpec
from models.manifest import QualityEntry
from models.package import open_package
from models.probe import probe
from models.proving import prove
from models.runtimes.base import Placement


def placement_of(config: Config) -> Placement:
    """Where the station of a configuration runs its model; one that only collects says nothing of it."""
    engines, model = StateDir(config.station.state_dir).engines, config.model
    if model is None:
        return Placement(engine_cache=engines)
    return Placement(model.runtime, model.device, model.threads, engines)


def records_of(config: Config) -> CertifiedRecords:
    return CertifiedRecords(StateDir(config.station.state_dir).certified)


def load_model(
    package: Path,
    placement: Placement,
    records: CertifiedRecords | None,
    quality: QualityEntry | None = None,
    geometry: GeometrySpec | None = None,
) -> Detector:
    """The package in a child process first, then here, self-tested and certified by what is known of it.

    `quality`: the recipe's limits for pictures that may be judged, where it has its own; `geometry` likewise.

    Raises:
        ModelError: it may not be used here.
    """
    probe(package, **asdict(placement))
    return Detector.load(package, **asdict(placement), certificates=records, quality=quality, geometry=geometry)


def certify(package: Path, placement: Placement, records: CertifiedRecords | None) -> Finding:
    """Replay every golden frame here, in this process once a child has survived the package; record what came out.

    A package that is refused before its frames can be judged loses the record it has.

    Raises:
        ModelError: there is nothing to replay, or it does not run here.
        NotThere: the record cannot be written.
    """
    opened = open_package(package)
    try:
        probe(package, **asdict(placement))
        finding = prove(opened, placement, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    except (PackageError, InferenceError):
        if records is not None:
            records.remove(opened.hash)
        raise
    if records is not None:
        records.write(finding)
    return finding


def as_lines(finding: Finding) -> list[str]:
    """One line a frame, then what all of them were replayed with."""
    lines = [
        f"{frame.file}  {frame.outcome} {frame.score:.4f}, expected {frame.expected} {frame.expected_score:.4f}, "
        f"deviation {frame.deviation:.5f}{'' if frame.agrees(finding.tolerance) else '  REFUSED'}"
        for frame in finding.frames
    ]
    return [
        *lines,
        f"{len(finding.frames)} answers on {finding.runtime}, {finding.instruction_set}, {finding.machine}: "
        f"largest deviation {finding.largest_deviation:.5f}, {finding.tolerance:g} is tolerated",
    ]


def certification_sentence(info: ModelInfo, *, with_station: bool) -> str:
    """Whether the model may set Pass here, and by what or why not."""
    if info.certified:
        return f"certified here {info.certification}"
    asked = "" if with_station else "; --config also asks a station's records"
    return f"not certified on this machine: monitor mode ({info.certification}){asked}"

"""What a finished run has proven: the very certificate that a station computes from the package."""

from __future__ import annotations

import hashlib
from typing import Literal, Protocol

from models.certificate import Certificate, Setting, certificate
from models.certification import Place
from models.instructions import instruction_set, machine_name
from models.manifest import Manifest
from models.runtimes.choose import REFERENCE
from training.gate import Calibration


class Proven(Protocol):
    """A finished run of whatever task."""

    @property
    def manifest(self) -> Manifest: ...
    @property
    def calibration(self) -> Calibration: ...


def proof(run: Proven) -> Certificate:
    """The certificate of the package's own limits, on the reference runtime of the machine that trained it."""
    package = "sha256:" + hashlib.sha256(run.manifest.to_bytes()).hexdigest()
    place = Place(package, f"{REFERENCE}-cpu", instruction_set(), machine_name())
    return certificate(run.manifest, run.calibration.limits, Setting(place, run.manifest.geometry.hash))


def bound_of(proven: Certificate, about: Literal["overkill", "stopped"]) -> float | None:
    return next((one.bound for one in proven.statements if one.about == about), None)

"""What a package has proven: the very certificate that a station computes from it."""

from __future__ import annotations

import hashlib
from typing import Literal

from models.certificate import Certificate, Setting, certificate
from models.certification import Place
from models.instructions import instruction_set, machine_name
from models.manifest import Manifest
from models.runtimes.choose import REFERENCE


def proof(manifest: Manifest) -> Certificate:
    """The certificate of a package's own limits, on the reference runtime of this machine."""
    package = "sha256:" + hashlib.sha256(manifest.to_bytes()).hexdigest()
    place = Place(package, f"{REFERENCE}-cpu", instruction_set(), machine_name())
    return certificate(manifest, manifest.limits.limits(), Setting(place, manifest.geometry.hash))


def bound_of(proven: Certificate, about: Literal["overkill", "stopped"]) -> float | None:
    return next((one.bound for one in proven.statements if one.about == about), None)

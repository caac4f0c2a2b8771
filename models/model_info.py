"""What is loaded: the model's name and hash, its classes and limits, and whether it is proven on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.certification import Certificates, listed
from models.decision import DefectClass, Limits
from models.judge import Judge, place_of
from models.package import Package
from models.typical import Typical, typical_in


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is loaded.

    `certified`: the package lists this runtime and instruction set, or a station's record proves them; `certification`
    says by what, or why not. `typical`: what the package's good pictures are like; see `models.typical`. `members`: of
    two models that stand as one, each by itself; see `models.ensemble`.
    """

    id: str
    version: str
    hash: str
    runtime: str
    input_size: tuple[int, int]
    classes: tuple[DefectClass, ...]
    limits: Limits
    certified: bool
    certification: str = ""
    typical: Mapping[str, Typical] = field(default_factory=dict)
    members: tuple[ModelInfo, ...] = ()
    geometry_hash: str = ""


def model_info(package: Package, judge: Judge, certificates: Certificates, geometry_hash: str) -> ModelInfo:
    manifest, place = package.manifest, place_of(package, judge)
    by_package = listed(judge.artefact, judge.runtime.name, place)
    reason = None if by_package else certificates.why_not(place)
    if geometry_hash != manifest.geometry.hash:
        reason = "the recipe cuts pictures otherwise than the package was proven with; train with this geometry"
    return ModelInfo(
        id=manifest.id,
        version=manifest.version,
        hash=package.hash,
        runtime=judge.runtime.label,
        input_size=manifest.input.size,
        classes=tuple(row.defect_class() for row in manifest.classes),
        limits=manifest.limits.limits(),
        certified=reason is None,
        certification=reason or ("by the package" if by_package else "by okng certify on this machine"),
        typical=typical_in(manifest, judge.runtime.name),
        geometry_hash=geometry_hash,
    )

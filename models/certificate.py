"""What the held-out pictures of a package prove about its errors at given limits: a pure function of both.

Claims. Each holds for itself with 95 % confidence (over the choice of the held-out pictures):

    overkill  at most this share of good parts is NG            (score >= ng_from)
    stopped   at most this share of good parts is not OK        (score >= ok_below), so RECHECK alone is no more either
    escape    at most this share of parts with one defect is OK (score < ok_below), for each defect by itself

What counts as independent. Pictures of one group (part, lot, exposure series) are never counted apart: a group has one
score, its worst picture's (the highest of good ones, the lowest of defective ones), and n is the number of groups. What
is bounded is then the chance that the worst picture of a group fails, which is no less than that of a picture drawn
from a group drawn at random. One group proves nothing.

Which bound. A limit that a rule fixed before the scores were seen (the package's own, where `spare_rank` says so) gets
the order-statistic bound at that rank. Every other limit may have been chosen on this very sample and gets the bound
for any limit, at a confidence shared by all scorers that were compared on it (Bonferroni). Both are given: whoever
looked at the scores before keeping the package's own limit has chosen, too, and reads the second.

What is assumed, and cannot be proven from these numbers:
- Later parts are to the held-out groups as these are to one another: same product, camera, light, lots drawn alike.
  Pictures of defects are a fair sample of that defect, not the conspicuous ones alone.
- Held-out scores come from cross-fitting: each picture was scored by a scorer fitted without its fold. The scorer that
  ships was fitted on all of them. That it scores new parts as the folds' scorers do is assumed, not proven.
- Group ids are true. A picture without one counts as a group of its own.
- Only pictures that are fit to judge count; what the quality gate makes ERROR is outside of these rates.

What is not assumed: any law of the scores, equal group sizes, or that limits were chosen fairly.
A runtime needs held-out scores of its own, read through its own map, on an instruction set that the package lists: a
replay of golden frames shows that a machine computes alike, not how its good parts score.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from pydantic import Field

from models.bands import any_limit_bound
from models.certification import Place, listed
from models.decision import Limits
from models.entry import Entry, Unit, json_bytes
from models.intervals import upper_bound
from models.manifest import Manifest, SampleEntry, ScoreMap
from models.runtimes.choose import REFERENCE

CONFIDENCE = 0.95
# Packages that do not say how many scorers were compared had defects to compare them on, or had not.
_MOST_SCORERS = 16


class Void(StrEnum):
    """Why a certificate certifies nothing (any more)."""

    PACKAGE = "package"
    GEOMETRY = "geometry"
    RUNTIME = "runtime"
    INSTRUCTION_SET = "instruction_set"
    CAMERA = "camera"
    MODELS = "models"
    DRIFT = "drift"


class Gap(StrEnum):
    """Why one statement of a valid certificate has no bound."""

    ONE_GROUP = "one_group"
    TOO_FEW = "too_few"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a certificate is bound to. `geometry` and `camera` are hashes of what is in force; no camera: not known.

    `models`: how many judge together; `suppresses`: whether a rule of the recipe may let a detection pass.
    """

    place: Place
    geometry: str
    camera: str | None = None
    models: int = 1
    suppresses: bool = False


class Statement(Entry):
    """One claim: of `groups` independent ones (`pictures` in all), `events` lie on the wrong side of the limit.

    `bound`: what is certified, None with the `gap` that is in the way. `any_limit`: the same for any choice of the
    limit on this sample; equal to `bound` where no rule had fixed the limit before.
    """

    about: Literal["overkill", "stopped", "escape"]
    label: str | None = None
    events: int = Field(ge=0)
    groups: int = Field(ge=0)
    pictures: int = Field(ge=0)
    spare_rank: int | None = None
    bound: Unit | None
    any_limit: Unit | None
    gap: Gap | None = None


class Certificate(Entry):
    """What is certified, for what, and why it may not count. Its `id` changes with anything but that it was voided."""

    schema_version: Literal["okng-certificate/1"]
    package: str
    geometry: str
    runtime: str
    instruction_set: str
    camera: str | None
    ok_below: Unit
    ng_from: Unit
    confidence: float = Field(gt=0.5, lt=1.0)
    scorers: int = Field(ge=1)
    statements: tuple[Statement, ...]
    void_because: tuple[Void, ...] = ()

    @property
    def id(self) -> str:
        content = self.model_copy(update={"void_because": ()})
        return "sha256:" + hashlib.sha256(json_bytes(content)).hexdigest()

    @property
    def certifies(self) -> bool:
        """Whether there is anything in it that a result may be filed under."""
        return not self.void_because and any(one.bound is not None for one in self.statements)

    @property
    def shared_confidence(self) -> float:
        """What each bound for any limit holds at, so that whichever scorer was chosen holds at `confidence`."""
        return 1.0 - (1.0 - self.confidence) / self.scorers

    def void(self, *reasons: Void) -> Certificate:
        """The same, certifying nothing any more."""
        return self.model_copy(update={"void_because": tuple(dict.fromkeys((*self.void_because, *reasons)))})

    def to_bytes(self) -> bytes:
        return json_bytes(self)


@dataclass(frozen=True, slots=True)
class WorstScores:
    """One score a group in the unit [0, 1], the worst of its pictures, rising; and how many pictures there were."""

    worst: tuple[float, ...]
    pictures: int


@dataclass(frozen=True, slots=True)
class HeldOut:
    """All that a runtime's held-out pictures scored, by its own map."""

    good: WorstScores
    defects: dict[str, WorstScores]


def held_out(manifest: Manifest, runtime: str) -> HeldOut | None:
    """The held-out scores of a runtime family; None where the package has none for it."""
    calibration = manifest.calibration
    maps = {str(name): score_map for name, score_map in manifest.score_maps.items()}
    if runtime not in maps:
        return None
    if runtime == REFERENCE:
        good, defects = SampleEntry(scores=calibration.scores, groups=calibration.groups), calibration.defects
    else:
        others = {str(name): entry for name, entry in calibration.others.items()}
        if runtime not in others:
            return None
        good, defects = others[runtime].good, others[runtime].defects
    score_map = maps[runtime]
    return HeldOut(
        _worst(good, score_map, highest=True),
        {label: _worst(sample, score_map, highest=False) for label, sample in sorted(defects.items())},
    )


def _worst(sample: SampleEntry, score_map: ScoreMap, *, highest: bool) -> WorstScores:
    """Rising raw scores: of a group the last one seen is the highest, the first one seen the lowest."""
    scores = np.interp(np.asarray(sample.scores, np.float64), score_map.raw, score_map.score).tolist()
    pairs = list(zip(sample.groups, scores, strict=True))
    by_group = dict(pairs if highest else reversed(pairs))
    return WorstScores(tuple(sorted(by_group.values())), len(pairs))


def family_of(runtime: str) -> str:
    """The family whose map and scores speak for a label such as "openvino-cpu 2026.1": processors only."""
    device = runtime.split(" ")[0]
    return device.removesuffix("-cpu") if device.endswith("-cpu") else ""


def compared_scorers(manifest: Manifest) -> int:
    """Between how many scorers the held-out scores were allowed to choose."""
    if manifest.calibration.scorers is not None:
        return manifest.calibration.scorers
    return _MOST_SCORERS if manifest.training.defective_pictures else 1


def certificate(manifest: Manifest, limits: Limits, setting: Setting, confidence: float = CONFIDENCE) -> Certificate:
    """What the package's held-out pictures prove at `limits` in a setting; the same input gives the same bytes."""
    place, family = setting.place, family_of(setting.place.runtime)
    found = held_out(manifest, family)
    issued = Certificate(
        schema_version="okng-certificate/1",
        package=place.package,
        geometry=setting.geometry,
        runtime=place.runtime,
        instruction_set=place.instruction_set,
        camera=setting.camera,
        ok_below=limits.ok_below,
        ng_from=limits.ng_from,
        confidence=confidence,
        scorers=compared_scorers(manifest),
        statements=(),
    )
    if setting.geometry != manifest.geometry.hash:
        issued = issued.void(Void.GEOMETRY)
    if setting.models != 1:
        issued = issued.void(Void.MODELS)
    if found is None:
        return issued.void(Void.RUNTIME)
    if not any(listed(artefact, family, place) for artefact in manifest.artefacts):
        issued = issued.void(Void.INSTRUCTION_SET)
    if issued.void_because:
        return issued
    own = limits == manifest.limits.limits() and family == REFERENCE
    rank = manifest.calibration.spare_rank if own else None
    statements = _statements(issued, found, rank, suppresses=setting.suppresses)
    return issued.model_copy(update={"statements": statements})


def _statements(issued: Certificate, found: HeldOut, rank: int | None, *, suppresses: bool) -> tuple[Statement, ...]:
    good = found.good
    over = sum(score >= issued.ng_from for score in good.worst)
    stopped = sum(score >= issued.ok_below for score in good.worst)
    escapes = [
        state(issued, "escape", sum(score < issued.ok_below for score in sample.worst), sample, None, label)
        for label, sample in found.defects.items()
    ]
    if suppresses:
        escapes = [_without(one, Gap.RULES) for one in escapes]
    return (
        state(issued, "overkill", over, good, rank),
        state(issued, "stopped", stopped, good, rank),
        *escapes,
    )


def state(
    issued: Certificate,
    about: Literal["overkill", "stopped", "escape"],
    events: int,
    sample: WorstScores,
    rank: int | None,
    label: str | None = None,
) -> Statement:
    """The statement that `events` of a sample's groups on the wrong side of a limit allow."""
    groups = len(sample.worst)
    any_limit = any_limit_bound(events, groups, issued.shared_confidence)
    fixed = rank if rank is not None and events <= rank < groups else None
    bound = any_limit if fixed is None else upper_bound(fixed, groups, issued.shared_confidence)
    claim = Statement(
        about=about,
        label=label,
        events=events,
        groups=groups,
        pictures=sample.pictures,
        spare_rank=fixed,
        bound=bound,
        any_limit=any_limit,
    )
    if groups <= 1:
        return _without(claim, Gap.ONE_GROUP)
    return claim if bound < 1.0 else _without(claim, Gap.TOO_FEW)


def _without(claim: Statement, gap: Gap) -> Statement:
    return claim.model_copy(update={"bound": None, "any_limit": None, "gap": gap})

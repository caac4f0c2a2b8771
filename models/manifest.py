"""What a model package says of itself: the schema of `manifest.json` (see docs/package.md).

Strict on purpose: an unknown field or schema version refuses the package, because a station must not guess.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from models.artefact import ArtefactEntry as ArtefactEntry  # part of the manifest's schema, as are the three below
from models.artefact import Format as Format
from models.artefact import Quantization as Quantization
from models.artefact import RuntimeName as RuntimeName
from models.assembly_entry import AssemblyEntry as AssemblyEntry
from models.decision import DefectClass, Limits, Severity
from models.entry import Entry, FileName, Finite, Sha256, Unit, json_bytes, strict_json
from models.errors import PackageError
from models.fitness import PresenceEntry as PresenceEntry
from models.fitness import QualityEntry as QualityEntry
from models.geometry_entry import GeometryEntry as GeometryEntry
from models.golden_entry import GoldenEntry as GoldenEntry
from models.golden_entry import GoldenExpectation as GoldenExpectation
from models.golden_entry import GoldenFrame as GoldenFrame
from models.scorer_entry import UNKNOWN_DEFECT as UNKNOWN_DEFECT
from models.scorer_entry import ClassifierEntry as ClassifierEntry
from models.scorer_entry import HeadEntry as HeadEntry
from models.scorer_entry import ScorerEntry as ScorerEntry
from models.scorer_entry import TermEntry as TermEntry

SCHEMA_VERSION = "okng-package/1"


class FileEntry(Entry):
    sha256: Sha256
    size: int = Field(ge=0)


class ClassEntry(Entry):
    """One row of the defect catalogue; codes are append-only."""

    label: str = Field(min_length=1, max_length=100)
    code: int = Field(ge=1, le=65535)
    name_en: str = Field(min_length=1, max_length=100)
    name_zh: str = Field(min_length=1, max_length=100)
    severity: Severity

    def defect_class(self) -> DefectClass:
        return DefectClass(self.label, self.code, self.name_en, self.name_zh, self.severity)


class InputEntry(Entry):
    width_px: int = Field(ge=32, le=4096, multiple_of=16)
    height_px: int = Field(ge=32, le=4096, multiple_of=16)
    layout: Literal["uint8 NHWC BGR"]
    resize: Literal["area when shrinking, else linear"]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.width_px, self.height_px


class ScoreMap(Entry):
    """A strictly rising piecewise linear map from a scorer's raw unit to [0, 1]; constant beyond its ends."""

    raw: tuple[Finite, ...] = Field(min_length=2, max_length=64)
    score: tuple[Unit, ...] = Field(min_length=2, max_length=64)

    @model_validator(mode="after")
    def _rises(self) -> ScoreMap:
        if len(self.raw) != len(self.score):
            raise ValueError("a score map needs as many raw values as scores")
        for values in (self.raw, self.score):
            if any(b <= a for a, b in pairwise(values)):
                raise ValueError("a score map must rise from knot to knot")
        return self


class NamingEntry(Entry):
    """Prototypes of known defects: `vectors` `(n, d)` unit length, `codes` `(n,)`; see models/naming.py."""

    vectors: FileName
    codes: FileName
    min_similarity: float = Field(ge=-1.0, le=1.0, allow_inf_nan=False)


class SampleEntry(Entry):
    """Held-out raw scores of pictures of one kind, rising, each with the group (part or lot) that its picture is of."""

    scores: tuple[Finite, ...] = Field(max_length=100_000)
    groups: tuple[str, ...] = Field(max_length=100_000)

    @model_validator(mode="after")
    def _pairs(self) -> SampleEntry:
        if len(self.scores) != len(self.groups):
            raise ValueError("each calibration score needs its group id")
        if any(b < a for a, b in pairwise(self.scores)):
            raise ValueError("calibration scores must be sorted")
        return self


class HeldOutEntry(Entry):
    """The same pictures' scores on another runtime; `defects` by label."""

    good: SampleEntry
    defects: dict[str, SampleEntry] = Field(default_factory=dict)


class CalibrationEntry(SampleEntry):
    """Scores of good pictures on the reference runtime, in `defects` those of each defect, in `others` all again.

    `scorers`: how many were compared on these very scores before one was chosen. `spare_rank`: how many good pictures
    were, by a rule that did not look at them, left above the package's own `ok_below` at most; None: it was chosen on
    them.
    """

    defects: dict[str, SampleEntry] = Field(default_factory=dict)
    others: dict[RuntimeName, HeldOutEntry] = Field(default_factory=dict)
    scorers: int | None = Field(None, ge=1, le=10_000)
    spare_rank: int | None = Field(None, ge=0)


class LimitsEntry(Entry):
    ok_below: Unit
    ng_from: Unit

    @model_validator(mode="after")
    def _ordered(self) -> LimitsEntry:
        self.limits()
        return self

    def limits(self) -> Limits:
        return Limits(self.ok_below, self.ng_from)


class TrainingEntry(Entry):
    """Where the model comes from, for the record.

    `split_sha256`: of the split whose test pictures it never saw; `regression_sha256`: last line of the regression set.
    """

    data_sha256: Sha256
    config_sha256: Sha256
    seed: int
    good_pictures: int = Field(ge=0)
    defective_pictures: int = Field(ge=0)
    tools: dict[str, str]
    split_sha256: Sha256 | None = None
    regression_sha256: Sha256 | None = None


_SCORERS = {"anomaly": ScorerEntry, "assembly": AssemblyEntry, "classification": ClassifierEntry}


class Manifest(Entry):
    schema_version: Literal["okng-package/1"]
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$")
    task: Literal["anomaly", "assembly", "classification"]
    created: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")
    classes: tuple[ClassEntry, ...] = Field(min_length=1, max_length=1000)
    input: InputEntry
    geometry: GeometryEntry
    artefacts: tuple[ArtefactEntry, ...] = Field(min_length=1, max_length=4)
    scorer: ScorerEntry | AssemblyEntry | ClassifierEntry = Field(discriminator="kind")
    naming: NamingEntry | None
    calibration: CalibrationEntry
    score_maps: dict[RuntimeName, ScoreMap]
    limits: LimitsEntry
    golden: GoldenEntry
    quality: QualityEntry
    presence: PresenceEntry | None = None
    training: TrainingEntry
    files: dict[FileName, FileEntry]

    @model_validator(mode="after")
    def _whole(self) -> Manifest:
        if (self.classes[0].label, self.classes[0].code) != (UNKNOWN_DEFECT, 1):
            raise ValueError("the first class must be unknown_defect with code 1")
        for values in ([c.label for c in self.classes], [c.code for c in self.classes]):
            if len(set(values)) != len(values):
                raise ValueError("labels and codes of the catalogue must be unique")
        if len({artefact.file for artefact in self.artefacts}) != len(self.artefacts):
            raise ValueError("two artefacts name the same file")
        if len({(artefact.format, artefact.role) for artefact in self.artefacts}) != len(self.artefacts):
            raise ValueError("two artefacts have the same format and role, so that none could be chosen")
        missing = sorted(self.referenced() - set(self.files))
        if missing:
            raise ValueError(f"{missing[0]} is used but not listed under files")
        return self

    @model_validator(mode="after")
    def _task_fits(self) -> Manifest:
        if not isinstance(self.scorer, _SCORERS[self.task]):
            raise ValueError(f"the scorer {self.scorer.kind} is none for the task {self.task}")
        labels = {row.label for row in self.classes}
        if isinstance(self.scorer, AssemblyEntry):
            self.scorer.refuse_strangers(labels, [one.view for one in self.golden.frames])
        else:
            self.scorer.refuse_strangers(labels)
        return self

    @model_validator(mode="after")
    def _one_view(self) -> Manifest:
        """One place of the input is one place of the part, and a class the part's, only where a picture is one view."""
        if self.scorer.kind == "position_gaussian" and self.geometry.tiles is not None:
            raise ValueError("a scorer that knows positions judges one view of a part, no tiles")
        if self.scorer.kind == "classifier" and self.geometry.tiles is not None:
            raise ValueError("a classifier judges a part as a whole, no tiles")
        return self

    @model_validator(mode="after")
    def _limits_in_reach(self) -> Manifest:
        """A score is never beyond its map's ends: with an end on the wrong side, every part would be judged alike."""
        classifier = isinstance(self.scorer, ClassifierEntry)
        if classifier and self.limits.ok_below != 0.0:
            raise ValueError("a classifier has no good class: its ok_below is 0, so that no part can be OK")
        for name, score_map in self.score_maps.items():
            if classifier and score_map.score[0] >= self.limits.ng_from:
                raise ValueError(
                    f"the score map of {name} never falls below ng_from, so that every class would be sure"
                )
            if not classifier and score_map.score[0] >= self.limits.ok_below:
                raise ValueError(f"the score map of {name} never falls below ok_below, so that no part could be OK")
            if score_map.score[-1] != 1.0:
                raise ValueError(f"the score map of {name} must end at 1, so that any limit can make a part NG")
        return self

    @model_validator(mode="after")
    def _self_test_tells(self) -> Manifest:
        """The golden frames prove something, and prove it for each runtime that the package calls certified."""
        certified = sorted({name for artefact in self.artefacts for name in artefact.certified})
        for name in certified:
            if name not in self.score_maps:
                raise ValueError(f"{name} is certified without a score map of its own")
        self.golden.refuse_blind(certified, isinstance(self.scorer, ClassifierEntry))
        return self

    def referenced(self) -> set[str]:
        """Every file that some entry names."""
        names = {artefact.file for artefact in self.artefacts} | self.scorer.files()
        names |= {frame.file for frame in self.golden.frames}
        names |= {self.quality.reference} if self.quality.reference else set()
        names |= {self.presence.median, self.presence.spread} if self.presence else set()
        names |= {self.geometry.align.reference} if self.geometry.align and self.geometry.align.reference else set()
        return names | ({self.naming.vectors, self.naming.codes} if self.naming else set())

    def to_bytes(self) -> bytes:
        """What `manifest.json` holds; its hash is the package's."""
        return json_bytes(self)


def parse_manifest(content: bytes) -> Manifest:
    """Read `manifest.json` strictly: UTF-8, no doubled keys, no NaN, known schema, no unknown field.

    Raises:
        PackageError: naming the first thing that is wrong.
    """
    try:
        data = strict_json(content)
    except ValueError as error:
        raise PackageError(f"the package's manifest is no valid JSON ({error}); get the package again") from error
    schema = data.get("schema_version") if isinstance(data, dict) else None
    if schema != SCHEMA_VERSION:
        raise PackageError(
            f"the package has the schema {schema!r}, this okng reads {SCHEMA_VERSION!r}; "
            "install the matching okng or export the package again"
        )
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise PackageError(f"the package's manifest is wrong at {where}: {first['msg']}; export it again") from error

"""The inspection result on the wire: the typed form of `docs/result.schema.json`, constraint for constraint.

A message that this model accepts fits the schema, and one that breaks a rule of the schema cannot be built: an outcome
has one evaluation, only OK may pass the gate, and what was aborted or failed is ERROR.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

SCHEMA_ID: Literal["okng.result/1"] = "okng.result/1"

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Hash = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
StationPath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+){4}$")]
Word = Annotated[int, Field(ge=0, le=65535)]
Unit = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Milliseconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
ShortText = Annotated[str, Field(max_length=64)]
Evaluation = Literal["OK", "NotOK", "NotDecidable", "Undefined"]
OutcomeName = Literal["OK", "NG", "RECHECK", "NO_PART", "ERROR"]
GateAction = Literal["pass", "reject", "none"]
GateOutcome = Literal["commanded", "confirmed", "unconfirmed", "late", "defaulted"]
DecidedByName = Literal["model", "rule", "timeout", "fault", "operator"]
State = Literal["Completed", "Aborted", "Failed"]
Clock = Literal["synced", "holdover", "unsynced"]

EVALUATIONS: dict[OutcomeName, Evaluation] = {
    "OK": "OK",
    "NG": "NotOK",
    "RECHECK": "NotDecidable",
    "NO_PART": "Undefined",
    "ERROR": "Undefined",
}
MAX_REASONS = 16
MAX_DEFECTS = 64


class Block(BaseModel):
    """Strict: a number sent as a text is refused here as the schema refuses it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class StationBlock(Block):
    path: StationPath
    serial: str
    sw: str
    fw: str | None = None


class TriggerBlock(Block):
    id: Word
    source: Literal["plc", "sensor", "encoder", "software", "interval", "presence"]
    encoder_counts: int | None = None
    clock_uncertainty_us: Number | None = None


class RecipeBlock(Block):
    id: str
    external_id: str | None = None
    number: Word
    version: str
    hash: Hash


class ModelBlock(Block):
    id: str
    hash: Hash
    runtime: str


class ClassBlock(Block):
    """One row of the defect catalogue as the recipe in force has it: what a result's `class` and `code` mean."""

    class_: str = Field(validation_alias="class", serialization_alias="class")
    code: Word
    name_en: str
    name_zh: str
    severity: Literal["critical", "major", "minor"]


class TimesBlock(Block):
    start: AwareDatetime
    end: AwareDatetime
    acquisition_ms: Milliseconds | None = None
    processing_ms: Milliseconds | None = None
    trigger_to_result_ms: Milliseconds | None = None


class DefectBlock(Block):
    """`bbox_px`: left, top, width, height in pixels of the camera picture.

    `rule`: "keep", "recheck" or "suppress", the rule of the recipe and its figure, as in
    "suppress:short:min_length_mm"; `limit` is that figure. Without one, "shows:hole" is what a named region of an
    assembly shows instead of what is expected there.
    """

    class_: str = Field(validation_alias="class", serialization_alias="class")
    code: Word
    score: Unit
    severity: Literal["critical", "major", "minor"]
    bbox_px: tuple[int, int, int, int]
    area_px: Number
    length_mm: Number | None = None
    limit: Number | None = None
    rule: str | None = None


class MeasurementBlock(Block):
    name: str
    value: Number | None = None
    unit: str
    nominal: Number | None = None
    lower: Number | None = None
    upper: Number | None = None
    evaluation: Evaluation


class ImageBlock(Block):
    role: Literal["raw", "overlay", "thumb"]
    uri: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int


class GateBlock(Block):
    action: GateAction
    outcome: GateOutcome
    due_counts: int | None = None


class LimitsBlock(Block):
    ok_below: Unit
    ng_from: Unit


class ResultMessage(Block):
    """One inspection result. `id` is the key consumers drop doubles by; (serial, boot_id, seq) shows them gaps."""

    schema_id: Literal["okng.result/1"] = Field(
        default=SCHEMA_ID, validation_alias="schema", serialization_alias="schema"
    )
    id: Id
    boot_id: str = Field(pattern=r"^[0-9a-f]{8}$")
    seq: int = Field(ge=1)
    station: StationBlock
    inspection_id: int = Field(ge=1, le=65535)
    trigger: TriggerBlock
    job_id: str | None = None
    part_id: ShortText | None = None
    lot_id: ShortText | None = None
    product_id: str | None = None
    order_id: str | None = None
    recipe: RecipeBlock
    model: ModelBlock | None = None
    state: State
    outcome: OutcomeName
    evaluation: Evaluation
    evaluation_code: Word
    reasons: tuple[str, ...] = Field(default=(), max_length=MAX_REASONS)
    decided_by: DecidedByName
    simulated: bool
    partial: bool = False
    historical: bool = False
    created: AwareDatetime
    clock: Clock
    times: TimesBlock
    score: Unit | None = None
    defects: tuple[DefectBlock, ...] = Field(default=(), max_length=MAX_DEFECTS)
    measurements: tuple[MeasurementBlock, ...] = ()
    images: tuple[ImageBlock, ...] = ()
    gate: GateBlock
    supersedes: Id | None = None
    limits: LimitsBlock | None = None
    config_hash: Hash
    certificate: str | None = None
    golden: bool = False

    @model_validator(mode="after")
    def _silence_is_never_ok(self) -> Self:
        if self.evaluation != EVALUATIONS[self.outcome]:
            raise ValueError(f"outcome {self.outcome} has the evaluation {EVALUATIONS[self.outcome]}")
        if self.gate.action == "pass" and self.outcome != "OK":
            raise ValueError(f"a part that is {self.outcome} may not pass the gate")
        if self.state != "Completed" and self.outcome != "ERROR":
            raise ValueError(f"an inspection that is {self.state} is ERROR, not {self.outcome}")
        if self.outcome == "OK" and any(not (defect.rule or "").startswith("suppress:") for defect in self.defects):
            raise ValueError("a part with a defect that no rule suppresses is not OK")
        return self

    def to_bytes(self) -> bytes:
        """The message as the wire carries it: UTF-8 JSON without empty members."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()

"""The retained messages that say how the station is: `state/availability`, `status`, `last_result`, `identity`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import AwareDatetime, Field

from appliance.commands.messages import SCHEMA_ID as REPLY
from appliance.live import LiveCounters, LiveDrift, LiveGolden
from appliance.sinks.result_schema import (
    SCHEMA_ID,
    Block,
    ClassBlock,
    Clock,
    DecidedByName,
    GateAction,
    Hash,
    Id,
    ModelBlock,
    OutcomeName,
    RecipeBlock,
    ResultMessage,
    StationPath,
    Unit,
    Word,
)

AVAILABILITY = "okng.availability/1"
IDENTITY = "okng.identity/1"
STATUS = "okng.status/1"
LAST_RESULT = "okng.last_result/1"
AUDIT = "okng.audit/1"


class StateBlock(Block):
    boot_id: str = Field(pattern=r"^[0-9a-f]{8}$")

    def to_bytes(self) -> bytes:
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class AvailabilityMessage(StateBlock):
    """`ts` of an offline message that the broker sent as last will is the time of connecting."""

    online: bool
    ts: AwareDatetime


class IdentityMessage(StateBlock):
    """`models`: of two models, each by itself; `model` stands for both. `classes`: what codes in results mean."""

    path: StationPath
    serial: str
    sw: str
    recipe: RecipeBlock
    model: ModelBlock | None = None
    models: tuple[ModelBlock, ...] = ()
    classes: tuple[ClassBlock, ...] = ()
    config_hash: Hash
    simulated: bool
    schemas: tuple[str, ...] = (SCHEMA_ID, AVAILABILITY, IDENTITY, STATUS, LAST_RESULT, AUDIT, REPLY)


class StatusMessage(StateBlock):
    """`state` is one of OPC 40100's vision states; `job` the recipe's number; the counters are one ledger snapshot.

    `golden` and `drift` are there where the recipe asks for them.
    """

    ts: AwareDatetime
    state: Literal[
        "Preoperational", "Initialized", "Ready", "SingleExecution", "ContinuousExecution", "Halted", "Error"
    ]
    armed: bool
    job: Word
    counters: LiveCounters
    spool_depth: int = Field(ge=0)
    clock: Clock
    golden: LiveGolden | None = None
    drift: LiveDrift | None = None


class LastResultMessage(StateBlock):
    """The latest result in short; the whole is on `evt/result` under the same id."""

    id: Id
    seq: int
    inspection_id: int
    outcome: OutcomeName
    decided_by: DecidedByName
    score: Unit | None = None
    evaluation_code: Word
    gate: GateAction
    created: AwareDatetime

    @classmethod
    def of(cls, result: ResultMessage) -> Self:
        return cls(
            boot_id=result.boot_id,
            id=result.id,
            seq=result.seq,
            inspection_id=result.inspection_id,
            outcome=result.outcome,
            decided_by=result.decided_by,
            score=result.score,
            evaluation_code=result.evaluation_code,
            gate=result.gate.action,
            created=result.created,
        )

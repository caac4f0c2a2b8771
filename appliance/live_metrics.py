"""The station's figures, as it tells them to its page once a second for monitoring systems.

Counters run since the station's start. Whatever is counted by name has names of a closed set: a monitoring system keeps
one series for each, and parts, lots or texts would make them without end.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from appliance.domain.device import DeviceId, DeviceLevel
from appliance.domain.readiness import Hindrance
from appliance.domain.reasons import Reason
from appliance.domain.stages import Stage

WorkerName = Literal["capture", "infer", "record", "pictures"]
DropCause = Literal[
    "picture_not_written", "picture_shed", "picture_queue_full", "event_dropped", "viewer_cut_off", "evidence_lost"
]

Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Celsius = Annotated[float, Field(ge=-273.15, le=1000, allow_inf_nan=False)]
Zone = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,48}$")]
Word = Annotated[str, Field(max_length=200)]


class Figures(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StationFacts(Figures):
    """Who speaks and what it runs; changes with a restart only."""

    path: Word
    name: Word
    serial: Word
    software: Word
    recipe: Word
    recipe_version: Word
    model: Word
    runtime: Word
    simulated: bool


class GoldenFigures(Figures):
    """Golden parts among the settled ones, by verdict: they belong to no yield."""

    ok: Count = 0
    ng: Count = 0
    recheck: Count = 0
    no_part: Count = 0
    error: Count = 0


class LedgerFigures(Figures):
    """One ledger snapshot. `errors` are its errors by reason, taken at the same instant: they sum up to `error`."""

    accepted: Count
    ok: Count
    ng: Count
    recheck: Count
    no_part: Count
    error: Count
    in_flight: Count
    missed: Count
    late: Count
    refused_verdicts: Count
    suppressed: Count = 0
    golden: GoldenFigures = GoldenFigures()
    errors: dict[Reason, Count]


class StageDurations(Figures):
    """`counts`: parts in each bucket, not cumulative; the last place is for what lies above all bounds."""

    counts: tuple[Count, ...]
    total_s: Amount


class Durations(Figures):
    """`bounds_s`: the buckets' upper bounds, rising."""

    bounds_s: Annotated[tuple[Amount, ...], Field(min_length=1, max_length=64)]
    stages: dict[Stage, StageDurations]

    @model_validator(mode="after")
    def _buckets_fit(self) -> Durations:
        if list(self.bounds_s) != sorted(set(self.bounds_s)):
            raise ValueError("the bounds must rise")
        if any(len(stage.counts) != len(self.bounds_s) + 1 for stage in self.stages.values()):
            raise ValueError("every stage needs one count for each bound and one above them")
        return self


class CameraFigures(Figures):
    """`lost` pictures are known to be missing; `left_behind`: calls into its driver that never came back."""

    pictures: Count
    lost: Count
    unusable: Count
    frozen: Count
    openings: Count
    left_behind: Count


class WorkerFigures(Figures):
    """`refused`: jobs that found the queue full; `crashes`: failures of the stage that were caught."""

    queued: Count
    refused: Count
    crashes: Count


class OutboxFigures(Figures):
    """`oldest_s`: how long the oldest result waits for the MES; 0 when none waits, None when that cannot be told."""

    rows: Count
    bytes: Count
    limit_bytes: Count
    oldest_s: Amount | None


class ProcessFigures(Figures):
    """The station's own process. `max_open_files` None: without limit."""

    cpu_s: Amount
    resident_bytes: Count
    threads: Count
    open_files: Count
    max_open_files: Count | None


class MachineFigures(Figures):
    """None: this machine does not tell. Temperatures in °C by the kernel's thermal zone."""

    disk_free_bytes: Count | None
    disk_bytes: Count | None
    temperatures: Annotated[dict[Zone, Celsius], Field(max_length=64)]
    throttled: bool | None
    throttle_events: Count | None
    clock_synchronized: bool


class LiveMetrics(Figures):
    """`armed`: Pass may be set; `armed_configured`: the engineer asked for it. `hindrance` None: ready."""

    type: Literal["metrics"] = "metrics"
    boot_id: str
    started_s: Amount
    """When the station started, in seconds since 1970; does not follow a clock that is set later."""
    facts: StationFacts
    armed: bool
    armed_configured: bool
    hindrance: Hindrance | None
    deadline_s: Amount
    devices: dict[DeviceId, DeviceLevel]
    durations: Durations
    ledger: LedgerFigures
    camera: CameraFigures
    workers: dict[WorkerName, WorkerFigures]
    drops: dict[DropCause, Count]
    outbox: OutboxFigures
    process: ProcessFigures
    machine: MachineFigures

"""What the wire and the station say to each other; the only types that cross between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Evaluation(IntEnum):
    """IR8, numbered as OPC 40001-101 does; ERROR and NO_PART are UNDEFINED."""

    UNDEFINED = 0
    OK = 1
    NOT_OK = 2
    NOT_DECIDABLE = 3


class OfflineReason(IntEnum):
    """Discrete inputs 4 to 6."""

    NONE = 0
    SET_OFFLINE = 1
    BOOT = 2
    CAMERA = 3
    MODEL = 4
    SET_UP = 5
    MASTER_TIMEOUT = 6
    INTERNAL = 7


@dataclass(frozen=True, slots=True)
class TriggerRequest:
    """The PLC asks for one part to be judged. `tag` 1..65535, or 0: the station assigns one."""

    tag: int
    part_id: str | None
    deadline_ms: int | None
    received_ns: int  # monotonic


class LineSide(Protocol):
    """What the handshake asks of the station. Both are called while the PLC waits for its reply: answer within 1 ms."""

    def admit(self, request: TriggerRequest) -> int | None:
        """AcquisitionID (1..65535, the request's tag unless that is 0) of the admitted part, or None: missed.

        This alone decides acceptance. An id returned here is owed exactly one `PlcResult`; None is owed none. An id
        that is still owed for another part, or is not the tag, cannot be told apart: the trigger is missed then too.
        """

    def load_job(self, job: int) -> bool:
        """True if the station takes on the change to job 1..999; it is done when a published status names the job.

        Where it comes to nothing, `PlcSlave.job_failed` says so, or else the PLC waits for ever.
        """


@dataclass(frozen=True, slots=True)
class PlcResult:
    """The station's word on one part that `admit` accepted; parts triggered otherwise are never answered to the PLC.

    `code` is the worst defect's catalogue code (0 none), `score` is in [0, 1] or None when no model judged the part;
    `decided_ns` and `deadline_ns` are monotonic. A result that is shown after `deadline_ns` shows Undefined and Fail.
    """

    inspection_id: int
    evaluation: Evaluation
    code: int
    score: float | None
    no_part: bool
    golden: bool
    decided_ns: int
    deadline_ns: int

    def __post_init__(self) -> None:
        if not 1 <= self.inspection_id <= 65535:
            raise ValueError(f"inspection id {self.inspection_id} is not within 1 to 65535")
        if not 0 <= self.code <= 65535:
            raise ValueError(f"defect code {self.code} does not fit a register")
        if self.score is not None and not (math.isfinite(self.score) and 0.0 <= self.score <= 1.0):
            raise ValueError(f"score {self.score} is no number in [0, 1]")
        if self.no_part and self.evaluation is not Evaluation.UNDEFINED:
            raise ValueError("where there is no part, the evaluation is Undefined")


@dataclass(frozen=True, slots=True)
class Counters:
    """One snapshot of the station's ledger; one that does not add up is refused rather than shown.

    `late` is part of `error`; `missed` counts the triggers that `admit` refused and stands apart from the sum.
    """

    triggers: int
    ok: int
    ng: int
    recheck: int
    missed: int
    late: int
    no_part: int
    error: int
    in_flight: int

    def __post_init__(self) -> None:
        closed = self.ok + self.ng + self.recheck + self.no_part + self.error
        if self.triggers != closed + self.in_flight or self.late > self.error:
            raise ValueError(f"the ledger does not add up: {self}")


@dataclass(frozen=True, slots=True)
class StationStatus:
    """How the station is, mirrored to the PLC as it stands. `error_code` 0 is no error; `job` is the one in force."""

    online: bool
    ready: bool
    offline_reason: OfflineReason
    armed: bool
    golden: bool
    simulated: bool
    mqtt_connected: bool
    spool_high: bool
    clock_synced: bool
    alarm: bool
    error_code: int
    job: int
    counters: Counters

    def __post_init__(self) -> None:
        if not (0 <= self.error_code <= 0xFFFF and 0 <= self.job <= 999):
            raise ValueError(f"error code {self.error_code} or job {self.job} does not fit its register")


BOOTING = StationStatus(
    online=False,
    ready=False,
    offline_reason=OfflineReason.BOOT,
    armed=False,
    golden=False,
    simulated=False,
    mqtt_connected=False,
    spool_high=False,
    clock_synced=False,
    alarm=False,
    error_code=0,
    job=0,
    counters=Counters(0, 0, 0, 0, 0, 0, 0, 0, 0),
)

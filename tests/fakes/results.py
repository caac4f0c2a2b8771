"""Results and identities as a station would publish them."""

from __future__ import annotations

from datetime import UTC, datetime

from appliance.domain.ids import IdSource
from appliance.domain.parts import Part, Trigger, TriggerSource
from appliance.domain.reasons import Reason
from appliance.domain.record import Record
from appliance.domain.verdict import DecidedBy, Verdict
from appliance.live import LiveCounters
from appliance.sinks.result_schema import (
    GateBlock,
    RecipeBlock,
    ResultMessage,
    StationBlock,
    TimesBlock,
    TriggerBlock,
)
from appliance.sinks.state_messages import IdentityMessage, StatusMessage
from models.decision import Outcome
from tests.fakes.parts import RECIPE as RECIPE_KEY

BOOT_ID = "0a1b2c3d"
PATH = "acme/hall/press/line1/cam1"
ROOT = f"okng/v1/{PATH}"
HASH = "sha256:" + "0" * 64
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RECIPE = RecipeBlock(id="flange", number=1, version="3", hash=HASH)
IDENTITY = IdentityMessage(
    boot_id=BOOT_ID, path=PATH, serial="OKNG-0001", sw="0.1.0", recipe=RECIPE, config_hash=HASH, simulated=True
)
_IDS = IdSource()


def result(seq: int, boot_id: str = BOOT_ID) -> ResultMessage:
    return ResultMessage(
        id=_IDS.next(),
        boot_id=boot_id,
        seq=seq,
        station=StationBlock(path=PATH, serial="OKNG-0001", sw="0.1.0"),
        inspection_id=(seq - 1) % 65535 + 1,
        trigger=TriggerBlock(id=1, source="plc"),
        recipe=RECIPE,
        state="Completed",
        outcome="OK",
        evaluation="OK",
        evaluation_code=0,
        reasons=("score_below_limit",),
        decided_by="model",
        simulated=True,
        created=NOON,
        clock="unsynced",
        times=TimesBlock(start=NOON, end=NOON),
        score=0.25,
        gate=GateBlock(action="pass", outcome="commanded"),
        config_hash=HASH,
    )


def status(spool_depth: int = 0) -> StatusMessage:
    counters = LiveCounters(accepted=0, ok=0, ng=0, recheck=0, no_part=0, error=0, in_flight=0, missed=0)
    return StatusMessage(
        boot_id=BOOT_ID,
        ts=NOON,
        state="Ready",
        armed=True,
        job=1,
        counters=counters,
        spool_depth=spool_depth,
        clock="unsynced",
    )


def record(seq: int, payload: bytes) -> Record:
    """A line of the journal that carries this payload."""
    trigger = Trigger(TriggerSource.PLC, tag=1, received_ns=1)
    part = Part(_IDS.next(), seq, 1, trigger, admitted_ns=1, deadline_ns=10**9, recipe=RECIPE_KEY)
    verdict = Verdict(
        id=_IDS.next(),
        part=part,
        outcome=Outcome.ERROR,
        decided_by=DecidedBy.FAULT,
        reasons=(Reason.NO_FRAME,),
        decided_ns=2,
    )
    return Record(verdict, seq, NOON.isoformat(), payload)

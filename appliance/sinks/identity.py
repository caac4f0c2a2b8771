"""Who the station is and what it runs, in the words of its messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version

from appliance.config.schema import Config
from appliance.domain.ledger import GoldenCounts, Snapshot
from appliance.domain.parts import RecipeKey
from appliance.live import LiveCounters, LiveDrift, LiveGolden, LiveGoldenCounts
from appliance.sinks.result_message import ResultContext
from appliance.sinks.result_schema import ClassBlock, ModelBlock, RecipeBlock, StationBlock
from appliance.sinks.state_messages import IdentityMessage, StatusMessage
from models.decision import DefectClass
from models.detector import ModelInfo


def result_context(
    config: Config,
    config_hash: str,
    recipe: RecipeKey,
    model: ModelInfo | None,
    *,
    boot_id: str,
    utc: Callable[[int], datetime],
    certificate: Callable[[], str | None] = lambda: None,
) -> ResultContext:
    """What all results of this run share.

    No model, or one that is not certified on this machine, puts the station into monitor mode, whatever the
    configuration says.
    Pictures that are drawn or replayed are no parts: all of its results say simulated.
    """
    return ResultContext(
        boot_id=boot_id,
        station=StationBlock(path=config.station.path, serial=config.station.serial, sw=version("okng")),
        recipe=RecipeBlock(id=recipe.id, number=recipe.number, version=recipe.version, hash=recipe.hash),
        model=ModelBlock(id=model.id, hash=model.hash, runtime=model.runtime) if model is not None else None,
        config_hash=config_hash,
        simulated=not config.camera.live,
        armed=config.station.armed and model is not None and model.certified,
        utc=utc,
        clock="unsynced",
        lot_id=config.station.lot,
        certificate=certificate,
        models=tuple(_model(one) for one in model.members) if model is not None else (),
        classes=tuple(_class(row) for row in model.classes) if model is not None else (),
    )


def identity_message(context: ResultContext) -> IdentityMessage:
    return IdentityMessage(
        boot_id=context.boot_id,
        path=context.station.path,
        serial=context.station.serial,
        sw=context.station.sw,
        recipe=context.recipe,
        model=context.model,
        models=context.models,
        classes=context.classes,
        config_hash=context.config_hash,
        simulated=context.simulated,
    )


def status_message(
    context: ResultContext,
    *,
    now: datetime,
    ready: bool,
    counters: LiveCounters,
    spool_depth: int,
    clock_synced: bool,
    golden: LiveGolden | None = None,
    drift: LiveDrift | None = None,
) -> StatusMessage:
    return StatusMessage(
        boot_id=context.boot_id,
        ts=now,
        state="Ready" if ready else "Halted",
        armed=context.armed,
        job=context.recipe.number,
        counters=counters,
        spool_depth=max(0, spool_depth),
        clock="synced" if clock_synced else "unsynced",
        golden=golden,
        drift=drift,
    )


def live_counters(snapshot: Snapshot, missed_before: int = 0) -> LiveCounters:
    """The ledger's counters; `missed_before`: triggers that were refused before they reached it."""
    return LiveCounters(
        accepted=snapshot.accepted,
        ok=snapshot.ok,
        ng=snapshot.ng,
        recheck=snapshot.recheck,
        no_part=snapshot.no_part,
        error=snapshot.error,
        in_flight=snapshot.in_flight,
        missed=snapshot.missed + missed_before,
        suppressed=snapshot.suppressed,
        golden=_golden(snapshot.golden),
    )


def _golden(counts: GoldenCounts) -> LiveGoldenCounts | None:
    if counts == GoldenCounts():
        return None
    return LiveGoldenCounts(
        ok=counts.ok, ng=counts.ng, recheck=counts.recheck, no_part=counts.no_part, error=counts.error
    )


def _model(info: ModelInfo) -> ModelBlock:
    return ModelBlock(id=info.id, hash=info.hash, runtime=info.runtime)


def _class(row: DefectClass) -> ClassBlock:
    return ClassBlock(
        class_=row.label, code=row.code, name_en=row.name_en, name_zh=row.name_zh, severity=row.severity.value
    )

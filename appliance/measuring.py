"""What monitoring systems are told: once a second, on a thread of its own, all of the station's figures.

Gathering them may wait for a slow sensor or a busy disk, so no stage and not the supervisor does it. Whether the
supervisor lives is not told here but by the status it publishes itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from appliance.clock import SystemClock
from appliance.config.schema import Config
from appliance.domain.device import DeviceId, DeviceState
from appliance.domain.ledger import Ledger
from appliance.domain.readiness import Hindrance
from appliance.kits import Kit, Kits
from appliance.live_metrics import (
    CameraFigures,
    Durations,
    LedgerFigures,
    LiveMetrics,
    OutboxFigures,
    StageDurations,
    StationFacts,
    WorkerFigures,
    WorkerName,
)
from appliance.machine import Machine
from appliance.pipeline.flow import Flow
from appliance.pipeline.histograms import BOUNDS_S, StageHistograms
from appliance.pipeline.worker import Worker
from appliance.showing import Showing
from appliance.store.journal import Journal, JournalFailed

PACE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the figures come from; any thread may ask. `missed_before`: triggers refused before the ledger."""

    ledger: Ledger
    histograms: StageHistograms
    journal: Journal
    machine: Machine
    flow: Flow
    showing: Showing
    devices: Callable[[], dict[DeviceId, DeviceState]]
    hindrance: Callable[[], Hindrance | None]
    missed_before: Callable[[], int]


class Measuring:
    """`run` has its thread; `figures` may be called by any."""

    def __init__(
        self,
        config: Config,
        kits: Kits,
        sources: Sources,
        *,
        clock: SystemClock,
        publish: Callable[[LiveMetrics], None],
    ) -> None:
        self._config = config
        self._kits = kits
        self._sources = sources
        self._clock = clock
        self._publish = publish
        self._started_s = clock.utc().timestamp()

    def run(self, stop: threading.Event) -> None:
        """Publish now and every second until `stop` is set."""
        while True:
            self._publish(self.figures())
            if stop.wait(PACE_S):
                return

    def figures(self) -> LiveMetrics:
        durations = self._durations()  # before the ledger: no stage shows a part that the ledger does not count yet
        kit = self._kits.current
        return LiveMetrics(
            boot_id=kit.context.boot_id,
            started_s=self._started_s,
            facts=self._facts(kit),
            armed=kit.context.armed,
            armed_configured=self._config.station.armed,
            hindrance=self._sources.hindrance(),
            deadline_s=kit.looking.recipe.deadline_ms / 1000,
            devices={name: device.state for name, device in self._sources.devices().items()},
            durations=durations,
            ledger=self._ledger(),
            camera=CameraFigures(**asdict(self._sources.flow.camera.counts)),
            workers=self._workers(),
            drops=self._sources.showing.drops_by_cause,
            outbox=self._outbox(),
            process=self._sources.machine.process(),
            machine=self._sources.machine.figures(self._clock.synchronized()),
        )

    def _facts(self, kit: Kit) -> StationFacts:
        station, context = self._config.station, kit.context
        return StationFacts(
            path=station.path,
            name=station.name,
            serial=station.serial,
            software=context.station.sw,
            recipe=context.recipe.id,
            recipe_version=context.recipe.version,
            model=context.model.id if context.model else "",
            runtime=context.model.runtime if context.model else "",
            simulated=context.simulated,
        )

    def _durations(self) -> Durations:
        rows = self._sources.histograms.snapshot()
        return Durations(
            bounds_s=BOUNDS_S,
            stages={row.stage: StageDurations(counts=row.counts, total_s=row.total_ns / 1e9) for row in rows},
        )

    def _ledger(self) -> LedgerFigures:
        snapshot, errors = self._sources.ledger.snapshot_with_errors()
        counters = asdict(snapshot)
        counters["missed"] += self._sources.missed_before()
        return LedgerFigures(errors=errors, **counters)

    def _workers(self) -> dict[WorkerName, WorkerFigures]:
        flow = self._sources.flow
        return {
            "capture": _work(flow.capturing),
            "infer": _work(flow.inferring),
            "record": _work(flow.recording),
            "pictures": _work(self._sources.showing.worker),
        }

    def _outbox(self) -> OutboxFigures:
        journal, owed = self._sources.journal, self._config.mqtt.enabled
        try:
            oldest_s = journal.oldest_owed_s() if owed else 0.0
        except JournalFailed:
            oldest_s = None  # the journal's own device state says what is wrong
        return OutboxFigures(
            rows=max(0, journal.outbox_rows) if owed else 0,
            bytes=max(0, journal.outbox_bytes) if owed else 0,
            limit_bytes=self._config.mqtt.outbox_max_mb * 1_000_000,
            oldest_s=oldest_s,
        )


def _work(worker: Worker[Any]) -> WorkerFigures:
    return WorkerFigures(queued=worker.queued, refused=worker.dropped, crashes=worker.crashes)

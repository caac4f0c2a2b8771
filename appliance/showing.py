"""What the pages are shown: each answered part with its picture, and twice a second how the station is.

On a thread of its own, behind a bounded queue: whatever goes wrong here costs a page an event (counted), never a part
its answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.clock import SystemClock
from appliance.commands.trigger import forbidden
from appliance.config.schema import Config
from appliance.domain.device import DeviceId, DeviceState
from appliance.domain.verdict import Verdict
from appliance.exhibits import Exhibits, NoExhibits
from appliance.kits import Kits
from appliance.live import LiveChange, LiveCounters, LiveDevice, LiveDrift, LiveGolden, LiveScanner, LiveStatus
from appliance.live_metrics import DropCause
from appliance.pipeline.record import Conclusion
from appliance.pipeline.service import Service
from appliance.pipeline.telemetry import Telemetry, live_verdict
from appliance.pipeline.worker import Worker
from appliance.sinks.live import LiveServer
from appliance.store.pictures import PictureArchive
from models.decision import Outcome

_NO_EXHIBITS = NoExhibits()
_QUEUE = 16
_BUDGET_S = 5.0
_UNWATCHED_NS = 500_000_000


@dataclass(frozen=True, slots=True)
class _Answered:
    conclusion: Conclusion
    latency_ms: float


class Showing:
    """Its methods may be called by any thread and never block."""

    def __init__(
        self,
        config: Config,
        kits: Kits,
        *,
        pictures: PictureArchive,
        live: LiveServer,
        clock: SystemClock,
        exhibits: Exhibits = _NO_EXHIBITS,
    ) -> None:
        self._config = config
        self._kits = kits
        self._clock = clock
        self._telemetry = Telemetry()
        self._pictures = pictures
        self._exhibits = exhibits
        self._live = live
        self._shown_ns = clock.monotonic_ns() - _UNWATCHED_NS
        self.worker: Worker[_Answered] = Worker(
            "pictures",
            self._show_all,
            clock=clock,
            capacity=_QUEUE,
            budget_s=_BUDGET_S,
            on_crash=lambda jobs: None,  # logged and counted; the parts were answered long before
        )

    @property
    def drops(self) -> int:
        """Pictures and events that were not kept or shown."""
        return sum(self.drops_by_cause.values()) + self.worker.crashes

    @property
    def drops_by_cause(self) -> dict[DropCause, int]:
        return {
            "picture_not_written": self._pictures.failed_writes,
            "picture_shed": self._pictures.shed,
            "picture_queue_full": self.worker.dropped,
            "evidence_lost": self._exhibits.lost,
            "event_dropped": self._live.dropped,
            "viewer_cut_off": self._live.cut_off,
        }

    def service(self) -> Service:
        """The thread that serves the pages' socket."""
        return Service("live", self._live.run)

    def start(self) -> None:
        self.worker.start()

    def stop(self, timeout_s: float) -> None:
        self.worker.stop(timeout_s)

    def answered(self, conclusion: Conclusion) -> None:
        """The PLC has its answer; returns at once."""
        latency_ms = (self._clock.monotonic_ns() - conclusion.verdict.part.trigger.received_ns) / 1e6
        verdict = conclusion.verdict
        self._telemetry.add(verdict.outcome, latency_ms, golden=verdict.part.trigger.golden)
        if not self.worker.submit(_Answered(conclusion, latency_ms)):
            self._exhibits.miss(conclusion)

    def publish_status(
        self,
        *,
        ready: bool,
        counters: LiveCounters,
        outbox_depth: int,
        devices: Mapping[DeviceId, DeviceState],
        changing: LiveChange | None,
        golden: LiveGolden | None,
        drift: LiveDrift | None,
        scanner: DeviceState,
    ) -> None:
        station, context, looking = self._config.station, self._kits.current.context, self._kits.current.looking
        recipe, model = looking.recipe, looking.model
        self._live.publish_status(
            LiveStatus(
                boot_id=context.boot_id,
                utc=self._clock.utc().isoformat(),
                name=station.name,
                path=station.path,
                serial=station.serial,
                software=context.station.sw,
                recipe_id=recipe.id,
                recipe_number=recipe.number,
                recipe_name=recipe.name,
                recipe_version=recipe.version,
                model_id=model.id if model else "",
                model_runtime=model.runtime if model else "",
                lot=station.lot,
                armed=context.armed,
                ready=ready,
                simulated=context.simulated,
                counters=counters,
                drops=self.drops,
                outbox_depth=outbox_depth,
                latency_p50_ms=self._telemetry.latency_ms(0.5),
                latency_p99_ms=self._telemetry.latency_ms(0.99),
                devices=tuple(
                    LiveDevice(id=name, state=device.state, text_en=device.text_en, text_zh=device.text_zh)
                    for name, device in devices.items()
                ),
                ng_rate=self._telemetry.ng_rate,
                software_trigger=forbidden(self._config) is None,
                collecting=looking.collecting,
                certificate=looking.proof.live,
                changing=changing,
                golden=golden,
                drift=drift,
                scanner=LiveScanner(text_en=scanner.text_en, text_zh=scanner.text_zh) if scanner.text_en else None,
            )
        )

    def _show_all(self, jobs: Sequence[_Answered]) -> None:
        for job in jobs:
            self._show(job)
            self._exhibits.keep(job.conclusion)

    def _show(self, answered: _Answered) -> None:
        verdict, frame = answered.conclusion.verdict, answered.conclusion.frame
        show = self._is_wanted(verdict)
        size_px = (frame.image.shape[1], frame.image.shape[0]) if frame is not None else (0, 0)
        views = self._kits.views(verdict.part.recipe)
        kept = frame is not None and self._pictures.keep(verdict, frame, self._clock.utc(), show=show)
        self._live.publish_verdict(
            live_verdict(
                verdict,
                self._kits.classes(verdict.part.recipe),
                size_px=size_px,
                picture=kept,
                latency_ms=answered.latency_ms,
                decided_utc=self._clock.utc_of(verdict.decided_ns).isoformat(),
                view=views.shown(size_px, (found.box for found in verdict.detections)) if views is not None else None,
            )
        )

    def _is_wanted(self, verdict: Verdict) -> bool:
        """Whether to encode the picture for the pages, which costs half as much as judging the part.

        While no page is connected, good parts get one twice a second: what a page that comes then finds.
        """
        now_ns = self._clock.monotonic_ns()
        good = verdict.outcome is Outcome.OK
        if good and not self._live.watched and now_ns - self._shown_ns < _UNWATCHED_NS:
            return False
        self._shown_ns = now_ns
        return True

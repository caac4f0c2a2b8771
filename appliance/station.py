"""The composition root: with `adapters`, the only place that names every adapter. Read from `Station.__init__` on.
Longer than 300 lines, because wiring that is spread over files can no longer be read from one end to the other.

| thread   | runs                               | fed by                       |
|----------|------------------------------------|------------------------------|
| (main)   | Supervisor                         | its own 20 ms round          |
| plc      | PlcSink: triggers in, answers out  | the serial line              |
| trigger  | IntervalTrigger, without a PLC     | the clock                    |
| capture  | CaptureStage                       | admitted parts, or its watch |
| infer    | InferStage, or CollectStage        | (part, frame)                |
| record   | RecordStage: disk, then answer     | conclusions                  |
| pictures | Showing: pictures, then the page   | answered parts               |
| mqtt     | MqttPublisher                      | the outbox                   |
| live     | LiveServer                         | verdicts, status, figures    |
| metrics  | Measuring: figures, every second   | the clock                    |
| scanner  | Scanner: codes that choose recipes | a serial line                |
| commands | Commanding: one command at a time  | socket, MQTT, PLC            |
| changeover | Changeover: the next recipe      | commands                     |
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from appliance.adapters import (
    camera_change,
    make_archive,
    make_camera,
    make_exhibits,
    make_plc,
    make_scanner,
    make_shelves,
    make_watch,
    prune_packages,
)
from appliance.cameras.base import Camera
from appliance.changeover import Changeover
from appliance.changeover import Ports as ChangePorts
from appliance.commanding import Commanding
from appliance.config.schema import Config
from appliance.domain.device import DeviceState, worse
from appliance.domain.golden import Due
from appliance.domain.ids import IdSource
from appliance.domain.ledger import Ledger, Terms
from appliance.domain.parts import RecipeKey
from appliance.domain.reasons import Reason
from appliance.domain.record import Record
from appliance.domain.stages import Meter, Stage
from appliance.domain.verdict import Verdict
from appliance.drift_desk import ChartsFirst
from appliance.exhibits import NOT_DRAWN, Setting
from appliance.fitting import camera_for
from appliance.jobs import PlcJobs
from appliance.kits import Kit, Kits
from appliance.life import STARTED, STOPPED, started, stopped
from appliance.live import LiveChange
from appliance.live_oversight import live_drift, live_golden
from appliance.looking import Looking, Surroundings
from appliance.machine import Machine
from appliance.measuring import Measuring, Sources
from appliance.opening import Opening, equip, stored_state
from appliance.oversight import make_oversight
from appliance.pipeline.by_recipe import StagesByRecipe
from appliance.pipeline.flow import Flow, Ports
from appliance.pipeline.health import Health, Probes, journal_state
from appliance.pipeline.histograms import StageHistograms
from appliance.pipeline.interval import IntervalTrigger
from appliance.pipeline.record import Conclusion
from appliance.pipeline.service import Service
from appliance.pipeline.supervisor import Supervisor, freeze_garbage_collection
from appliance.pipeline.way import Way
from appliance.proof import Proof
from appliance.recipes.catalogue import Entry
from appliance.scanner import Scanner
from appliance.showing import Showing
from appliance.sinks.audit_message import audit_message
from appliance.sinks.identity import identity_message, live_counters, result_context, status_message
from appliance.sinks.live import LiveServer
from appliance.sinks.mqtt import MqttPublisher
from appliance.sinks.result_message import ResultContext, result_message
from appliance.sinks.state_messages import StatusMessage
from appliance.state_dir import StateDir
from appliance.store.journal import Journal, JournalFailed
from models.certificate import Void
from models.detector import ModelInfo

_log = logging.getLogger(__name__)
_CAPACITY = 8
_DRAIN_S = 2.0
_STOP_S = 8.0  # the MQTT publisher drains and says good-bye within 6 s


class Station:
    """One station from trigger to answer. `opening` is the recipe that it starts with, loaded and self-tested.

    `meters` hear how long each part took in each stage, `witnesses` each verdict once it is answered; none may block.

    Raises:
        NotThere, UsageError: the journal, the live socket or a file named for MQTT is not usable.
    """

    def __init__(
        self,
        config: Config,
        config_hash: str,
        opening: Opening,
        state: StateDir,
        *,
        meters: Sequence[Meter] = (),
        witnesses: Sequence[Callable[[Verdict], None]] = (),
    ) -> None:
        self._config = config
        self._config_hash = config_hash
        self._boot_id = secrets.token_hex(4)
        self._clock = opening.clock
        self._catalogue = opening.catalogue
        first = Kit(opening.pointer, opening.looking, self._context_of(opening.looking), opening.broken)
        self._kits = Kits(first)
        self._ids = IdSource()
        self._histograms = StageHistograms()
        self._meters = (self._histograms, *meters)
        self._ledger = Ledger(
            clock=self._clock,
            new_id=self._ids.next,
            terms=_terms(first),
            capacity=_CAPACITY,
        )
        self._journal = Journal(
            state.journal,
            boot_id=self._boot_id,
            publish=config.mqtt.enabled,
            announce=lambda row: audit_message(row).to_bytes(),
        )
        self._note_start()
        self._oversight = make_oversight(
            state,
            ledger=self._ledger,
            clock=self._clock,
            new_id=self._ids.next,
            note=self._journal.note,
        )
        self._oversight.change(first.looking.recipe, _models(first), Due.START)
        self._commanding = Commanding(
            config,
            ledger=self._ledger,
            clock=self._clock,
            journal=self._journal,
            enter=lambda part: self._flow.enter(part),
            verbs={
                "recipe": lambda command, conclude: self._changeover.begin(command, conclude),
                **self._oversight.verbs(),
            },
        )
        self._witnesses = (self._commanding.answered, self._oversight.golden.answered, *witnesses)
        self._live = LiveServer(state.socket, self._commanding.ask_line)
        shelves = make_shelves(config, state)
        self._exhibits = make_exhibits(
            config, state, shelves, setting=self._setting, utc=self._clock.utc, state_of=self._known
        )
        prune_packages(state, self._journal, self._context.packages)
        self._showing = Showing(
            config,
            self._kits,
            pictures=make_archive(config.archive, state, shelves),
            exhibits=self._exhibits,
            live=self._live,
            clock=self._clock,
        )
        self._camera = make_camera(camera_for(config.camera, first.looking.recipe), state)
        self._flow = self._make_flow(self._camera)
        self._changeover = self._make_changeover()
        self._recipes = stored_state(self._catalogue, self._catalogue.store.quarantine)
        jobs = PlcJobs(self._kits, self._changing, self._commanding.ask)
        self._plc = make_plc(
            config,
            self._context,
            self._ledger,
            self._flow.enter,
            jobs,
        )
        self._scanner = make_scanner(config.barcode, self._commanding.ask, self._clock)
        self._mqtt_state = DeviceState("off")
        self._services = self._make_services(Machine(state.root))
        self._health = Health(self._probes(), state.root, self._clock.monotonic_ns)
        self._readiness = self._health.readiness()
        self._supervisor = Supervisor(
            ledger=self._ledger,
            clock=self._clock,
            critical=(self._flow.capturing, self._flow.inferring),
            conclude=self._flow.keep,
            refresh=self._refresh,
            beat=self._plc.beat,
            status=self._publish_status,
        )

    def run(self, stop: threading.Event, *, until_done: bool = False) -> None:
        """Inspect until `stop` is set, or until a finite camera is used up and everything is delivered; then end."""
        self._publish_status()  # so that the first reader already finds one
        self._flow.start()
        self._showing.start()
        self._changeover.start()
        self._commanding.start()
        for service in self._services:
            service.start()
        freeze_garbage_collection()
        self._health.started = True
        _log.info("station %s runs; %s", self._config.station.path, self._what())
        if self._journal.outbox_rows > self._owed_rows():
            _log.warning("%d earlier results are still owed to the MES; [mqtt] is off", self._journal.outbox_rows)
        try:
            self._supervisor.run(stop, finished=lambda: until_done and self._done())
        finally:
            self._end()

    def observe(self, stage: Stage, duration_ns: int) -> None:
        """Pass a measurement of the pipeline on; see `Meter`."""
        for meter in self._meters:
            meter.observe(stage, duration_ns)

    def _end(self) -> None:
        """Shut the door, let parts in flight end, close the rest, answer, and let go of everything, in this order."""
        self._health.stopping = True
        self._ledger.shut()
        drained = self._clock.monotonic_ns() + int(_DRAIN_S * 1e9)
        self._supervisor.run(
            threading.Event(),
            finished=lambda: self._ledger.snapshot().in_flight == 0 or self._clock.monotonic_ns() > drained,
        )
        self._refresh()
        self._flow.stop(Reason.STATION_STOPPED)
        if not self._changeover.stop(_STOP_S):
            _log.error("the recipe change under way did not end in time")
        self._commanding.stop(_STOP_S)
        self._note_stop()
        self._showing.stop(_STOP_S)
        self._publish_status()
        for service in self._services:
            if not service.stop(_STOP_S):
                _log.error("%s did not end in time", service.name)
        self._looking.close()
        _log.info("station ended: %s", self._ledger.snapshot().text)
        try:
            self._journal.close()
        except JournalFailed as error:
            _log.critical("%s", error)

    def _note_start(self) -> None:
        before, start = self._journal.last_noted((STARTED, STOPPED)), self._journal.last_noted((STARTED,))
        self._journal.note(started(self._context, self._clock.utc(), before, start))

    def _note_stop(self) -> None:
        """Written now, its writer having ended, so that the MES still hears it."""
        self._journal.note(stopped(self._ledger.snapshot(), self._clock.utc()))
        try:
            self._journal.write(())
        except JournalFailed as error:
            _log.critical("%s", error)

    def _refresh(self) -> None:
        epoch = self._ledger.epoch
        self._oversight.golden.refresh()
        self._readiness = self._health.readiness()
        self._ledger.set_ready(self._readiness.ready, epoch)
        self._tell_plc()

    def _tell_plc(self) -> None:
        self._plc.publish(self._readiness, self._ledger.snapshot())

    def _publish_status(self) -> None:
        self._certificate_of(self._kits.current.looking.proof)
        self._showing.publish_status(
            ready=self._ledger.can_admit,
            counters=live_counters(self._ledger.snapshot(), self._plc.missed),
            outbox_depth=self._owed_rows(),
            devices=self._health.devices(),
            changing=self._live_change(),
            golden=live_golden(self._oversight.golden.view),
            drift=live_drift(self._oversight.drift),
            scanner=self._scanner.state,
        )

    def _done(self) -> bool:
        answered = self._flow.camera.finished and self._ledger.snapshot().in_flight == 0
        return answered and self._owed_rows() == 0

    def _owed_rows(self) -> int:
        """Results that the MES waits for; none when there is none."""
        return self._journal.outbox_rows if self._config.mqtt.enabled else 0

    def _what(self) -> str:
        return f"{self._looking.text}, {'armed' if self._context.armed else 'monitor mode: Pass is never set'}"

    def _encode(self, verdict: Verdict, seq: int) -> Record:
        context = replace(
            self._kits.context(verdict.part.recipe), clock="synced" if self._clock.synchronized() else "unsynced"
        )
        message = result_message(verdict, context, seq)
        drawn = self._exhibits.draw(verdict.part) if context.model else NOT_DRAWN
        return Record(
            verdict,
            seq,
            message.created.isoformat(),
            message.to_bytes(),
            package=" ".join(context.packages),
            audited=drawn.drawn,
            audit_share=drawn.probability,
        )

    def _known(self) -> dict[str, object]:
        """What evidence tells beside the picture: the drift under which OK becomes RECHECK."""
        return {"drifted": self._oversight.drift.view.drifted}

    def _setting(self, key: RecipeKey) -> Setting:
        return Setting(self._kits.context(key), self._kits.recipe(key), tuple(self._kits.classes(key).values()))

    def _answer(self, conclusion: Conclusion) -> None:
        self._plc.answer(conclusion.verdict)
        self._showing.answered(conclusion)
        for witness in self._witnesses:
            witness(conclusion.verdict)

    # The recipe in force

    @property
    def _looking(self) -> Looking:
        return self._kits.current.looking

    @property
    def _context(self) -> ResultContext:
        return self._kits.current.context

    def _context_of(self, looking: Looking) -> ResultContext:
        proof = looking.proof  # not the whole: results are spoken of for longer than its model is kept
        return result_context(
            self._config,
            self._config_hash,
            looking.recipe.key,
            looking.model,
            boot_id=self._boot_id,
            utc=self._clock.utc_of,
            certificate=lambda: self._certificate_of(proof),
        )

    def _certificate_of(self, proof: Proof) -> str | None:
        """None from the first part on whose pictures had drifted, until a recipe comes into force again."""
        if self._oversight.drift.voids is not None:
            proof.void(Void.DRIFT)
        return proof.id

    def _equip(self, entry: Entry) -> Kit:
        looking = equip(self._config, entry, self._clock)
        return Kit(entry.pointer, looking, self._context_of(looking))

    def _follow_recipe(self) -> None:
        """A change of the recipe has ended, or the door was shut for one: the PLC and the page hear it now."""
        self._recipes = stored_state(self._catalogue, self._catalogue.store.quarantine)
        self._refresh()

    def _live_change(self) -> LiveChange | None:
        change = self._changeover.current
        if change is None:
            return None
        command = change.command
        wanted = command.id or command.code or str(command.number)
        return LiveChange(wanted=wanted, seconds=round((self._clock.monotonic_ns() - change.since_ns) / 1e9, 1))

    def _oversee_change(self, kit: Kit, switch: Callable[[], None]) -> None:
        self._oversight.change(kit.looking.recipe, _models(kit), Due.CHANGEOVER, switch)

    def _changing(self) -> bool:
        return self._changeover.current is not None

    def _model_state(self) -> DeviceState:
        state = self._looking.model_state
        recipes_say_more = state.state in ("ok", "off") and self._recipes.state != "ok"
        return self._recipes if recipes_say_more else state

    # Wiring

    def _make_stages(self, way: Way) -> StagesByRecipe:
        self._around = Surroundings(self._ledger, self._clock, self, self._ids.next, self._oversight.saw)
        self._first_stage = self._looking.stage(way, self._around)
        self._stages = StagesByRecipe(way, self._kits.current.key, self._first_stage)
        return self._stages

    def _make_changeover(self) -> Changeover:
        ports = ChangePorts(
            catalogue=self._catalogue,
            equip=self._equip,
            stage=lambda kit: kit.looking.stage(self._flow, self._around),
            terms=_terms,
            camera_change=lambda before, after: camera_change(self._camera, self._config.camera, before, after),
            set_camera=self._flow.camera.set_up,
            announce=self._follow_recipe,
            oversee=self._oversee_change,
        )
        return Changeover(ports, self._kits, self._stages, self._first_stage, ledger=self._ledger, clock=self._clock)

    def _make_flow(self, camera: Camera) -> Flow:
        ports = Ports(
            camera=camera,
            camera_timeout_s=self._config.camera.timeout_ms / 1000,
            looking=self._make_stages,
            keeper=ChartsFirst(self._oversight.drift, self._journal),
            failures=(JournalFailed,),
            encode=self._encode,
            answer=self._answer,
            on_exposed=self._tell_plc,
            meter=self,
            watch=make_watch(self._config.trigger),
        )
        return Flow(ports, ledger=self._ledger, clock=self._clock, new_id=self._ids.next, capacity=_CAPACITY)

    def _make_services(self, machine: Machine) -> list[Service]:
        """In the order in which they end: nobody speaks to a socket that is closed."""
        services = [Service("metrics", self._make_measuring(machine).run), self._showing.service()]
        if self._config.plc.enabled:
            services.append(Service("plc", self._plc.run, urgent=True))
        if self._config.trigger.source == "interval":
            interval = IntervalTrigger(
                ledger=self._ledger,
                clock=self._clock,
                meter=self,
                interval_ms=self._config.trigger.interval_ms,
                enter=self._flow.enter,
            )
            services.append(Service("trigger", interval.run, urgent=True))
        if isinstance(self._scanner, Scanner):
            services.append(Service("scanner", self._scanner.run))
        if self._config.mqtt.enabled:
            services.append(Service("mqtt", self._make_mqtt().run))
        return services

    def _make_mqtt(self) -> MqttPublisher:
        self._mqtt_state = DeviceState("warn", "MQTT broker is being reached", "正在连接 MQTT 服务器")
        return MqttPublisher(
            self._config.mqtt,
            f"okng/v1/{self._config.station.path}",
            self._journal,
            lambda: identity_message(self._context),
            self._status_message,
            self._set_mqtt_state,
            ask=self._commanding.ask if self._config.mqtt.commands else None,
        )

    def _make_measuring(self, machine: Machine) -> Measuring:
        sources = Sources(
            ledger=self._ledger,
            histograms=self._histograms,
            journal=self._journal,
            machine=machine,
            flow=self._flow,
            showing=self._showing,
            devices=lambda: self._health.devices(),
            hindrance=lambda: self._readiness.hindrance,
            missed_before=lambda: self._plc.missed,
        )
        return Measuring(self._config, self._kits, sources, clock=self._clock, publish=self._live.publish_metrics)

    def _set_mqtt_state(self, state: DeviceState) -> None:
        self._mqtt_state = state

    def _status_message(self) -> StatusMessage:
        return status_message(
            self._context,
            now=self._clock.utc(),
            ready=self._ledger.can_admit,
            counters=live_counters(self._ledger.snapshot(), self._plc.missed),
            spool_depth=self._owed_rows(),
            clock_synced=self._clock.synchronized(),
            golden=live_golden(self._oversight.golden.view),
            drift=live_drift(self._oversight.drift),
        )

    def _probes(self) -> Probes:
        owed = self._config.mqtt.outbox_max_mb * 1_000_000
        return Probes(
            camera=lambda: self._flow.camera_state,
            plc=lambda: self._plc.state,
            mqtt=lambda: self._mqtt_state,
            model=lambda: worse(self._model_state(), self._oversight.state),
            journal=lambda: journal_state(self._flow.record.state, self._journal.quarantined),
            camera_ready=lambda: self._flow.camera.ready,
            outbox_fill=lambda: self._journal.outbox_bytes / owed if self._config.mqtt.enabled else 0.0,
            failed_part=self._failed_part,
            clock_synced=self._clock.synchronized,
            set_up=lambda: self._kits.current.broken or self._changeover.sets_camera,
            data_set=lambda: self._looking.data_set_state,
            golden_due=lambda: self._oversight.golden.view.withheld,
            golden_mode=lambda: self._oversight.golden.view.running,
        )

    def _failed_part(self) -> str | None:
        # Without live stream, figures or scanner the pages and monitoring say so; that is no reason to stop the line.
        needed = (service for service in self._services if service.name not in ("live", "metrics", "scanner"))
        failed = next((service.name for service in needed if service.failed), None)
        return self._flow.failed or self._commanding.failed or self._changeover.failed or failed


def _models(kit: Kit) -> tuple[ModelInfo, ...]:
    return (kit.looking.model,) if kit.looking.model is not None else ()


def _terms(kit: Kit) -> Terms:
    return Terms(kit.key, kit.looking.recipe.deadline_ms)

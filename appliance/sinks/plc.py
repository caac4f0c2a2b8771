"""The PLC on a serial line: its triggers enter the ledger here, and verdicts leave as registers and bits.

The register map only mirrors the ledger; this adapter translates words, opens the port, and opens it again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from appliance.domain.device import DeviceState
from appliance.domain.ledger import Ledger, Snapshot
from appliance.domain.parts import Part, RecipeKey, Trigger, TriggerSource
from appliance.domain.readiness import Hindrance, Readiness
from appliance.domain.verdict import Verdict
from firmware_bridge.errors import PortFault, PortUnavailable, TransportLost
from firmware_bridge.line import Counters, Evaluation, OfflineReason, PlcResult, StationStatus, TriggerRequest
from firmware_bridge.slave import PlcSlave
from firmware_bridge.transport import ByteTransport
from models.decision import Outcome

_log = logging.getLogger(__name__)
_REOPEN_S = 1.0
_EVALUATIONS = {
    Outcome.OK: Evaluation.OK,
    Outcome.NG: Evaluation.NOT_OK,
    Outcome.RECHECK: Evaluation.NOT_DECIDABLE,
    Outcome.NO_PART: Evaluation.UNDEFINED,
    Outcome.ERROR: Evaluation.UNDEFINED,
}
_OFFLINE = {
    Hindrance.STARTING: OfflineReason.BOOT,
    Hindrance.STOPPING: OfflineReason.BOOT,
    Hindrance.INTERNAL: OfflineReason.INTERNAL,
    Hindrance.JOURNAL: OfflineReason.INTERNAL,
    Hindrance.DISK: OfflineReason.INTERNAL,
    Hindrance.SPOOL: OfflineReason.INTERNAL,
    Hindrance.SET_UP: OfflineReason.SET_UP,
    Hindrance.CAMERA: OfflineReason.CAMERA,
    Hindrance.GOLDEN: OfflineReason.SET_UP,
}
PORT_FAULTS = {
    PortFault.MISSING: "PLC 串口不存在；请插好适配器或修改 plc.port",
    PortFault.FORBIDDEN: "无权使用 PLC 串口；请将用户加入 dialout 组",
    PortFault.TAKEN: "PLC 串口被其他程序占用；请停止该程序或修改 plc.port",
    PortFault.SETTING: "PLC 串口不支持所设的波特率、校验或停止位；请修改 [plc] 设置",
    PortFault.OTHER: "PLC 串口无法打开；请检查 plc.port 是否为串口",
}
_OPENING = DeviceState("warn", "PLC port is being opened", "正在打开 PLC 端口")
_SILENT = DeviceState(
    "warn", "PLC is silent; check that it polls this station's address", "PLC 无通信；请检查其是否轮询本站地址"
)


class Jobs(Protocol):
    """The station's recipes as the PLC sees them; nothing here blocks."""

    @property
    def number(self) -> int:
        """The recipe in force, 1..999; 0 where there is none to judge by."""

    @property
    def armed(self) -> bool:
        """Whether Pass may be set for the parts to come."""

    def may_pass(self, recipe: RecipeKey) -> bool:
        """Whether Pass may be set for a part that was admitted under this recipe."""

    def load(self, number: int, failed: Callable[[], None]) -> bool:
        """Begin the change to a recipe, or know that it is in force; `failed` is called when it comes to nothing."""


class PlcPort(Protocol):
    """What the station asks of the PLC side; `PlcSink` and `AbsentPlc` fill it."""

    @property
    def state(self) -> DeviceState: ...
    @property
    def missed(self) -> int: ...
    def run(self, stop: threading.Event) -> None: ...
    def beat(self) -> None: ...
    def answer(self, verdict: Verdict) -> None: ...
    def publish(self, readiness: Readiness, snapshot: Snapshot) -> None: ...


class AbsentPlc:
    """The station runs without a PLC."""

    state = DeviceState("off")
    missed = 0

    def run(self, stop: threading.Event) -> None:
        """There is no port to serve."""

    def beat(self) -> None:
        """There is nobody to hear a heartbeat."""

    def answer(self, verdict: Verdict) -> None:
        """There is nobody to answer."""

    def publish(self, readiness: Readiness, snapshot: Snapshot) -> None:
        """There is no register map."""


class PlcSink:
    """Fills `LineSide` of `firmware_bridge.slave`. `enter` takes an admitted part to the camera; `run` has its thread.

    `open_port` makes the transport and may raise PortUnavailable.
    """

    def __init__(
        self,
        open_port: Callable[[], ByteTransport],
        *,
        ledger: Ledger,
        enter: Callable[[Part], None],
        unit: int,
        boot_id: int,
        serial: str,
        jobs: Jobs,
        simulated: bool,
    ) -> None:
        self._open_port = open_port
        self._ledger = ledger
        self._enter = enter
        self._jobs = jobs
        self._simulated = simulated
        self._slave = PlcSlave(unit=unit, boot_id=boot_id, serial=serial, line=self)
        self._port_state = _OPENING

    @property
    def state(self) -> DeviceState:
        if self._port_state.state == "ok" and not self._slave.plc_connected:
            return _SILENT
        return self._port_state

    @property
    def missed(self) -> int:
        """Triggers that came while not Ready, refused by the handshake before they reached the ledger."""
        return self._slave.missed_triggers

    def run(self, stop: threading.Event) -> None:
        """Serve the port until `stop`; a lost or missing port is opened again every second."""
        while not stop.is_set():
            try:
                transport = self._open_port()
            except PortUnavailable as error:
                self._fault(str(error), PORT_FAULTS[error.fault])
                stop.wait(_REOPEN_S)
                continue
            self._port_state = DeviceState("ok")
            try:
                self._slave.serve(transport, stop)
            except TransportLost as error:
                self._fault(str(error), "PLC 串口中断；请检查适配器和线缆")
                stop.wait(_REOPEN_S)
            finally:
                transport.close()

    def beat(self) -> None:
        self._slave.beat()

    def admit(self, request: TriggerRequest) -> int | None:
        part = self._ledger.admit(
            Trigger(
                source=TriggerSource.PLC,
                tag=request.tag,
                received_ns=request.received_ns,
                part_id=request.part_id,
                deadline_ms=request.deadline_ms,
            )
        )
        if part is None:
            return None
        self._enter(part)
        return part.inspection_id

    def load_job(self, job: int) -> bool:
        return self._jobs.load(job, self._slave.job_failed)

    def answer(self, verdict: Verdict) -> None:
        """Tell the PLC the verdict on a part that it triggered itself; others would be taken for one of its own.

        Whether it may pass is a matter of the recipe that the part came under, whichever is in force by now.
        """
        if verdict.part.trigger.source is not TriggerSource.PLC:
            return
        self._slave.answer(
            PlcResult(
                inspection_id=verdict.part.inspection_id,
                evaluation=_EVALUATIONS[verdict.outcome],
                code=verdict.code,
                score=verdict.score,
                no_part=verdict.outcome is Outcome.NO_PART,
                golden=verdict.part.trigger.golden or not self._jobs.may_pass(verdict.part.recipe),
                decided_ns=verdict.decided_ns,
                deadline_ns=verdict.part.deadline_ns,
            )
        )

    def publish(self, readiness: Readiness, snapshot: Snapshot) -> None:
        self._slave.publish(
            StationStatus(
                online=readiness.ready,
                ready=readiness.ready and self._ledger.can_admit,
                offline_reason=_OFFLINE[readiness.hindrance] if readiness.hindrance else OfflineReason.NONE,
                armed=self._jobs.armed,
                golden=readiness.golden,
                simulated=self._simulated,
                mqtt_connected=readiness.mqtt_connected,
                spool_high=readiness.spool_high,
                clock_synced=readiness.clock_synced,
                alarm=readiness.alarm,
                error_code=0,
                job=self._jobs.number,
                counters=_counters(snapshot),
            )
        )

    def _fault(self, text_en: str, text_zh: str) -> None:
        if self._port_state.text_en != text_en:
            _log.error("PLC: %s", text_en)
        self._port_state = DeviceState("fault", text_en, text_zh)


def _counters(snapshot: Snapshot) -> Counters:
    return Counters(
        triggers=snapshot.accepted,
        ok=snapshot.ok,
        ng=snapshot.ng,
        recheck=snapshot.recheck,
        missed=snapshot.missed,
        late=snapshot.late,
        no_part=snapshot.no_part,
        error=snapshot.error,
        in_flight=snapshot.in_flight,
    )

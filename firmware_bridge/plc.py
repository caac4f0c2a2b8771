"""The handshake with the PLC: a pure state machine. It does no I/O and has no clock; every event brings `now_ns`.

    trigger side  OFFLINE ─(Online ∧ TriggerEnable ∧ station ready)→ READY ─Trigger↑, admitted→ ACKED ─Trigger↓→ ...
                  Trigger↑ while not READY, or refused by the line → MissedTrigger
    result side   EMPTY ─result→ LATCHED ─ResultsAck↑ or HR5 = InspectionID→ CLEARED ─ResultsAck low→ next or EMPTY

Invariants:
  1. Pass stands only for a latched result that the line gave, with evaluation OK, for a trigger that `admit` accepted
     and that is answered here for the first time. Each accepted trigger is shown at most once.
  2. Pass never appears after the deadline: the smaller of the result's own and HR41 counted from the trigger. A result
     that is latched later, because it came late or waited in the queue, shows Undefined and Fail. A Pass that already
     stands stays until it is acknowledged; ResultAge tells how old it is.
  3. If the station was not armed, or in golden mode, at any moment from trigger to acknowledgement, Pass is not set,
     and a Pass that stands is withdrawn.
  4. A second trigger with a tag whose result is still owed or unacknowledged is missed, and the parts can no
     longer be told apart: the result shows Undefined and Fail. So a PLC that restarts and counts from 1 meets no Pass
     of an earlier part.
  5. MasterTimeout forgets all of it: coils, latched and queued results, and who is owed one. The results that the line
     still owes are dropped as they come, and until then a trigger with their tag is missed.
  6. Fail = ResultsValid ∧ ¬Pass ∧ ¬NoPart. A missed trigger is owed no result.
  7. When the queue is full the oldest results stay; what does not fit is counted as overrun.

Used by one thread only.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from firmware_bridge.line import BOOTING, Evaluation, LineSide, OfflineReason, PlcResult, StationStatus, TriggerRequest
from firmware_bridge.modbus.pdu import Code, ModbusRefusal, pack_registers
from firmware_bridge.registers import (
    DEFAULT_MASTER_TIMEOUT_MS,
    DEFAULT_RESULT_DEADLINE_MS,
    HOLDINGS,
    NO_SCORE,
    PART_ID_MAX,
    Coil,
    Flag,
    Holding,
    Snapshot,
    check_holding,
)
from firmware_bridge.results import ResultSide

_MS = 1_000_000
_JOBS = range(1, 1000)


class CommandSide(Enum):
    IDLE = auto()
    EXECUTING = auto()
    COMPLETED = auto()
    FAILED = auto()


class Handshake:
    """One PLC's view of the station; see the module's invariants."""

    def __init__(self, line: LineSide) -> None:
        self._line = line
        self._status = BOOTING
        self._holding = [0] * HOLDINGS
        self._holding[Holding.MASTER_TIMEOUT_MS] = DEFAULT_MASTER_TIMEOUT_MS
        self._holding[Holding.RESULT_DEADLINE_MS] = DEFAULT_RESULT_DEADLINE_MS
        self._timed_out = False
        self._acked = False
        self._missed_flag = False
        self._acquisition_id = 0
        self._results = ResultSide()
        self._overrun_flag = False
        self._part_id: str | None = None
        self._user_data_ack = False
        self._command = CommandSide.IDLE
        self._commanded_job = 0
        self.missed = 0
        self.heard_ns: int | None = None

    # --- what the PLC does ---------------------------------------------------------------------------------------

    def hear(self, now_ns: int) -> None:
        """The master sent a request to this station, whatever it asks."""
        self.tick(now_ns)
        self.heard_ns = now_ns

    def write(self, values: Mapping[int, int], now_ns: int) -> None:
        """Holding registers are written in one request: data first, then HR5, then the control word.

        Raises:
            ModbusRefusal: an address or value is not allowed, or a job is still loading; nothing has changed then.
        """
        for address, value in values.items():
            check_holding(address, value)
        before = self._holding[Holding.CONTROL]
        after = values.get(Holding.CONTROL, before)
        if after & ~before & 1 << Coil.EXECUTE_COMMAND and self._command is CommandSide.EXECUTING:
            raise ModbusRefusal(Code.BUSY)
        for address, value in values.items():
            self._holding[address] = value
        if acknowledged := values.get(Holding.RESULTS_ACK_ID):
            self._results.acknowledge(acknowledged)
        if Holding.CONTROL in values:
            self._timed_out = False
            self._control(rising=after & ~before, falling=before & ~after, now_ns=now_ns)
        self._results.advance(self._coil(Coil.RESULTS_ACK), now_ns)

    def tick(self, now_ns: int) -> None:
        """Time has passed; notices a master that fell silent."""
        if self.heard_ns is None or now_ns - self.heard_ns <= self.master_timeout_ns:
            return
        self.heard_ns = None
        self._timed_out = True
        self._control(rising=0, falling=self._holding[Holding.CONTROL], now_ns=now_ns)
        self._holding[Holding.CONTROL] = 0
        self._results.forget()
        self._part_id = None

    # --- what the station does -----------------------------------------------------------------------------------

    def publish(self, status: StationStatus, was_barred: bool = False) -> None:
        """The station's state. `was_barred`: it was disarmed or golden for a while since the last call."""
        self._status = status
        if was_barred or not status.armed or status.golden:
            self._results.bar()
        if self._command is CommandSide.EXECUTING and status.job == self._commanded_job:
            self._command = CommandSide.COMPLETED if self._coil(Coil.EXECUTE_COMMAND) else CommandSide.IDLE

    def job_failed(self) -> None:
        """The job that was taken on is not loaded; the one before stays."""
        if self._command is CommandSide.EXECUTING:
            self._command = CommandSide.FAILED if self._coil(Coil.EXECUTE_COMMAND) else CommandSide.IDLE

    def answer(self, result: PlcResult, now_ns: int) -> None:
        """The line's one result for an accepted trigger; one that nobody is owed is counted and dropped."""
        if not self._results.answer(result, buffered=self._coil(Coil.BUFFER_RESULTS)):
            self._overrun_flag = True
        self._results.advance(self._coil(Coil.RESULTS_ACK), now_ns)

    # --- what the PLC reads --------------------------------------------------------------------------------------

    @property
    def holding(self) -> tuple[int, ...]:
        """Holding registers 0 to 42 as they stand."""
        return tuple(self._holding)

    @property
    def master_timeout_ns(self) -> int:
        return self._holding[Holding.MASTER_TIMEOUT_MS] * _MS

    @property
    def overruns(self) -> int:
        return self._results.overruns

    @property
    def unclaimed(self) -> int:
        return self._results.unclaimed

    @property
    def online(self) -> bool:
        return self.offline_reason is OfflineReason.NONE and self._status.online

    @property
    def offline_reason(self) -> OfflineReason:
        if self._coil(Coil.SET_OFFLINE):
            return OfflineReason.SET_OFFLINE
        return OfflineReason.MASTER_TIMEOUT if self._timed_out else self._status.offline_reason

    @property
    def ready(self) -> bool:
        return self.online and self._status.ready and self._coil(Coil.TRIGGER_ENABLE) and not self._acked

    def snapshot(self, now_ns: int, heartbeat_out: int, line_crc_errors: int) -> Snapshot:
        """All the PLC can read, at this moment."""
        shown = self._results.shown
        return Snapshot(
            flags=self._flags(),
            heartbeat_out=heartbeat_out,
            heartbeat_echo=self._holding[Holding.HEARTBEAT_IN],
            job=self._status.job,
            error_code=self._status.error_code,
            acquisition_id=self._acquisition_id,
            inspection_id=shown.inspection_id if shown else 0,
            evaluation=shown.evaluation if shown else Evaluation.UNDEFINED,
            evaluation_code=shown.code if shown else 0,
            score=NO_SCORE if shown is None or shown.score is None else round(shown.score * 10_000),
            result_age_ms=max(0, min((now_ns - shown.decided_ns) // _MS, 0xFFFF)) if shown else 0,
            results_queued=self._results.queued,
            counters=self._status.counters,
            missed=self._status.counters.missed + self.missed,
            overruns=self.overruns,
            line_crc_errors=line_crc_errors,
        )

    # --- inside --------------------------------------------------------------------------------------------------

    def _coil(self, coil: Coil) -> bool:
        return bool(self._holding[Holding.CONTROL] >> coil & 1)

    def _control(self, rising: int, falling: int, now_ns: int) -> None:
        """The edges of the control word, the trigger last, so that one write can prepare and trigger."""
        if rising & 1 << Coil.CLEAR_ERROR:
            self._missed_flag = self._overrun_flag = False
        if rising & 1 << Coil.SET_USER_DATA:
            self._latch_part_id()
        if falling & 1 << Coil.SET_USER_DATA:
            self._user_data_ack = False
        if rising & 1 << Coil.EXECUTE_COMMAND:
            self._execute()
        if falling & 1 << Coil.EXECUTE_COMMAND and self._command is not CommandSide.EXECUTING:
            self._command = CommandSide.IDLE
        if rising & 1 << Coil.RESULTS_ACK:
            self._results.acknowledge()
        if rising & 1 << Coil.TRIGGER:
            self._trigger(now_ns)
        if falling & 1 << Coil.TRIGGER:
            self._acked = False

    def _trigger(self, now_ns: int) -> None:
        tag = self._holding[Holding.TRIGGER_TAG]
        doubled = self._results.spoil(tag)
        if doubled or not self.ready:
            self._miss()
            return
        deadline_ms = self._holding[Holding.RESULT_DEADLINE_MS]
        acquired = self._line.admit(TriggerRequest(tag, self._part_id, deadline_ms, now_ns))
        if acquired is None:
            self._missed_flag = True
            return
        if not 1 <= acquired <= 0xFFFF or tag not in (0, acquired) or self._results.spoil(acquired):
            self._results.strand(acquired)
            self._miss()
            return
        self._part_id = None
        self._acked = True
        self._acquisition_id = acquired
        may_pass = self._status.armed and not self._status.golden
        self._results.owe(acquired, now_ns + deadline_ms * _MS, may_pass)

    def _miss(self) -> None:
        self.missed += 1
        self._missed_flag = True

    def _latch_part_id(self) -> None:
        """SetUserData: the id is for the next accepted trigger. Not acknowledged where a character is missing."""
        length = self._holding[Holding.PART_ID_LENGTH]
        words = self._holding[Holding.PART_ID : Holding.PART_ID + PART_ID_MAX // 2]
        text = pack_registers(words)[:length]
        self._user_data_ack = 0 not in text
        self._part_id = text.decode("ascii") if text and self._user_data_ack else None

    def _execute(self) -> None:
        job = self._holding[Holding.COMMAND]
        if job not in _JOBS or not self._line.load_job(job):
            self._command = CommandSide.FAILED
            return
        self._commanded_job = job
        self._command = CommandSide.COMPLETED if self._status.job == job else CommandSide.EXECUTING

    def _flags(self) -> int:
        status, shown = self._status, self._results.shown
        passes = shown is not None and shown.passes
        flags = (
            (Flag.TRIGGER_READY, self.ready),
            (Flag.TRIGGER_ACK, self._acked),
            (Flag.MISSED_TRIGGER, self._missed_flag),
            (Flag.ONLINE, self.online),
            (Flag.SYSTEM_BUSY, self._results.any_owed),
            (Flag.INSPECTION_COMPLETED, self._results.completed_toggle),
            (Flag.RESULTS_OVERRUN, self._overrun_flag),
            (Flag.RESULTS_VALID, shown is not None),
            (Flag.COMMAND_EXECUTING, self._command is CommandSide.EXECUTING),
            (Flag.COMMAND_COMPLETED, self._command is CommandSide.COMPLETED),
            (Flag.COMMAND_FAILED, self._command is CommandSide.FAILED),
            (Flag.ERROR, status.error_code != 0),
            (Flag.USER_DATA_ACK, self._user_data_ack),
            (Flag.NO_PART, shown is not None and shown.no_part),
            (Flag.ALARM_ACTIVE, status.alarm),
            (Flag.EXPOSURE_COMPLETE, self._acquisition_id != 0 and not self._results.is_owed(self._acquisition_id)),
            (Flag.JOB_PASS, passes),
            (Flag.GOLDEN_MODE, status.golden),
            (Flag.NOT_ARMED, not status.armed),
            (Flag.PASS, passes),
            (Flag.FAIL, shown is not None and shown.fails),
            (Flag.NOT_DECIDABLE, shown is not None and shown.evaluation is Evaluation.NOT_DECIDABLE),
            (Flag.MQTT_CONNECTED, status.mqtt_connected),
            (Flag.SPOOL_HIGH, status.spool_high),
            (Flag.SIMULATED, status.simulated),
            (Flag.CLOCK_SYNCED, status.clock_synced),
        )
        return self.offline_reason << Flag.OFFLINE_REASON | sum(1 << flag for flag, on in flags if on)

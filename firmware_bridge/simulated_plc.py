"""A PLC that runs one line: triggers parts by tag, takes their results and acknowledges them, scan by scan."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Literal, TextIO

from firmware_bridge.errors import MasterError
from firmware_bridge.line_book import LineBook, LinePart, Outcome
from firmware_bridge.modbus.master import ModbusMaster
from firmware_bridge.plc_program import BLOCK, HEARTBEAT_FRESH_S, Block, block_of
from firmware_bridge.registers import Coil, Flag, Holding, Input

_SCAN_S = 0.01
_IDLE_SCAN_S = 0.05
_RETRY_S = 0.2
_CONTACT_S = 1.0  # silence after which the station counts as gone
_ACK_S = 0.5
_DRAIN_S = 5.0
_MASTER_TIMEOUT_MS = 3000
_GATE_BEHIND_S = 0.2  # the gate stands so far behind the deadline, for the PLC's scans
Pace = Literal["beat", "ready", "result"]
_RUNNING = 1 << Coil.TRIGGER_ENABLE | 1 << Coil.BUFFER_RESULTS


@dataclass(frozen=True, slots=True)
class LineSettings:
    """`count` None: until stopped. `deadline_ms` is written to the station and places the gate.

    `scan_s`: time from scan to scan while a part is on its way. `pace`: parts come on the beat of `interval_s`, whether
    the station can take them or not; or as soon as it is ready; or as soon as the one before has its result.
    `timed`: the transcript ends with how long every exchange with the station took.
    """

    interval_s: float
    count: int | None
    deadline_ms: int
    accept_simulated: bool
    scan_s: float = _SCAN_S
    pace: Pace = "beat"
    timed: bool = False


class SimulatedPlc:
    """One `step` is one scan of the PLC program."""

    def __init__(
        self,
        master: ModbusMaster,
        settings: LineSettings,
        transcript: TextIO,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._master = master
        self._settings = settings
        self._now_s = monotonic_s
        self._book = LineBook(transcript, monotonic_s, settings.accept_simulated)
        self._heard_s = self._heartbeat_s = self._next_s = monotonic_s()
        self._heartbeat: int | None = None
        self._heartbeat_gap = False
        self._beats_sent = 0
        self._boot_id: int | None = None
        self._connected = False
        self._waiting_said = False
        self._seen_ready = self._ready = False
        self._tag = 0
        self._ack_id = 0
        self._standing: tuple[int, bool] | None = None
        self._pending: LinePart | None = None
        self._exchanges_us: list[int] = []

    def run(self, stop: Event) -> int:
        """Trigger until `count` parts or `stop`, take what is still owed, write the summary. 0 where all added up."""
        while not stop.is_set() and not self._finished():
            self.step(may_trigger=True)
            stop.wait(self._pause_s(may_trigger=True))
        until_s = self._now_s() + _DRAIN_S
        pause = Event()  # nobody sets it: the drain goes on after `stop`
        while (self._pending is not None or self._book.owed()) and self._now_s() < until_s:
            self.step(may_trigger=False)
            pause.wait(self._pause_s(may_trigger=False))
        with contextlib.suppress(MasterError):
            self._exchange()  # the last acknowledgement
            self._master.write_register(Holding.CONTROL, 0)
        if self._settings.timed:
            self._book.say("exchanges", us=self._exchanges_us)
        return 0 if self._book.summarize() else 1

    def step(self, may_trigger: bool) -> None:
        """Speak to the station once; silence is written down, not raised."""
        try:
            if not self._connected:
                self._connect()
            block = self._exchange()
            self._watch(block)
            self._settle_trigger(block)
            self._take_result(block)
            if may_trigger and self._due():
                self._trigger()
        except MasterError as error:
            self._no_contact(error)
        self._book.close_gates()

    # --- the link ------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        """Ask who is there, set it up, and see whether it is the station we knew."""
        words = self._master.read_input_registers(Input.MAP_VERSION, Input.NO_PARTS - Input.MAP_VERSION)
        boot_id = words[1] << 16 | words[2]
        serial = b"".join(word.to_bytes(2, "big") for word in words[3:11]).rstrip(b"\0").decode("ascii", "replace")
        self._master.write_register(Holding.CONTROL, 0)
        self._master.write_registers(Holding.MASTER_TIMEOUT_MS, [_MASTER_TIMEOUT_MS, self._settings.deadline_ms, 0])
        self._master.write_register(Holding.CONTROL, _RUNNING)
        restarted = self._boot_id not in (None, boot_id)
        if restarted:
            self._book.lose("station restarted")
            self._standing, self._ack_id = None, 0
        self._boot_id = boot_id
        self._connected, self._waiting_said, self._seen_ready = True, False, False
        self._heard_s = self._heartbeat_s = self._now_s()
        self._book.say("connected", boot_id=boot_id, serial=serial, map_version=words[0], restarted=restarted)

    def _exchange(self) -> Block:
        """HeartbeatIn, tag and acknowledgement out; status and result in."""
        self._beats_sent = (self._beats_sent + 1) & 0xFFFF
        out = [self._beats_sent, 0, self._tag, self._ack_id]
        asked_s = self._now_s()
        block = block_of(self._master.exchange_registers(Holding.MIRROR, BLOCK, Holding.HEARTBEAT_IN, out))
        self._heard_s = self._now_s()
        if self._settings.timed:
            self._exchanges_us.append(round((self._heard_s - asked_s) * 1e6))
        return block

    def _watch(self, block: Block) -> None:
        """HeartbeatOut must change; a station that went offline has dropped our coils and gets them again."""
        now_s = self._now_s()
        if block.heartbeat != self._heartbeat:
            self._heartbeat, self._heartbeat_s, self._heartbeat_gap = block.heartbeat, now_s, False
        elif now_s - self._heartbeat_s > HEARTBEAT_FRESH_S and not self._heartbeat_gap:
            self._heartbeat_gap = True
            self._book.tally.heartbeat_gaps += 1
            self._book.say("heartbeat_gap")
        self._ready = block.flag(Flag.TRIGGER_READY)
        if self._ready:
            self._seen_ready = True
        elif not block.flag(Flag.ONLINE) and self._seen_ready:
            self._seen_ready = False
            self._book.say("offline", reason=block.offline_reason)
            self._master.write_register(Holding.CONTROL, _RUNNING)

    def _no_contact(self, error: MasterError) -> None:
        if self._connected:
            self._book.tally.line_errors += 1
            self._book.say("line_error", error=str(error))
        if self._connected and self._now_s() - self._heard_s <= _CONTACT_S:
            return
        self._connected = False
        if self._pending is not None:
            self._resolve(self._pending, "no_answer")
        if not self._waiting_said:
            self._waiting_said = True
            self._book.say("waiting", error=str(error))

    # --- the trigger side ----------------------------------------------------------------------------------------

    def _due(self) -> bool:
        return self._is_free() and not self._finished() and self._now_s() >= self._next_s

    def _is_free(self) -> bool:
        """No trigger is under way, and the pace allows the next."""
        if self._pending is not None or not self._seen_ready:
            return False
        match self._settings.pace:
            case "beat":
                return True
            case "ready":
                return self._ready
            case "result":
                return not self._book.owed()

    def _trigger(self) -> None:
        self._tag = self._tag % 0xFFFF + 1
        part = self._pending = self._book.send(self._tag, self._settings.deadline_ms / 1000 + _GATE_BEHIND_S)
        self._next_s = part.sent_s + self._settings.interval_s
        self._master.write_register(Holding.TRIGGER_TAG, part.tag)
        self._master.write_coil(Coil.TRIGGER, True)

    def _settle_trigger(self, block: Block) -> None:
        """TriggerAck with our tag accepts; MissedTrigger, or nothing for half a second, does not."""
        part = self._pending
        if part is None:
            return
        if block.flag(Flag.TRIGGER_ACK) and block.acquisition_id == part.tag:
            self._resolve(part, "accepted")
        elif block.flag(Flag.MISSED_TRIGGER):
            self._resolve(part, "missed")
            self._master.write_coil(Coil.CLEAR_ERROR, True)
            self._master.write_coil(Coil.CLEAR_ERROR, False)
        elif self._now_s() - part.sent_s > _ACK_S:
            self._resolve(part, "no_answer")
        else:
            return
        self._master.write_coil(Coil.TRIGGER, False)

    def _resolve(self, part: LinePart, outcome: Outcome) -> None:
        self._pending = None
        self._book.resolve(part, outcome)

    # --- the result side -----------------------------------------------------------------------------------------

    def _take_result(self, block: Block) -> None:
        """Take the result that stands, once, and acknowledge it with the next exchange."""
        if not block.flag(Flag.RESULTS_VALID):
            self._standing = None
            return
        if not block.is_whole:
            self._book.tally.line_errors += 1
            self._book.say("torn", inspection_id=block.inspection_id)
            return
        standing = (block.inspection_id, block.flag(Flag.INSPECTION_COMPLETED))
        if standing != self._standing:
            self._standing = standing
            self._ack_id = block.inspection_id
            self._book.take(block, self._now_s() - self._heartbeat_s)

    # --- when ----------------------------------------------------------------------------------------------------

    def _finished(self) -> bool:
        return self._settings.count is not None and self._book.tally.triggers >= self._settings.count

    def _pause_s(self, may_trigger: bool) -> float:
        if not self._connected:
            return _RETRY_S
        scan_s = self._settings.scan_s if self._pending is not None or self._book.owed() else _IDLE_SCAN_S
        if not (may_trigger and self._is_free()):
            return scan_s
        return max(0.0, min(scan_s, self._next_s - self._now_s()))

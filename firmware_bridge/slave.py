"""The station as Modbus RTU slave: what the station builds, serves on one thread and feeds from any other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from firmware_bridge.line import (
    Counters,
    Evaluation,
    LineSide,
    OfflineReason,
    PlcResult,
    StationStatus,
    TriggerRequest,
)
from firmware_bridge.modbus.crc import seal
from firmware_bridge.modbus.frames import Frame, decode, last_request
from firmware_bridge.modbus.pdu import Code, ModbusRefusal, serve
from firmware_bridge.plc import Handshake
from firmware_bridge.registers import COILS, FLAGS, HOLDINGS, INPUTS, Holding, Identity, input_registers
from firmware_bridge.transport import ByteTransport

__all__ = [
    "Counters",
    "Evaluation",
    "LineSide",
    "OfflineReason",
    "PlcResult",
    "PlcSlave",
    "StationStatus",
    "TriggerRequest",
]

_IDLE_S = 0.05  # longest wait for a byte: how soon `stop` and MasterTimeout are noticed
_QUIET_S = 0.005  # silence after which the bytes at hand are all there is for now
_RESET_S = 0.05  # silence after which what is at hand is noise; no frame pauses that long inside
_CHUNK = 256
_GAP_NS = 100_000_000  # a line that is served is looked after every 50 ms; longer, and nobody served it
_INBOX = 1024  # answers given while nobody serves; what is beyond is lost like an overrun


class PlcSlave:
    """One PLC link. It outlives its transport: when `serve` loses one, call it again with another.

    `publish`, `beat`, `answer` and the properties may be used from any thread and never block on the line; the
    handshake itself runs on the thread in `serve` alone, so `admit` may take the station's locks.
    """

    def __init__(
        self,
        *,
        unit: int,
        boot_id: int,
        serial: str,
        line: LineSide,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`unit` 1..247; `boot_id` 32 bits, another at each start; `serial` at most 16 printable ASCII characters."""
        if not 1 <= unit <= 247:
            raise ValueError(f"Modbus unit {unit} is not within 1 to 247")
        self._unit = unit
        self._now_ns = monotonic_ns
        self._handshake = Handshake(line)
        self._tables = _StationTables(self._handshake, Identity(boot_id, serial), monotonic_ns)
        self._lock = threading.Lock()
        self._status: StationStatus | None = None
        self._was_barred = False
        self._job_failed = False
        self._answers: list[tuple[PlcResult, int]] = []
        self._lost_answers = 0
        self._taken_in_ns: int | None = None
        self._received = b""
        self._in_noise = False

    def serve(self, transport: ByteTransport, stop: threading.Event) -> None:
        """Answer the master until `stop` is set; returns within 50 ms of that. Leaves the transport open.

        Raises:
            TransportLost: the transport is gone; the link's state stays.
        """
        transport.flush_input()
        self._taken_in_ns = None
        self._received = b""
        silent_since_ns = self._now_ns()
        while not stop.is_set():
            chunk = transport.read(_CHUNK, _QUIET_S if self._received else _IDLE_S)
            now_ns = self._now_ns()
            self._take_in(now_ns)
            if chunk:
                silent_since_ns = now_ns
                self._received += chunk
                reply = self._execute(self._frames())
            else:
                reply = self._execute(self._frames_in_silence((now_ns - silent_since_ns) / 1e9))
            if reply:
                transport.write(reply)

    def publish(self, status: StationStatus) -> None:
        """Mirror this state from the next request on. Disarming and golden mode are never missed, however short."""
        with self._lock:
            self._status = status
            self._was_barred = self._was_barred or not status.armed or status.golden

    def job_failed(self) -> None:
        """The job that `LineSide.load_job` took on is not loaded."""
        with self._lock:
            self._job_failed = True

    def beat(self) -> None:
        """HeartbeatOut + 1. Only the supervisor of capture and inference calls this, every 100 ms while all is well."""
        self._tables.heartbeat_out = (self._tables.heartbeat_out + 1) & 0xFFFF

    def answer(self, result: PlcResult) -> None:
        """Give the result of an admitted part.

        On a served line it counts as given now, whenever the PLC comes to read it; else when the line is served again.
        """
        with self._lock:
            if len(self._answers) < _INBOX:
                self._answers.append((result, self._now_ns()))
            else:
                self._lost_answers += 1

    @property
    def plc_connected(self) -> bool:
        """The master spoke to this station within MasterTimeout."""
        heard_ns = self._handshake.heard_ns
        return heard_ns is not None and self._now_ns() - heard_ns <= self._handshake.master_timeout_ns

    @property
    def missed_triggers(self) -> int:
        """Triggers refused here, without asking `admit`; the register adds those the ledger refused."""
        return self._handshake.missed

    @property
    def overruns(self) -> int:
        """Results lost because the PLC did not acknowledge earlier ones."""
        return self._handshake.overruns + self._lost_answers

    @property
    def unclaimed_results(self) -> int:
        """Results dropped as no PLC trigger was waiting for them: self-triggered parts, or after MasterTimeout."""
        return self._handshake.unclaimed

    @property
    def crc_errors(self) -> int:
        """Bursts of bytes on the line that were no frame."""
        return self._tables.line_crc_errors

    # --- the thread in `serve` -----------------------------------------------------------------------------------

    def _take_in(self, now_ns: int) -> None:
        """Hand over what other threads left since the last time.

        Until then no master could see an answer: after a gap what is past its deadline must not appear as Pass.
        """
        served_throughout = self._taken_in_ns is not None and now_ns - self._taken_in_ns <= _GAP_NS
        self._taken_in_ns = now_ns
        with self._lock:
            status, self._status = self._status, None
            was_barred, self._was_barred = self._was_barred, False
            answers, self._answers = self._answers, []
            job_failed, self._job_failed = self._job_failed, False
        self._handshake.tick(now_ns)
        if status is not None:
            self._handshake.publish(status, was_barred)
        if job_failed:
            self._handshake.job_failed()
        for result, given_ns in answers:
            self._handshake.answer(result, given_ns if served_throughout else max(given_ns, now_ns))

    def _frames(self) -> list[Frame]:
        """All frames that are complete; what is left may still be arriving."""
        frames = []
        while self._received:
            used, frame = decode(self._received)
            size = len(frame.pdu) + 3 if frame else 0
            self._count_noise(used > size, frame is not None)
            self._received = self._received[used:]
            if frame is None:
                break
            frames.append(frame)
        return frames

    def _frames_in_silence(self, silence_s: float) -> list[Frame]:
        """A request that stands behind noise which looks like the start of something longer."""
        frame = last_request(self._received, self._unit) if self._received else None
        if frame is not None or (self._received and silence_s >= _RESET_S):
            self._received = b""
            self._count_noise(True, frame is not None)
        if silence_s >= _RESET_S:
            self._in_noise = False
        return [frame] if frame else []

    def _count_noise(self, noisy: bool, frame_follows: bool) -> None:
        """One error a burst: noise that arrives in pieces counts once."""
        if noisy and not self._in_noise:
            self._tables.line_crc_errors += 1
        self._in_noise = (self._in_noise or noisy) and not frame_follows

    def _execute(self, frames: Sequence[Frame]) -> bytes:
        """Carry out all requests to this unit. The reply is that to the last frame: an older one has gone stale."""
        reply = b""
        for frame in frames:
            reply = b""
            if frame.unit == self._unit and frame.is_request:
                self._handshake.hear(self._now_ns())
                reply = seal(bytes([self._unit]) + serve(frame.pdu, self._tables))
        return reply


class _StationTables:
    """The handshake as the four Modbus tables; only the thread in `serve` uses it, but for the heartbeat."""

    def __init__(self, handshake: Handshake, identity: Identity, monotonic_ns: Callable[[], int]) -> None:
        self._handshake = handshake
        self._identity = identity
        self._now_ns = monotonic_ns
        self.heartbeat_out = 0
        self.line_crc_errors = 0

    def read_coils(self, address: int, count: int) -> Sequence[bool]:
        _within(address, count, COILS)
        return _bits(self._handshake.holding[Holding.CONTROL], address, count)

    def read_discrete_inputs(self, address: int, count: int) -> Sequence[bool]:
        _within(address, count, FLAGS)
        return _bits(self._inputs_flags(), address, count)

    def check_holding_registers(self, address: int, count: int) -> None:
        if address >= Holding.MIRROR:
            _within(address - Holding.MIRROR, count, INPUTS)
        else:
            _within(address, count, HOLDINGS)

    def read_holding_registers(self, address: int, count: int) -> Sequence[int]:
        self.check_holding_registers(address, count)
        if address >= Holding.MIRROR:
            return self.read_input_registers(address - Holding.MIRROR, count)
        return self._handshake.holding[address : address + count]

    def read_input_registers(self, address: int, count: int) -> Sequence[int]:
        _within(address, count, INPUTS)
        return self._inputs()[address : address + count]

    def write_coils(self, address: int, bits: Sequence[bool]) -> None:
        _within(address, len(bits), COILS)
        word = self._handshake.holding[Holding.CONTROL]
        for place, bit in enumerate(bits, start=address):
            word = word | 1 << place if bit else word & ~(1 << place)
        self._handshake.write({Holding.CONTROL: word}, self._now_ns())

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        self._handshake.write(dict(enumerate(values, start=address)), self._now_ns())

    def _inputs(self) -> list[int]:
        snapshot = self._handshake.snapshot(self._now_ns(), self.heartbeat_out, self.line_crc_errors)
        return input_registers(snapshot, self._identity, bool(self._handshake.holding[Holding.WORD_ORDER]))

    def _inputs_flags(self) -> int:
        low, high = self._inputs()[:2]
        return high << 16 | low


def _within(address: int, count: int, size: int) -> None:
    if address + count > size:
        raise ModbusRefusal(Code.ADDRESS)


def _bits(word: int, address: int, count: int) -> list[bool]:
    return [bool(word >> place & 1) for place in range(address, address + count)]

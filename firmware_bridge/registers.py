"""The register map: where every coil, discrete input and register stands, and which values may be written.

Addresses are 0-based PDU addresses. 32-bit values take two registers, high word first unless `WORD_ORDER` is 1.
Input register n can also be read as holding register 100 + n. `docs/plc.md` shows the map for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from firmware_bridge.line import Counters
from firmware_bridge.modbus.crc import crc16
from firmware_bridge.modbus.pdu import Code, ModbusRefusal, pack_registers, unpack_registers


class Coil(IntEnum):
    """Coils, the bits of holding register 0. All others are reserved."""

    TRIGGER_ENABLE = 0
    TRIGGER = 1
    BUFFER_RESULTS = 2
    RESULTS_ACK = 3
    EXECUTE_COMMAND = 4
    SET_OFFLINE = 7
    SET_USER_DATA = 8
    CLEAR_ERROR = 9


class Flag(IntEnum):
    """Discrete inputs, the bits of input registers 0 and 1."""

    TRIGGER_READY = 0
    TRIGGER_ACK = 1
    HOLD_REQUEST = 2
    MISSED_TRIGGER = 3
    OFFLINE_REASON = 4  # the lowest of three bits
    ONLINE = 7
    SYSTEM_BUSY = 8
    INSPECTION_COMPLETED = 9
    RESULTS_OVERRUN = 10
    RESULTS_VALID = 11
    COMMAND_EXECUTING = 12
    COMMAND_COMPLETED = 13
    COMMAND_FAILED = 14
    ERROR = 15
    USER_DATA_ACK = 16
    NO_PART = 17
    ALARM_ACTIVE = 18
    EXPOSURE_COMPLETE = 19
    JOB_PASS = 20
    STOP_REQUEST = 21
    GOLDEN_MODE = 22
    NOT_ARMED = 23
    PASS = 24
    FAIL = 25
    NOT_DECIDABLE = 26
    IO_BOARD_OK = 27
    MQTT_CONNECTED = 28
    SPOOL_HIGH = 29
    SIMULATED = 30
    CLOCK_SYNCED = 31


class Input(IntEnum):
    """Input registers."""

    STATUS = 0
    HEARTBEAT_OUT = 2
    HEARTBEAT_ECHO = 3
    CURRENT_JOB = 4
    ERROR_CODE = 5
    ACQUISITION_ID = 6
    INSPECTION_ID = 7
    EVALUATION = 8
    EVALUATION_CODE = 9
    SCORE = 10
    RESULT_AGE_MS = 11
    ENCODER = 12
    RESULT_CRC = 14
    RESULTS_QUEUED = 15
    MEASUREMENTS = 16
    TRIGGERS = 48
    OK = 50
    NG = 52
    RECHECK = 54
    MISSED = 56
    OVERRUN = 58
    LINE_CRC_ERRORS = 60
    LATE = 62
    MAP_VERSION = 64
    BOOT_ID = 65
    SERIAL = 67
    NO_PARTS = 76
    ERRORS = 78
    IN_FLIGHT = 80


class Holding(IntEnum):
    """Holding registers; those not named are reserved up to 42 and mirror the input registers from 100 on."""

    CONTROL = 0
    HEARTBEAT_IN = 2
    COMMAND = 3
    TRIGGER_TAG = 4
    RESULTS_ACK_ID = 5
    PART_ID_LENGTH = 6
    PART_ID = 8
    MASTER_TIMEOUT_MS = 40
    RESULT_DEADLINE_MS = 41
    WORD_ORDER = 42
    MIRROR = 100


INPUTS = 81
HOLDINGS = 43
COILS = 16
FLAGS = 32
MEASUREMENTS = 16
PART_ID_MAX = 64
SERIAL_MAX = 16
MAP_VERSION = 0x0100
INVALID_MEASUREMENT = 0x80000000
NO_SCORE = 0xFFFF
DEFAULT_MASTER_TIMEOUT_MS = 1000
DEFAULT_RESULT_DEADLINE_MS = 10_000

_CONTROL_BITS = sum(1 << coil for coil in Coil)
_RANGES: dict[int, range] = {
    Holding.PART_ID_LENGTH: range(0, PART_ID_MAX + 1),
    Holding.MASTER_TIMEOUT_MS: range(100, 60_001),
    Holding.RESULT_DEADLINE_MS: range(10, 10_001),
    Holding.WORD_ORDER: range(0, 2),
}
_RESERVED = (1, 7)


@dataclass(frozen=True, slots=True)
class Identity:
    """What does not change while the station runs. `serial` is ASCII, at most 16 characters."""

    boot_id: int
    serial: str

    def __post_init__(self) -> None:
        if not 0 <= self.boot_id < 1 << 32:
            raise ValueError(f"boot id {self.boot_id} does not fit 32 bits")
        if not (self.serial.isascii() and self.serial.isprintable() and len(self.serial) <= SERIAL_MAX):
            raise ValueError(f"serial {self.serial!r} must be at most {SERIAL_MAX} printable ASCII characters")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the PLC can read, at one moment; `flags` holds discrete input n in bit n."""

    flags: int
    heartbeat_out: int
    heartbeat_echo: int
    job: int
    error_code: int
    acquisition_id: int
    inspection_id: int
    evaluation: int
    evaluation_code: int
    score: int
    result_age_ms: int
    results_queued: int
    counters: Counters
    missed: int
    overruns: int
    line_crc_errors: int


def input_registers(snapshot: Snapshot, identity: Identity, low_word_first: bool) -> list[int]:
    """Input registers 0 to 80. There is no encoder (0) and there are no measurements (marked invalid)."""
    registers = list(_still_registers(identity, low_word_first))
    registers[Input.STATUS : Input.STATUS + 2] = [snapshot.flags & 0xFFFF, snapshot.flags >> 16]
    registers[Input.HEARTBEAT_OUT : Input.RESULT_AGE_MS + 1] = [
        snapshot.heartbeat_out,
        snapshot.heartbeat_echo,
        snapshot.job,
        snapshot.error_code,
        snapshot.acquisition_id,
        snapshot.inspection_id,
        snapshot.evaluation,
        snapshot.evaluation_code,
        snapshot.score,
        snapshot.result_age_ms,
    ]
    registers[Input.RESULT_CRC] = result_crc(registers)
    registers[Input.RESULTS_QUEUED] = snapshot.results_queued
    for address, value in _counter_registers(snapshot):
        registers[address : address + 2] = _words(value, low_word_first)
    registers[Input.IN_FLIGHT] = min(snapshot.counters.in_flight, 0xFFFF)
    return registers


@lru_cache(maxsize=4)
def _still_registers(identity: Identity, low_word_first: bool) -> tuple[int, ...]:
    """Input registers 0 to 80 as far as they never change: the PLC reads them every 10 ms."""
    registers = [0] * INPUTS
    for index in range(MEASUREMENTS):
        at = Input.MEASUREMENTS + 2 * index
        registers[at : at + 2] = _words(INVALID_MEASUREMENT, low_word_first)
    registers[Input.MAP_VERSION] = MAP_VERSION
    registers[Input.BOOT_ID : Input.BOOT_ID + 2] = _words(identity.boot_id, low_word_first)
    text = identity.serial.encode("ascii").ljust(SERIAL_MAX, b"\0")
    registers[Input.SERIAL : Input.SERIAL + SERIAL_MAX // 2] = unpack_registers(text)
    return tuple(registers)


def _words(value: int, low_word_first: bool) -> tuple[int, int]:
    high, low = value >> 16 & 0xFFFF, value & 0xFFFF
    return (low, high) if low_word_first else (high, low)


def result_crc(registers: Sequence[int]) -> int:
    """CRC-16 over input registers 6 to 10, 12 and 13, each high byte first; `registers` begins with input register 0.

    A master that reads the block in two requests recomputes it: another value means that the halves do not belong
    together.
    """
    block = [*registers[Input.ACQUISITION_ID : Input.SCORE + 1], *registers[Input.ENCODER : Input.ENCODER + 2]]
    return crc16(pack_registers(block))


def check_holding(address: int, value: int) -> None:
    """Whether one holding register may take a value.

    Raises:
        ModbusRefusal: address 2 outside the writable registers, value 3 out of range, reserved or not printable.
    """
    if not 0 <= address < HOLDINGS:
        raise ModbusRefusal(Code.ADDRESS)
    allowed = _RANGES.get(address)
    if allowed is not None and value not in allowed:
        raise ModbusRefusal(Code.VALUE)
    if address in _RESERVED and value:
        raise ModbusRefusal(Code.VALUE)
    if address == Holding.CONTROL and value & ~_CONTROL_BITS:
        raise ModbusRefusal(Code.VALUE)
    if Holding.PART_ID <= address < Holding.MASTER_TIMEOUT_MS and not _printable(value):
        raise ModbusRefusal(Code.VALUE)


def _printable(word: int) -> bool:
    """Two characters of a PartID; zero bytes fill up what lies behind its end."""
    return all(byte == 0 or 0x20 <= byte <= 0x7E for byte in word.to_bytes(2, "big"))


def _counter_registers(snapshot: Snapshot) -> tuple[tuple[Input, int], ...]:
    counters = snapshot.counters
    return (
        (Input.TRIGGERS, counters.triggers),
        (Input.OK, counters.ok),
        (Input.NG, counters.ng),
        (Input.RECHECK, counters.recheck),
        (Input.MISSED, snapshot.missed),
        (Input.OVERRUN, snapshot.overruns),
        (Input.LINE_CRC_ERRORS, snapshot.line_crc_errors),
        (Input.LATE, counters.late),
        (Input.NO_PARTS, counters.no_part),
        (Input.ERRORS, counters.error),
    )

"""The map stands where the interface says, and docs/plc.md says the same."""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path

import pytest

from firmware_bridge.line import Counters
from firmware_bridge.modbus.crc import crc16
from firmware_bridge.modbus.pdu import ModbusRefusal
from firmware_bridge.registers import (
    Coil,
    Flag,
    Holding,
    Identity,
    Input,
    Snapshot,
    check_holding,
    input_registers,
)

MANUAL = Path(__file__).parents[3] / "docs" / "plc.md"
SNAPSHOT = Snapshot(
    flags=0x8100_0881,
    heartbeat_out=2,
    heartbeat_echo=3,
    job=4,
    error_code=5,
    acquisition_id=6,
    inspection_id=7,
    evaluation=1,
    evaluation_code=9,
    score=10,
    result_age_ms=11,
    results_queued=15,
    counters=Counters(
        triggers=0x1_0015, ok=0x1_0000, ng=1, recheck=2, missed=0, late=4, no_part=6, error=5, in_flight=7
    ),
    missed=3,
    overruns=8,
    line_crc_errors=9,
)
IDENTITY = Identity(0x12345678, "OKNG-0001")


def test_every_input_register_stands_at_its_address() -> None:
    """Positions written out by hand from the interface text."""
    registers = input_registers(SNAPSHOT, IDENTITY, low_word_first=False)
    crc = crc16(bytes.fromhex("0006 0007 0001 0009 000A 0000 0000"))
    expected = {
        0: 0x0881, 1: 0x8100, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 1, 9: 9, 10: 10, 11: 11, 12: 0, 13: 0, 14: crc,
        15: 15, 16: 0x8000, 17: 0, 46: 0x8000, 47: 0,
        48: 1, 49: 0x0015, 50: 1, 51: 0, 53: 1, 55: 2, 57: 3, 59: 8, 61: 9, 63: 4,
        64: 0x0100, 65: 0x1234, 66: 0x5678, 67: 0x4F4B, 68: 0x4E47, 69: 0x2D30, 70: 0x3030, 71: 0x3100, 72: 0, 74: 0,
        75: 0, 77: 6, 79: 5, 80: 7,
    }  # fmt: skip
    assert {address: registers[address] for address in expected} == expected
    assert len(registers) == 81


def test_word_order_turns_every_32_bit_value_and_nothing_else() -> None:
    high, low = (input_registers(SNAPSHOT, IDENTITY, low_word_first=order) for order in (False, True))
    pairs = [*range(12, 13), *range(16, 64, 2), 65, 76, 78]
    for address in pairs:
        assert (low[address], low[address + 1]) == (high[address + 1], high[address]), address
    single = set(range(81)) - {place for address in pairs for place in (address, address + 1)}
    assert {address: low[address] for address in single} == {address: high[address] for address in single}


def test_coils_and_discrete_inputs_stand_at_their_bits() -> None:
    """As the interface text lists them; bits 5 and 6 belong to OfflineReason."""
    assert sorted(Coil) == [0, 1, 2, 3, 4, 7, 8, 9]
    names = re.findall(
        r"\S+",
        "TRIGGER_READY TRIGGER_ACK HOLD_REQUEST MISSED_TRIGGER OFFLINE_REASON - - ONLINE SYSTEM_BUSY "
        "INSPECTION_COMPLETED RESULTS_OVERRUN RESULTS_VALID COMMAND_EXECUTING COMMAND_COMPLETED COMMAND_FAILED ERROR "
        "USER_DATA_ACK NO_PART ALARM_ACTIVE EXPOSURE_COMPLETE JOB_PASS STOP_REQUEST GOLDEN_MODE NOT_ARMED PASS FAIL "
        "NOT_DECIDABLE IO_BOARD_OK MQTT_CONNECTED SPOOL_HIGH SIMULATED CLOCK_SYNCED",
    )
    assert {flag.name: flag.value for flag in Flag} == {name: bit for bit, name in enumerate(names) if name != "-"}


@pytest.mark.parametrize(
    ("address", "value", "code"),
    [
        (0, 1 << 5, 3), (0, 1 << 10, 3), (0, 0x8000, 3), (1, 1, 3), (7, 1, 3), (6, 65, 3), (8, 0x1F41, 3),
        (39, 0x417F, 3), (40, 99, 3), (40, 60_001, 3), (41, 9, 3), (41, 10_001, 3), (42, 2, 3), (43, 0, 2), (100, 0, 2),
    ],
)  # fmt: skip
def test_what_may_not_be_written(address: int, value: int, code: int) -> None:
    with pytest.raises(ModbusRefusal) as refusal:
        check_holding(address, value)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("address", "value"),
    [(0, 0x039F), (1, 0), (2, 0xFFFF), (3, 999), (4, 0), (5, 7), (6, 64), (8, 0x4142), (39, 0), (40, 100), (41, 10)],
)
def test_what_may_be_written(address: int, value: int) -> None:
    check_holding(address, value)


def test_the_serial_number_must_fit() -> None:
    with pytest.raises(ValueError, match="16 printable"):
        Identity(1, "12345678901234567")


def rows(heading: str) -> dict[str, int]:
    """`{name: address}` of one table of the manual."""
    section = MANUAL.read_text(encoding="utf-8").split(f"### {heading}\n")[1].split("\n#")[0]
    found = re.findall(r"^\| (\d+)[–\d]* \| `(\w+)` \|", section, flags=re.MULTILINE)
    return {name: int(address) for address, name in found}


@pytest.mark.parametrize(
    ("heading", "names"),
    [("Coils", Coil), ("Discrete inputs", Flag), ("Input registers", Input), ("Holding registers", Holding)],
)
def test_the_manual_shows_the_same_map(heading: str, names: type[IntEnum]) -> None:
    assert rows(heading) == {name.name: name.value for name in names}

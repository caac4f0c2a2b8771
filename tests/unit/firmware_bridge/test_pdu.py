"""Each function code served, each exception given, and nothing changed by a refused request."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from firmware_bridge.modbus.pdu import Code, ModbusRefusal, serve


class SixteenOfEach:
    """Coils and holding registers that can be written; inputs that hold their own address."""

    def __init__(self) -> None:
        self.coils = [False] * 16
        self.registers = [0] * 16

    def read_coils(self, address: int, count: int) -> Sequence[bool]:
        self._check(address, count)
        return self.coils[address : address + count]

    def read_discrete_inputs(self, address: int, count: int) -> Sequence[bool]:
        self._check(address, count)
        return [place % 3 == 0 for place in range(address, address + count)]

    def read_holding_registers(self, address: int, count: int) -> Sequence[int]:
        self._check(address, count)
        return self.registers[address : address + count]

    def check_holding_registers(self, address: int, count: int) -> None:
        self._check(address, count)

    def read_input_registers(self, address: int, count: int) -> Sequence[int]:
        self._check(address, count)
        return list(range(address, address + count))

    def write_coils(self, address: int, bits: Sequence[bool]) -> None:
        self._check(address, len(bits))
        self.coils[address : address + len(bits)] = bits

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        self._check(address, len(values))
        if 0xDEAD in values:
            raise ModbusRefusal(Code.BUSY)
        self.registers[address : address + len(values)] = values

    def _check(self, address: int, count: int) -> None:
        if address + count > 16:
            raise ModbusRefusal(Code.ADDRESS)


def ask(request: str, tables: SixteenOfEach | None = None) -> str:
    return serve(bytes.fromhex(request), tables or SixteenOfEach()).hex(" ")


def test_bits_are_read_lowest_first() -> None:
    assert ask("02 00 00 00 0A") == "02 02 49 02"


def test_registers_are_read_high_byte_first() -> None:
    assert ask("04 00 01 00 02") == "04 04 00 01 00 02"


def test_coils_are_written_one_and_many() -> None:
    tables = SixteenOfEach()
    assert ask("05 00 01 FF 00", tables) == "05 00 01 ff 00"
    assert ask("0F 00 04 00 0A 02 CD 01", tables) == "0f 00 04 00 0a"
    assert ask("01 00 00 00 10", tables) == "01 02 d2 1c"
    ask("05 00 01 00 00", tables)
    assert tables.coils[1] is False


def test_registers_are_written_one_and_many() -> None:
    tables = SixteenOfEach()
    assert ask("06 00 03 12 34", tables) == "06 00 03 12 34"
    assert ask("10 00 00 00 02 04 00 0A 01 02", tables) == "10 00 00 00 02"
    assert ask("03 00 00 00 04", tables) == "03 08 00 0a 01 02 00 00 12 34"


def test_an_exchange_writes_before_it_reads() -> None:
    assert ask("17 00 02 00 02 00 03 00 01 02 BE EF") == "17 04 00 00 be ef"


@pytest.mark.parametrize(
    ("request_pdu", "code"),
    [
        ("08 00 00 12 34", 1),  # no such function here
        ("2B 0E 01 00", 1),
        ("03 00 10 00 01", 2),  # address
        ("01 00 0F 00 02", 2),
        ("06 00 10 00 01", 2),
        ("17 00 10 00 01 00 00 00 01 02 00 01", 2),
        ("03 00 00 00 00", 3),  # counts
        ("03 00 00 00 7E", 3),
        ("01 00 00 07 D1", 3),
        ("0F 00 00 00 00 00", 3),
        ("0F 00 00 07 B1 F7" + "00" * 247, 3),
        ("10 00 00 00 7C F8" + "00" * 248, 3),
        ("17 00 00 00 01 00 00 00 7A F4" + "00" * 244, 3),
        ("10 00 00 00 02 02 00 01", 3),  # byte count and count differ
        ("0F 00 00 00 09 01 01", 3),
        ("05 00 00 12 34", 3),  # neither on nor off
        ("03 00 00", 3),  # cut short
        ("06 00 00 DE AD", 6),
    ],
)
def test_exceptions(request_pdu: str, code: int) -> None:
    function = bytes.fromhex(request_pdu)[0]
    assert ask(request_pdu) == bytes([function | 0x80, code]).hex(" ")


def test_an_exchange_with_a_bad_read_range_writes_nothing() -> None:
    tables = SixteenOfEach()
    ask("17 00 10 00 01 00 00 00 01 02 00 01", tables)
    assert tables.registers == [0] * 16

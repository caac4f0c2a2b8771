"""Serving one Modbus request: function code and data in, response out.

    1 2    fc | address:2 | count:2                     →  fc | n | bits, first bit lowest
    3 4    fc | address:2 | count:2                     →  fc | n | registers
    5      fc | address:2 | FF00 or 0000                →  the same
    6      fc | address:2 | value:2                     →  the same
    15     fc | address:2 | count:2 | n | bits          →  fc | address:2 | count:2
    16     fc | address:2 | count:2 | n | registers     →  fc | address:2 | count:2
    23     fc | read address:2 | count:2 | write address:2 | count:2 | n | registers  →  fc | n | registers read
    refused                                             →  fc + 128 | code

Numbers travel high byte first. A refused request has changed nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Protocol

MAX_BITS_READ = 2000
MAX_BITS_WRITTEN = 1968
MAX_REGISTERS_READ = 125
MAX_REGISTERS_WRITTEN = 123
MAX_REGISTERS_EXCHANGED = 121
BIT_ON = 0xFF00


class Code(IntEnum):
    """Exception codes of the Modbus specification that a slave here gives."""

    FUNCTION = 1
    ADDRESS = 2
    VALUE = 3
    BUSY = 6


class ModbusRefusal(Exception):
    """The request is answered with this exception code."""

    def __init__(self, code: Code) -> None:
        super().__init__(f"exception {code.value} ({code.name.lower()})")
        self.code = code


class Tables(Protocol):
    """The four tables of a device. Reads of one request see one moment; a refused write changes nothing.

    Raises:
        ModbusRefusal: from any of them, with the code for the master.
    """

    def read_coils(self, address: int, count: int) -> Sequence[bool]: ...

    def read_discrete_inputs(self, address: int, count: int) -> Sequence[bool]: ...

    def read_holding_registers(self, address: int, count: int) -> Sequence[int]: ...

    def read_input_registers(self, address: int, count: int) -> Sequence[int]: ...

    def check_holding_registers(self, address: int, count: int) -> None:
        """Whether these could be read, without reading them."""

    def write_coils(self, address: int, bits: Sequence[bool]) -> None: ...

    def write_registers(self, address: int, values: Sequence[int]) -> None: ...


def serve(pdu: bytes, tables: Tables) -> bytes:
    """The response to one request; refusals become exception responses."""
    function = pdu[0]
    try:
        handler = _HANDLERS.get(function)
        if handler is None:
            raise ModbusRefusal(Code.FUNCTION)
        return bytes([function]) + handler(pdu[1:], tables)
    except ModbusRefusal as refusal:
        return bytes([function | 0x80, refusal.code])


def pack_bits(bits: Sequence[bool]) -> bytes:
    """Bits as Modbus sends them: the first is the lowest of the first byte."""
    number = sum(1 << place for place, bit in enumerate(bits) if bit)
    return number.to_bytes((len(bits) + 7) // 8, "little")


def unpack_bits(data: bytes, count: int) -> list[bool]:
    """The first `count` bits of `data`."""
    number = int.from_bytes(data, "little")
    return [bool(number >> place & 1) for place in range(count)]


def pack_registers(values: Sequence[int]) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def unpack_registers(data: bytes) -> list[int]:
    return list(struct.unpack(f">{len(data) // 2}H", data))


def _counted(payload: bytes) -> bytes:
    return bytes([len(payload)]) + payload


def _fields(data: bytes, count: int) -> tuple[int, ...]:
    """The first `count` 16-bit numbers of a request."""
    if len(data) < 2 * count:
        raise ModbusRefusal(Code.VALUE)
    return struct.unpack_from(f">{count}H", data)


def _within(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise ModbusRefusal(Code.VALUE)


def _body(data: bytes, expected: int) -> bytes:
    """The bytes behind a byte count that must be `expected`."""
    if not data or data[0] != expected or len(data) != expected + 1:
        raise ModbusRefusal(Code.VALUE)
    return data[1:]


def _read_bits(data: bytes, read: Callable[[int, int], Sequence[bool]]) -> bytes:
    address, count = _fields(data, 2)
    _within(count, MAX_BITS_READ)
    return _counted(pack_bits(read(address, count)))


def _read_registers(data: bytes, read: Callable[[int, int], Sequence[int]]) -> bytes:
    address, count = _fields(data, 2)
    _within(count, MAX_REGISTERS_READ)
    return _counted(pack_registers(read(address, count)))


def _write_coil(data: bytes, tables: Tables) -> bytes:
    address, value = _fields(data, 2)
    if value not in (0, BIT_ON):
        raise ModbusRefusal(Code.VALUE)
    tables.write_coils(address, [value == BIT_ON])
    return data


def _write_register(data: bytes, tables: Tables) -> bytes:
    address, value = _fields(data, 2)
    tables.write_registers(address, [value])
    return data


def _write_coils(data: bytes, tables: Tables) -> bytes:
    address, count = _fields(data, 2)
    _within(count, MAX_BITS_WRITTEN)
    tables.write_coils(address, unpack_bits(_body(data[4:], (count + 7) // 8), count))
    return data[:4]


def _write_registers(data: bytes, tables: Tables) -> bytes:
    address, count = _fields(data, 2)
    _within(count, MAX_REGISTERS_WRITTEN)
    tables.write_registers(address, unpack_registers(_body(data[4:], 2 * count)))
    return data[:4]


def _exchange_registers(data: bytes, tables: Tables) -> bytes:
    address, count, write_address, write_count = _fields(data, 4)
    _within(count, MAX_REGISTERS_READ)
    _within(write_count, MAX_REGISTERS_EXCHANGED)
    values = unpack_registers(_body(data[8:], 2 * write_count))
    tables.check_holding_registers(address, count)  # a bad read range must refuse before anything is written
    tables.write_registers(write_address, values)
    return _counted(pack_registers(tables.read_holding_registers(address, count)))


_HANDLERS: dict[int, Callable[[bytes, Tables], bytes]] = {
    1: lambda data, tables: _read_bits(data, tables.read_coils),
    2: lambda data, tables: _read_bits(data, tables.read_discrete_inputs),
    3: lambda data, tables: _read_registers(data, tables.read_holding_registers),
    4: lambda data, tables: _read_registers(data, tables.read_input_registers),
    5: _write_coil,
    6: _write_register,
    15: _write_coils,
    16: _write_registers,
    23: _exchange_registers,
}

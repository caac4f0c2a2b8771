"""A Modbus RTU master: the client side, one request at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from firmware_bridge.errors import NoAnswer, Refused
from firmware_bridge.modbus.crc import is_sealed, seal
from firmware_bridge.modbus.frames import MAX_FRAME, response_length
from firmware_bridge.modbus.pdu import BIT_ON, pack_bits, pack_registers, unpack_bits, unpack_registers
from firmware_bridge.transport import ByteTransport


class ModbusMaster:
    """Speaks to one unit. Every call raises `NoAnswer` or `Refused`, and `TransportLost` when the port is gone."""

    def __init__(
        self,
        transport: ByteTransport,
        unit: int,
        timeout_s: float = 0.3,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._unit = unit
        self._timeout_s = timeout_s
        self._monotonic_s = monotonic_s

    def read_coils(self, address: int, count: int) -> list[bool]:
        return unpack_bits(self.request(1, address, count)[1:], count)

    def read_discrete_inputs(self, address: int, count: int) -> list[bool]:
        return unpack_bits(self.request(2, address, count)[1:], count)

    def read_holding_registers(self, address: int, count: int) -> list[int]:
        return unpack_registers(self.request(3, address, count)[1:])

    def read_input_registers(self, address: int, count: int) -> list[int]:
        return unpack_registers(self.request(4, address, count)[1:])

    def write_coil(self, address: int, on: bool) -> None:
        self.request(5, address, BIT_ON if on else 0)

    def write_register(self, address: int, value: int) -> None:
        self.request(6, address, value)

    def write_coils(self, address: int, bits: Sequence[bool]) -> None:
        packed = pack_bits(bits)
        self.request(15, address, len(bits), tail=bytes([len(packed)]) + packed)

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        self.request(16, address, len(values), tail=bytes([2 * len(values)]) + pack_registers(values))

    def exchange_registers(self, read: int, count: int, write: int, values: Sequence[int]) -> list[int]:
        """FC 23: write `values` from register `write` on, then read `count` from register `read` on."""
        tail = bytes([2 * len(values)]) + pack_registers(values)
        return unpack_registers(self.request(23, read, count, write, len(values), tail=tail)[1:])

    def request(self, function: int, *numbers: int, tail: bytes = b"") -> bytes:
        """Send function, 16-bit numbers and tail; returns the response's bytes behind the function code."""
        self._transport.flush_input()
        self._transport.write(seal(bytes([self._unit, function]) + pack_registers(numbers) + tail))
        answer = self._receive()
        if not is_sealed(answer) or answer[0] != self._unit or answer[1] & 0x7F != function:
            raise NoAnswer(
                f"Unit {self._unit} gave {answer.hex(' ') or 'no answer'} to function {function}; "
                f"check wiring, baud rate and unit."
            )
        if answer[1] & 0x80:
            raise Refused(
                f"Unit {self._unit} refused function {function} with exception {answer[2]}; check the register map.",
                answer[2],
            )
        return answer[2:-2]

    def _receive(self) -> bytes:
        """Bytes until the response is complete by its own length, or time is up."""
        until_s = self._monotonic_s() + self._timeout_s
        answer = b""
        while (length := response_length(answer)) is None or len(answer) < length:
            left_s = until_s - self._monotonic_s()
            chunk = self._transport.read(MAX_FRAME, left_s) if left_s > 0 else b""
            if not chunk:
                break
            answer += chunk
        return answer

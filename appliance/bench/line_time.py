"""How long the serial line itself takes, which a pseudo terminal does not: computed, and told apart.

Modbus RTU, 8 data bits, no parity, 1 stop bit: 10 bits a byte, and a silence of 3.5 bytes ends a frame (1.75 ms above
19,200 baud, as the specification fixes it; MODBUS over Serial Line V1.02, 2.5.1.1).

    FC 23, the PLC's scan   request 19 + 2 bytes, response 35 + 2 bytes   (4 registers out, 16 in)
    FC 6, FC 5              request 8 bytes, response 8 bytes             (tag; trigger on, trigger off)
"""

from __future__ import annotations

from dataclasses import dataclass

_BITS_A_BYTE = 10
_SILENCE_S = 0.00175
_SCAN_BYTES = 21 + 37
_WRITE_BYTES = 8 + 8
_WRITES_A_PART = 3
_SCANS_A_PART = 2


@dataclass(frozen=True, slots=True)
class LineTime:
    """`exchange_ms`: one FC 23 round trip on the wire. A part needs at least two of them and three writes."""

    baudrate: int
    exchange_ms: float
    exchanges_a_part: int
    part_ms: float
    most_parts_per_s: float


def line_time(baudrate: int = 115_200) -> LineTime:
    def wire_s(size: int) -> float:
        return size * _BITS_A_BYTE / baudrate + 2 * max(_SILENCE_S, 3.5 * 11 / baudrate if baudrate <= 19_200 else 0.0)

    part_s = _SCANS_A_PART * wire_s(_SCAN_BYTES) + _WRITES_A_PART * wire_s(_WRITE_BYTES)
    return LineTime(
        baudrate=baudrate,
        exchange_ms=wire_s(_SCAN_BYTES) * 1e3,
        exchanges_a_part=_SCANS_A_PART + _WRITES_A_PART,
        part_ms=part_s * 1e3,
        most_parts_per_s=1 / part_s,
    )

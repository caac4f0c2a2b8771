"""CRC-16 of Modbus over serial line (polynomial 0xA001 reflected, start 0xFFFF); it travels low byte first."""

from __future__ import annotations


def _table() -> tuple[int, ...]:
    rows = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
        rows.append(value)
    return tuple(rows)


_TABLE = _table()


def crc16(data: bytes) -> int:
    """The CRC as a number; "123456789" gives 0x4B37."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def seal(body: bytes) -> bytes:
    """The frame: body and its CRC."""
    return body + crc16(body).to_bytes(2, "little")


def is_sealed(frame: bytes) -> bool:
    """Whether the last two bytes are the CRC of those before them."""
    return len(frame) > 2 and crc16(frame[:-2]) == int.from_bytes(frame[-2:], "little")

"""Bytes in and out: the port `ByteTransport` and its serial adapter (pyserial, POSIX)."""

from __future__ import annotations

import errno
import select
import termios
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import serial

from firmware_bridge.errors import PortFault, PortUnavailable, TransportLost

Parity = Literal["N", "E", "O"]


class ByteTransport(Protocol):
    """A two-way stream of bytes without frames. One thread uses it at a time."""

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """What has arrived, at most `max_bytes`. Blocks until there is a byte; empty when `timeout_s` passes first.

        Raises:
            TransportLost: the port is gone.
        """

    def write(self, data: bytes) -> None:
        """Send all of `data` in one piece.

        Raises:
            TransportLost: the port is gone, or takes no bytes.
        """

    def flush_input(self) -> None:
        """Forget what has arrived and was not read.

        Raises:
            TransportLost: the port is gone.
        """

    def close(self) -> None:
        """Give the port back; again is harmless."""


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """8 data bits always. A pseudo terminal has no parity: use "N" there."""

    baudrate: int = 115_200
    parity: Parity = "N"
    stop_bits: Literal[1, 2] = 1


class SerialTransport:
    """A `ByteTransport` over a serial port, held exclusively."""

    def __init__(self, port: Path, settings: SerialSettings | None = None) -> None:
        """Open and set up the port.

        Raises:
            PortUnavailable: missing, taken, forbidden, no serial port, or a setting that the driver refuses.
        """
        settings = settings or SerialSettings()
        self._path = port
        try:
            self._port = serial.Serial(
                str(port),
                baudrate=settings.baudrate,
                parity=settings.parity,
                stopbits=settings.stop_bits,
                timeout=0,
                write_timeout=1.0,
                exclusive=True,
            )
        except (serial.SerialException, OSError) as cause:
            raise PortUnavailable(*_open_remedy(port, cause)) from cause
        except termios.error as cause:
            raise PortUnavailable(_setting_remedy(port, settings), PortFault.SETTING) from cause
        if not _is_set(self._port.fileno(), settings):
            self._port.close()
            raise PortUnavailable(_setting_remedy(port, settings), PortFault.SETTING)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        try:
            ready, _, _ = select.select([self._port.fileno()], [], [], timeout_s)
            return self._port.read(max_bytes) if ready else b""
        except (serial.SerialException, OSError, termios.error) as cause:
            raise self._lost() from cause

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except (serial.SerialException, OSError, termios.error) as cause:
            raise self._lost() from cause

    def flush_input(self) -> None:
        try:
            self._port.reset_input_buffer()
        except (serial.SerialException, OSError, termios.error) as cause:
            raise self._lost() from cause

    def close(self) -> None:
        self._port.close()

    def _lost(self) -> TransportLost:
        return TransportLost(f"Serial port {self._path} stopped working; check the adapter and its cable.")


def _is_set(descriptor: int, settings: SerialSettings) -> bool:
    """Whether the driver took the settings: some drop what they cannot do and say nothing."""
    control_flags, speed = termios.tcgetattr(descriptor)[2], termios.tcgetattr(descriptor)[5]
    parity_flags = {"N": 0, "E": termios.PARENB, "O": termios.PARENB | termios.PARODD}[settings.parity]
    parity_is_set = control_flags & (termios.PARENB | (termios.PARODD if parity_flags else 0)) == parity_flags
    stop_is_set = bool(control_flags & termios.CSTOPB) == (settings.stop_bits == 2)
    return parity_is_set and stop_is_set and speed == getattr(termios, f"B{settings.baudrate}")


def _setting_remedy(port: Path, settings: SerialSettings) -> str:
    return (
        f"Serial port {port} refuses {settings.baudrate} baud, parity {settings.parity}, {settings.stop_bits} stop "
        f"bits; choose settings its driver supports (a pseudo terminal has only parity N)."
    )


def _open_remedy(port: Path, cause: OSError) -> tuple[str, PortFault]:
    """One sentence for why a port does not open; pyserial keeps the errno, or hides it in its cause."""
    hidden = cause.__context__
    number = cause.errno or (hidden.errno if isinstance(hidden, OSError) else None)
    if number == errno.ENOENT:
        return f"Serial port {port} is not there; plug in the adapter or correct plc.port.", PortFault.MISSING
    if number in (errno.EACCES, errno.EPERM):
        text = f"Serial port {port} may not be used by this user; add the user to the group dialout."
        return text, PortFault.FORBIDDEN
    if number in (errno.EBUSY, errno.EAGAIN):
        text = f"Serial port {port} is taken by another program; stop that program or correct plc.port."
        return text, PortFault.TAKEN
    return f"Serial port {port} cannot be opened ({cause}); check that plc.port names a serial port.", PortFault.OTHER

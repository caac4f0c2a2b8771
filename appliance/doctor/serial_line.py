"""What is heard on the PLC's serial line when nobody else has it: does the master talk, and to this station?"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from appliance.config.schema import PlcConfig
from appliance.doctor.machine import Machine
from appliance.domain.device import DeviceState
from appliance.sinks.plc import PORT_FAULTS
from firmware_bridge.errors import PortUnavailable, TransportLost
from firmware_bridge.modbus.frames import MAX_FRAME, decode
from firmware_bridge.transport import SerialSettings, SerialTransport

LISTEN_S = 3.0
_TIOCGRS485 = 0x542E
_RS485_BYTES = 32
_OK = DeviceState("ok")


@dataclass(frozen=True, slots=True)
class Heard:
    """`rs485`: whether the driver switches direction on RS-485. Then frames to this unit, to others, stray bytes."""

    port: DeviceState
    rs485: bool = False
    ours: int = 0
    others: int = 0
    noise: int = 0


def listen(plc: PlcConfig, machine: Machine, seconds: float = LISTEN_S) -> Heard:
    """Open the port, listen without sending a byte, close it; ends early once a request to this unit was heard."""
    fault = _obstacle(plc.port, machine)
    if fault is not None:
        return Heard(fault)
    try:
        transport = SerialTransport(plc.port, SerialSettings(plc.baudrate, plc.parity, plc.stop_bits))
    except PortUnavailable as error:
        return Heard(DeviceState("fault", str(error), PORT_FAULTS[error.fault]))
    try:
        return _listen(transport, plc, seconds)
    except TransportLost as error:
        return Heard(DeviceState("fault", str(error), "PLC 串口中断；请检查适配器和线缆"))
    finally:
        transport.close()


def _listen(transport: SerialTransport, plc: PlcConfig, seconds: float) -> Heard:
    rs485 = _has_rs485(plc.port)
    ours = others = noise = 0
    rest, deadline = b"", time.monotonic() + seconds
    while not ours and (left_s := deadline - time.monotonic()) > 0:
        rest += transport.read(MAX_FRAME, left_s)
        while rest:
            used, frame = decode(rest)
            rest = rest[used:]
            if frame is None:
                noise += used
                break
            # What one request is made of tells nothing of noise before it: `used` holds both.
            mine = frame.unit == plc.unit and frame.is_request
            ours, others = ours + mine, others + (not mine)
    return Heard(_OK, rs485, ours, others, noise + len(rest))


def _obstacle(port: Path, machine: Machine) -> DeviceState | None:
    """What stands in the way of opening, as far as it is seen without opening."""
    try:
        is_device = stat.S_ISCHR(port.stat().st_mode)
    except OSError:
        return None  # opening says it in better words
    if not is_device:
        return DeviceState(
            "fault", f"{port} is no serial port; correct [plc] port", f"{port} 不是串口；请更正 [plc] port"
        )
    there = str(port.resolve())
    if there.startswith("/dev/pts/"):
        return None  # the program at the other end of a pseudo terminal may hold this end too
    for pid in machine.processes():
        if pid != os.getpid() and there in (machine.open_paths(pid) or ()):
            who = f"{Path((machine.command_line(pid) or ['?'])[0]).name} ({pid})"
            return DeviceState(
                "fault",
                f"{port} is held by {who}; stop that program",
                f"{port} 被 {who} 占用；请停止该程序",
            )
    return None


def _has_rs485(port: Path) -> bool:
    """Asked on a descriptor of its own; ENOTTY is the answer of drivers that cannot."""
    try:
        descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.ioctl(descriptor, _TIOCGRS485, bytes(_RS485_BYTES))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True

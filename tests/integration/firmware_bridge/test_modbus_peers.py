"""Programs and libraries that others wrote speak to the slave over a pseudo terminal."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import minimalmodbus
import pytest
from pymodbus.client import ModbusSerialClient
from pymodbus.framer import FramerType

from firmware_bridge.registers import Coil, Flag, Holding, Input
from tests.fakes.plc_station import PlcStation, running
from tests.fakes.waiting import until


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two ends of a null-modem cable."""
    near, far = tmp_path / "near", tmp_path / "far"
    cable = subprocess.Popen(["socat", f"pty,raw,echo=0,link={near}", f"pty,raw,echo=0,link={far}"])
    until(lambda: near.exists() and far.exists(), "socat makes its pseudo terminals")
    yield near, far
    cable.terminate()
    cable.wait(10)


@pytest.fixture
def far(ports: tuple[Path, Path]) -> Iterator[Path]:
    """The PLC's end, with a station on the other; it answers once the first byte was read."""
    near, far = ports
    with running(PlcStation(near, boot_id=0x12345678)):
        until(lambda: poll(far, "-t", "4", "-r", "0").returncode == 0, "the station answers")
        yield far


def poll(port: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["mbpoll", "-m", "rtu", "-a", "1", "-b", "115200", "-P", "none", "-0", "-1", "-q", "-o", "0.5"]
    split = next((place for place, word in enumerate(arguments) if word == "--"), len(arguments))
    values = arguments[split + 1 :]
    return subprocess.run(
        [*command, *arguments[:split], str(port), *values], capture_output=True, text=True, timeout=30, check=False
    )


def polled(port: Path, *arguments: str) -> list[int]:
    answer = poll(port, *arguments)
    assert answer.returncode == 0, answer.stderr
    return [int(value, 0) for value in re.findall(r"^\[\d+\]:\s+(\w+)", answer.stdout, flags=re.MULTILINE)]


def test_mbpoll_reads_and_writes(far: Path) -> None:
    assert polled(far, "-t", "3:hex", "-r", "64", "-c", "5") == [0x0100, 0x1234, 0x5678, 0x4F4B, 0x4E47]
    assert polled(far, "-t", "4:hex", "-r", "164", "-c", "1") == [0x0100]
    assert poll(far, "-t", "4", "-r", str(Holding.TRIGGER_TAG), "--", "77").returncode == 0
    assert polled(far, "-t", "4", "-r", str(Holding.TRIGGER_TAG)) == [77]
    assert poll(far, "-t", "0", "-r", "0", "--", "1", "1").returncode == 0
    assert polled(far, "-t", "0", "-r", "0", "-c", "4") == [1, 1, 0, 0]
    assert polled(far, "-t", "3", "-r", str(Input.ACQUISITION_ID)) == [77]
    until(lambda: polled(far, "-t", "1", "-r", str(Flag.RESULTS_VALID)) == [1], "the result of part 77 stands")
    assert polled(far, "-t", "3", "-r", str(Input.INSPECTION_ID), "-c", "2") == [77, 1]
    assert polled(far, "-t", "1", "-r", str(Flag.PASS), "-c", "2") == [1, 0]


def test_mbpoll_is_told_what_it_may_not_do(far: Path) -> None:
    assert "Illegal data address" in poll(far, "-t", "4", "-r", "43").stderr
    assert "Illegal data value" in poll(far, "-t", "0", "-r", "5", "--", "1").stderr


def test_pymodbus_runs_a_part(far: Path) -> None:
    client = ModbusSerialClient(str(far), framer=FramerType.RTU, baudrate=115200, timeout=1)
    assert client.connect()
    try:
        assert not client.write_registers(Holding.TRIGGER_TAG, [5], device_id=1).isError()
        assert not client.write_coils(0, [True, True], device_id=1).isError()
        flags = client.read_discrete_inputs(0, count=32, device_id=1).bits
        assert flags[Flag.TRIGGER_ACK]
        assert flags[Flag.ONLINE]
        until(lambda: client.read_discrete_inputs(Flag.RESULTS_VALID, count=1, device_id=1).bits[0], "a result stands")
        assert client.read_input_registers(Input.INSPECTION_ID, count=3, device_id=1).registers == [5, 1, 0]
        both = client.readwrite_registers(
            read_address=Holding.MIRROR + Input.INSPECTION_ID,
            read_count=1,
            write_address=Holding.RESULTS_ACK_ID,
            values=[5],
            device_id=1,
        )
        assert both.registers == [0]
        assert client.read_coils(0, count=2, device_id=1).bits[:2] == [True, True]
        assert client.report_device_id(device_id=1).exception_code == 1
    finally:
        client.close()


def test_minimalmodbus_runs_a_part(far: Path) -> None:
    instrument = minimalmodbus.Instrument(str(far), 1)
    instrument.serial.baudrate = 115200
    instrument.serial.timeout = 1.0
    instrument.write_register(Holding.TRIGGER_TAG, 6, functioncode=6)
    instrument.write_bit(Coil.TRIGGER_ENABLE, 1)
    instrument.write_bit(Coil.TRIGGER, 1)
    assert instrument.read_register(Input.ACQUISITION_ID, functioncode=4) == 6
    until(lambda: instrument.read_bit(Flag.PASS), "part 6 passes")
    assert instrument.read_long(Input.BOOT_ID, functioncode=4) == 0x12345678
    assert instrument.read_string(Input.SERIAL, 8, functioncode=4).rstrip("\0") == "OKNG-TEST"
    with pytest.raises(minimalmodbus.IllegalRequestError):
        instrument.write_register(Holding.MASTER_TIMEOUT_MS, 1, functioncode=6)
    instrument.serial.close()

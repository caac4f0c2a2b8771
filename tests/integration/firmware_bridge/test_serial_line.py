"""The serial adapter on real pseudo terminals: refusals with a remedy, loss and return, noise, foreign traffic."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.errors import NoAnswer, PortUnavailable, Refused, TransportLost
from firmware_bridge.modbus.crc import seal
from firmware_bridge.modbus.master import ModbusMaster
from firmware_bridge.pty_line import PtyLine
from firmware_bridge.registers import Coil, Flag, Holding, Input
from firmware_bridge.transport import SerialSettings, SerialTransport
from tests.fakes.plc_station import PlcStation, running
from tests.fakes.waiting import until


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "plc"


@pytest.fixture
def line(link: Path) -> Iterator[PtyLine]:
    line = PtyLine(link)
    yield line
    line.close()


def answers(master: ModbusMaster) -> bool:
    try:
        return master.read_input_registers(Input.MAP_VERSION, 1) == [0x0100]
    except NoAnswer:
        return False


def connect(line: PtyLine) -> ModbusMaster:
    master = ModbusMaster(line, unit=1, timeout_s=0.5)
    until(lambda: answers(master), "the station answers")
    return master


def test_a_missing_port_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(PortUnavailable, match=r"is not there; plug in the adapter"):
        SerialTransport(tmp_path / "ttyUSB9")


def test_a_taken_port_is_refused(line: PtyLine, link: Path) -> None:
    first = SerialTransport(link)
    with pytest.raises(PortUnavailable, match="taken by another program"):
        SerialTransport(link)
    first.close()
    SerialTransport(link).close()


def test_what_is_no_serial_port_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(PortUnavailable, match="names a serial port"):
        SerialTransport(file)


def test_a_setting_the_driver_refuses_is_said(line: PtyLine, link: Path) -> None:
    """A pseudo terminal has no parity, and drops the flag without a word."""
    with pytest.raises(PortUnavailable, match="parity E"):
        SerialTransport(link, SerialSettings(parity="E"))
    SerialTransport(link, SerialSettings(baudrate=9600, stop_bits=2)).close()


def test_nothing_is_read_in_time_and_bytes_at_once(line: PtyLine, link: Path) -> None:
    transport = SerialTransport(link)
    assert transport.read(16, 0.01) == b""
    line.write(b"abc")
    assert transport.read(16, 5.0) == b"abc"
    line.write(b"old")
    assert transport.read(1, 5.0) == b"o"
    transport.flush_input()
    assert transport.read(16, 0.01) == b""
    transport.close()


def test_a_lost_line_is_said_and_comes_back(link: Path) -> None:
    line = PtyLine(link)
    station = PlcStation(link)
    with running(station):
        master = connect(line)
        master.write_register(Holding.MASTER_TIMEOUT_MS, 60_000)
        master.write_register(Holding.HEARTBEAT_IN, 7)
        line.close()
        until(lambda: any(isinstance(error, TransportLost) for error in station.lost), "the station notices")
        line = PtyLine(link)
        master = connect(line)
        assert master.read_input_registers(Input.HEARTBEAT_ECHO, 1) == [7], "the link's state stays"
        line.close()


def test_a_good_request_behind_any_noise_is_answered(line: PtyLine, link: Path) -> None:
    """Resynchronised within one frame, whatever the noise looks like."""
    random_bytes = random.Random(1)
    request = seal(bytes([1, 4, 0, Input.MAP_VERSION, 0, 1]))
    reply = seal(bytes([1, 4, 2, 1, 0]))
    station = PlcStation(link)
    with running(station):
        connect(line)
        for _ in range(200):
            line.flush_input()
            line.write(random_bytes.randbytes(random_bytes.randint(1, 60)) + request)
            received = b""
            while len(received) < len(reply):
                chunk = line.read(256, 1.0)
                assert chunk, "no answer"
                received += chunk
            assert received == reply
        assert station.slave.crc_errors > 100


def test_foreign_exchanges_on_the_line_are_left_alone(line: PtyLine, link: Path) -> None:
    """Requests to another station and its answers, in one piece and in many, with none to us in between."""
    random_bytes = random.Random(2)
    station = PlcStation(link)
    with running(station):
        master = connect(line)
        line.flush_input()
        for _ in range(200):
            data = random_bytes.randbytes(2 * random_bytes.randint(1, 60))
            request = seal(bytes([9, 3, 0, 0, 0, len(data) // 2]))
            cut = random_bytes.randrange(len(data))
            foreign = request + seal(bytes([9, 3, len(data)]) + data)
            line.write(foreign[:cut])
            assert line.read(256, 0.0005) == b""
            line.write(foreign[cut:])
        assert line.read(256, 0.1) == b""
        assert answers(master)
        assert station.slave.crc_errors == 0


def test_answers_leave_within_a_millisecond_or_two(line: PtyLine, link: Path) -> None:
    with running(PlcStation(link)):
        master = connect(line)
        times_s = []
        for _ in range(200):
            began_s = time.perf_counter()
            master.exchange_registers(Holding.MIRROR, 16, Holding.HEARTBEAT_IN, [1, 0, 0, 0])
            times_s.append(time.perf_counter() - began_s)
        assert sorted(times_s)[100] < 0.005


def test_the_master_class_meets_every_function(line: PtyLine, link: Path) -> None:
    with running(PlcStation(link)):
        master = connect(line)
        master.write_registers(Holding.TRIGGER_TAG, [3, 0])
        master.write_coils(Coil.TRIGGER_ENABLE, [True, True, True])
        assert master.read_coils(0, 4) == [True, True, True, False]
        assert master.read_discrete_inputs(Flag.TRIGGER_ACK, 1) == [True]
        assert master.read_holding_registers(Holding.TRIGGER_TAG, 1) == [3]
        with pytest.raises(Refused) as refused:
            master.write_coil(5, True)
        assert refused.value.code == 3
        with pytest.raises(NoAnswer, match="Unit 2 gave no answer"):
            ModbusMaster(line, unit=2, timeout_s=0.05).write_coil(0, True)


def test_serving_stops_soon_after_it_is_told(line: PtyLine, link: Path) -> None:
    station = PlcStation(link)
    transport = SerialTransport(link)
    stop = threading.Event()
    thread = threading.Thread(target=station.slave.serve, args=(transport, stop))
    thread.start()
    stop.set()
    thread.join(1.0)
    assert not thread.is_alive()
    transport.close()


def test_a_link_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    for path in (taken, tmp_path / "nowhere" / "plc"):
        with pytest.raises(PortUnavailable, match="name a free path"):
            PtyLine(path)


def test_a_dead_link_of_an_earlier_run_is_replaced(link: Path) -> None:
    link.symlink_to("/dev/pts/does-not-exist")
    line = PtyLine(link)
    assert link.exists()
    line.close()
    assert not link.is_symlink()

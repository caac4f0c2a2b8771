"""The serving loop on a wire without a kernel: who is answered, when, and what other threads leave behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from firmware_bridge.errors import TransportLost
from firmware_bridge.line import Evaluation
from firmware_bridge.modbus.crc import seal
from firmware_bridge.modbus.pdu import pack_registers
from firmware_bridge.registers import Coil, Flag, Holding, Input
from firmware_bridge.slave import PlcSlave
from tests.fakes.plc_line import MS, FakeLine, NullModem, counters, result, status

UNIT = 3
READ_JOB = seal(bytes([UNIT, 4, 0, Input.CURRENT_JOB, 0, 1]))
JOB_1 = seal(bytes([UNIT, 4, 2, 0, 1]))
FOREIGN = seal(bytes([9, 3, 0, 0, 0, 1])) + seal(bytes([9, 3, 2, 0, 7]))
SILENCE = b""


class Wire:
    """A slave and a null modem; each `talk` serves until all chunks are read.

    A function among the chunks is what happens meanwhile, between two rounds of serving.
    """

    def __init__(self) -> None:
        self.line = FakeLine()
        self.clock_ns = 0
        self.slave = PlcSlave(unit=UNIT, boot_id=1, serial="S", line=self.line, monotonic_ns=lambda: self.clock_ns)
        self.slave.publish(status())

    def talk(self, *chunks: bytes | Callable[[], None]) -> list[bytes]:
        stop = threading.Event()
        modem = NullModem([], stop)
        read = modem.read
        script = list(chunks)

        def timed_read(max_bytes: int, timeout_s: float) -> bytes:
            while script and not modem.arrives:
                step = script.pop(0)
                if isinstance(step, bytes):
                    modem.arrives.append(step)
                else:
                    step()
            before_ns = modem.clock_ns
            data = read(max_bytes, timeout_s)
            self.clock_ns += modem.clock_ns - before_ns
            return data

        modem.read = timed_read  # type: ignore[method-assign]
        self.slave.serve(modem, stop)
        return modem.sent

    def write(self, address: int, *values: int) -> None:
        body = bytes([UNIT, 16, 0, address, 0, len(values), 2 * len(values)])
        assert self.talk(seal(body + pack_registers(values)))[0][1] == 16

    def inputs(self, address: int, count: int = 1) -> list[int]:
        sent = self.talk(seal(bytes([UNIT, 4, 0, address, 0, count])))[0]
        return [int.from_bytes(sent[place : place + 2], "big") for place in range(3, 3 + 2 * count, 2)]

    def flag(self, flag: Flag) -> bool:
        low, high = self.inputs(Input.STATUS, 2)
        return bool((high << 16 | low) >> flag & 1)

    def trigger(self, tag: int) -> None:
        self.write(Holding.TRIGGER_TAG, tag)
        self.write(Holding.CONTROL, 1 << Coil.TRIGGER_ENABLE | 1 << Coil.TRIGGER)
        self.write(Holding.CONTROL, 1 << Coil.TRIGGER_ENABLE)

    def trigger_due_in(self, tag: int, deadline_ms: int) -> int:
        """Trigger under a deadline, with a PLC that may be silent for a minute; returns when the result is due."""
        self.write(Holding.MASTER_TIMEOUT_MS, 60_000, deadline_ms)
        self.trigger(tag)
        return self.line.asked[-1].received_ns + deadline_ms * MS


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_a_request_is_answered_in_one_write(wire: Wire) -> None:
    assert wire.talk(READ_JOB) == [JOB_1]


def test_a_request_in_pieces_is_answered(wire: Wire) -> None:
    assert wire.talk(*(bytes([byte]) for byte in READ_JOB)) == [JOB_1]
    assert wire.slave.crc_errors == 0


def test_foreign_traffic_passes_by(wire: Wire) -> None:
    assert wire.talk(FOREIGN, FOREIGN[:5], FOREIGN[5:]) == []
    assert wire.talk(FOREIGN + READ_JOB) == [JOB_1]
    assert wire.slave.crc_errors == 0


def test_our_own_answer_heard_back_is_not_answered(wire: Wire) -> None:
    assert wire.talk(JOB_1) == []


def test_broadcast_neither_triggers_nor_answers(wire: Wire) -> None:
    wire.write(Holding.CONTROL, 1 << Coil.TRIGGER_ENABLE)
    assert wire.talk(seal(bytes([0, 5, 0, Coil.TRIGGER, 0xFF, 0]))) == []
    assert wire.line.asked == []
    assert not wire.flag(Flag.MISSED_TRIGGER)


def test_a_stale_request_is_carried_out_but_not_answered(wire: Wire) -> None:
    """The master has already asked again, or asks another station: an answer now would collide."""
    heartbeat = seal(bytes([UNIT, 6, 0, Holding.HEARTBEAT_IN, 0, 9]))
    assert wire.talk(heartbeat + READ_JOB) == [JOB_1]
    assert wire.talk(READ_JOB + FOREIGN) == []
    assert wire.inputs(Input.HEARTBEAT_ECHO) == [9]


@pytest.mark.parametrize("noise", [b"\xff" * 7, bytes([UNIT, 3, 0xF0]), bytes([9, 16, 0, 0, 0, 99, 198])])
def test_the_first_good_frame_behind_noise_is_answered(wire: Wire, noise: bytes) -> None:
    assert wire.talk(noise, READ_JOB, SILENCE) == [JOB_1]
    assert wire.slave.crc_errors == 1
    assert wire.talk(READ_JOB) == [JOB_1]


def test_a_damaged_request_is_not_answered_and_counted(wire: Wire) -> None:
    damaged = READ_JOB[:-1] + bytes([READ_JOB[-1] ^ 1])
    assert wire.talk(damaged, *[SILENCE] * 20, damaged, *[SILENCE] * 20) == []
    assert wire.slave.crc_errors == 2
    assert wire.inputs(Input.LINE_CRC_ERRORS, 2) == [0, 2]


def test_half_a_frame_is_forgotten_after_silence(wire: Wire) -> None:
    assert wire.talk(READ_JOB[:6], *[SILENCE] * 20, READ_JOB) == [JOB_1]


def test_a_short_pause_inside_a_frame_does_no_harm(wire: Wire) -> None:
    assert wire.talk(READ_JOB[:6], *[SILENCE] * 4, READ_JOB[6:]) == [JOB_1]
    assert wire.slave.crc_errors == 0


def test_a_part_over_the_wire(wire: Wire) -> None:
    wire.trigger(7)
    assert wire.inputs(Input.ACQUISITION_ID) == [7]
    wire.slave.answer(result(7, Evaluation.NOT_OK, code=12, score=0.9))
    assert wire.inputs(Input.INSPECTION_ID, 4) == [7, 2, 12, 9000]
    assert wire.flag(Flag.FAIL)


def test_an_answer_given_while_admit_is_still_running_is_not_lost(wire: Wire) -> None:
    wire.line.on_admit = lambda tag: wire.slave.answer(result(tag))
    wire.trigger(7)
    assert wire.flag(Flag.PASS)


def test_on_a_served_line_an_answer_counts_when_it_is_given_not_when_it_is_read(wire: Wire) -> None:
    due_ns = wire.trigger_due_in(7, 500)

    def answer_just_in_time() -> None:
        wire.clock_ns = due_ns - 10 * MS
        wire.slave.answer(result(7))

    wire.clock_ns = due_ns - 80 * MS
    wire.talk(SILENCE, answer_just_in_time, SILENCE)
    assert wire.clock_ns > due_ns
    wire.clock_ns += 300 * MS
    assert wire.flag(Flag.PASS)


def test_an_answer_that_nobody_served_until_its_deadline_passed_is_no_pass(wire: Wire) -> None:
    """No master could have read it earlier: the part is long gone."""
    due_ns = wire.trigger_due_in(7, 500)
    wire.slave.answer(result(7))
    wire.clock_ns += 30_000 * MS
    assert wire.clock_ns > due_ns
    assert not wire.flag(Flag.PASS)
    assert wire.flag(Flag.FAIL)
    assert wire.inputs(Input.INSPECTION_ID, 2) == [7, Evaluation.UNDEFINED]


def test_an_answer_that_came_while_serving_stood_still_is_no_pass(wire: Wire) -> None:
    wire.trigger_due_in(7, 500)

    def stand_still() -> None:
        wire.slave.answer(result(7))
        wire.clock_ns += 30_000 * MS

    wire.talk(SILENCE, stand_still, SILENCE)
    assert not wire.flag(Flag.PASS)
    assert wire.flag(Flag.FAIL)


def test_an_answer_between_two_ports_counts_when_the_second_is_served(wire: Wire) -> None:
    due_ns = wire.trigger_due_in(7, 500)
    wire.clock_ns = due_ns - 60 * MS
    wire.talk(SILENCE)
    wire.clock_ns = due_ns - 10 * MS
    wire.slave.answer(result(7))
    wire.talk(SILENCE)
    assert wire.clock_ns > due_ns
    assert not wire.flag(Flag.PASS)
    assert wire.flag(Flag.FAIL)


def test_an_answer_that_waited_for_serving_but_is_in_time_passes(wire: Wire) -> None:
    due_ns = wire.trigger_due_in(7, 5000)
    wire.slave.answer(result(7))
    wire.clock_ns += 2000 * MS
    assert wire.flag(Flag.PASS)
    assert wire.clock_ns < due_ns


def test_a_short_disarming_between_two_requests_is_not_missed(wire: Wire) -> None:
    wire.trigger(7)
    wire.slave.publish(status(armed=False))
    wire.slave.publish(status())
    wire.slave.answer(result(7))
    assert wire.flag(Flag.FAIL)
    assert not wire.flag(Flag.PASS)


def test_the_heartbeat_moves_only_when_beaten(wire: Wire) -> None:
    before = wire.inputs(Input.HEARTBEAT_OUT)
    wire.talk(READ_JOB, READ_JOB)
    assert wire.inputs(Input.HEARTBEAT_OUT) == before
    wire.slave.beat()
    assert wire.inputs(Input.HEARTBEAT_OUT) == [before[0] + 1]


def test_counters_come_from_one_snapshot(wire: Wire) -> None:
    wire.slave.publish(status(counters=counters(70_000, 69_999)))
    assert wire.inputs(Input.TRIGGERS, 4) == [1, 4464, 1, 4463]
    assert wire.inputs(Input.IN_FLIGHT) == [1]


def test_holding_registers_mirror_the_inputs(wire: Wire) -> None:
    mirrored = wire.talk(seal(bytes([UNIT, 3, 0, 100, 0, 81])))[0]
    assert mirrored[3:-2] == wire.talk(seal(bytes([UNIT, 4, 0, 0, 0, 81])))[0][3:-2]
    assert wire.talk(seal(bytes([UNIT, 3, 0, 100, 0, 82])))[0][1:3] == bytes([0x83, 2])
    assert wire.talk(seal(bytes([UNIT, 3, 0, 43, 0, 1])))[0][1:3] == bytes([0x83, 2])


def test_the_plc_is_connected_while_it_speaks(wire: Wire) -> None:
    assert not wire.slave.plc_connected
    wire.talk(READ_JOB)
    assert wire.slave.plc_connected
    wire.clock_ns += 1001 * MS
    assert not wire.slave.plc_connected


def test_the_link_survives_its_transport(wire: Wire) -> None:
    wire.trigger(7)

    class Unplugged(NullModem):
        def read(self, max_bytes: int, timeout_s: float) -> bytes:
            raise TransportLost("gone")

    with pytest.raises(TransportLost):
        wire.slave.serve(Unplugged([], threading.Event()), threading.Event())
    wire.slave.answer(result(7))
    assert wire.flag(Flag.PASS)


@pytest.mark.parametrize("changes", [{"unit": 0}, {"unit": 248}, {"boot_id": 1 << 32}, {"serial": "é"}])
def test_settings_that_cannot_be(changes: dict[str, Any]) -> None:
    plain: dict[str, Any] = {"unit": 1, "boot_id": 1, "serial": "S", "line": FakeLine()}
    with pytest.raises(ValueError, match=r"."):
        PlcSlave(**(plain | changes))

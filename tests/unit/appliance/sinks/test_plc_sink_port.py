"""The PLC sink's port, and what a PLC on the wire sees of the station."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from appliance.domain.device import DeviceState
from appliance.domain.readiness import Hindrance
from firmware_bridge.errors import PortFault, PortUnavailable, TransportLost
from firmware_bridge.modbus.crc import seal
from firmware_bridge.modbus.pdu import pack_registers
from firmware_bridge.registers import Coil, Flag, Holding
from models.decision import Outcome
from tests.fakes.parts import make_verdict
from tests.fakes.plc_line import FAR_NS, NullModem
from tests.fakes.plc_sink import EMPTY_BOOK, SERVED, UNIT, SinkBench

READ_FLAGS = seal(bytes([UNIT, 2, 0, 0, 0, 32]))
READY = 1 << Coil.TRIGGER_ENABLE


class Watch(threading.Event):
    """Makes no pauses, but notes in each how the device was; after `rounds` of them it is set."""

    def __init__(self, bench: SinkBench, rounds: int) -> None:
        super().__init__()
        self.bench = bench
        self.rounds = rounds
        self.pauses: list[tuple[float | None, DeviceState]] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append((timeout, self.bench.sink.state))
        if len(self.pauses) == self.rounds:
            self.set()
        return self.is_set()


class PulledModem(NullModem):
    """Its cable is pulled out; `closed` tells whether it was given back."""

    closed = False

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        raise TransportLost("Serial port /dev/plc stopped working; check the adapter and its cable.")

    def close(self) -> None:
        self.closed = True


PORT_FAULTS = [
    (PortFault.MISSING, "PLC 串口不存在；请插好适配器或修改 plc.port"),
    (PortFault.FORBIDDEN, "无权使用 PLC 串口；请将用户加入 dialout 组"),
    (PortFault.TAKEN, "PLC 串口被其他程序占用；请停止该程序或修改 plc.port"),
    (PortFault.SETTING, "PLC 串口不支持所设的波特率、校验或停止位；请修改 [plc] 设置"),
    (PortFault.OTHER, "PLC 串口无法打开；请检查 plc.port 是否为串口"),
]


@pytest.mark.parametrize(("fault", "text_zh"), PORT_FAULTS)
def test_a_port_that_does_not_open_is_told_in_both_languages_and_tried_each_second(
    fault: PortFault, text_zh: str
) -> None:
    bench = SinkBench()
    bench.ports = [PortUnavailable("Serial port /dev/plc does not open; mend it.", fault) for _ in range(3)]
    watch = Watch(bench, rounds=3)
    bench.sink.run(watch)
    told = DeviceState("fault", "Serial port /dev/plc does not open; mend it.", text_zh)
    assert watch.pauses == [(1.0, told)] * 3
    assert bench.ports == []


def test_the_table_of_port_faults_leaves_none_out() -> None:
    assert [fault for fault, _ in PORT_FAULTS] == list(PortFault)


def test_a_standing_fault_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    bench = SinkBench()
    bench.ports = [PortUnavailable("Not there.", PortFault.MISSING) for _ in range(3)]
    bench.sink.run(Watch(bench, rounds=3))
    assert [entry.message for entry in caplog.records] == ["PLC: Not there."]


def test_before_the_port_is_open_the_state_says_so() -> None:
    state = SinkBench().sink.state
    assert (state.state, state.text_en, state.text_zh) == ("warn", "PLC port is being opened", "正在打开 PLC 端口")


def test_an_open_port_without_a_word_from_the_plc_is_told_as_silent() -> None:
    bench = SinkBench()
    stop = threading.Event()
    bench.ports = [NullModem([b""], stop)]
    bench.sink.run(stop)
    assert bench.sink.state == DeviceState(
        "warn",
        "PLC is silent; check that it polls this station's address",
        "PLC 无通信；请检查其是否轮询本站地址",
    )


def test_a_lost_port_is_told_closed_and_opened_again() -> None:
    bench = SinkBench()
    watch = Watch(bench, rounds=99)
    pulled, mended = PulledModem([], watch), NullModem([READ_FLAGS], watch)
    bench.ports = [pulled, mended]
    bench.sink.run(watch)
    text_en = "Serial port /dev/plc stopped working; check the adapter and its cable."
    assert watch.pauses == [(1.0, DeviceState("fault", text_en, "PLC 串口中断；请检查适配器和线缆"))]
    assert pulled.closed
    assert len(mended.sent) == 1
    assert bench.sink.state == DeviceState("ok")


class WiredPlc:
    """A master on a null modem: each of its requests opens the sink's port once more."""

    def __init__(self, bench: SinkBench) -> None:
        self.bench = bench
        self.write(Holding.MASTER_TIMEOUT_MS, 60_000)

    def ask(self, request: bytes) -> bytes:
        stop = threading.Event()
        modem = NullModem([request], stop)
        self.bench.ports = [modem]
        self.bench.sink.run(stop)
        (reply,) = modem.sent
        return reply

    def write(self, address: int, *values: int) -> None:
        body = bytes([UNIT, 16, 0, address, 0, len(values), 2 * len(values)])
        assert self.ask(seal(body + pack_registers(values)))[1] == 16

    def flags(self) -> set[Flag]:
        bits = int.from_bytes(self.ask(READ_FLAGS)[3:7], "little")
        return {flag for flag in Flag if bits >> flag & 1}

    def trigger(self, tag: int) -> None:
        self.write(Holding.TRIGGER_TAG, tag)
        self.write(Holding.CONTROL, READY | 1 << Coil.TRIGGER)
        self.write(Holding.CONTROL, READY)


VERDICT_FLAGS = {Flag.PASS, Flag.FAIL, Flag.NOT_DECIDABLE, Flag.NO_PART}


@pytest.mark.parametrize(
    ("outcome", "late", "shown"),
    [
        (Outcome.OK, False, {Flag.PASS}),
        (Outcome.OK, True, {Flag.FAIL}),
        (Outcome.NG, False, {Flag.FAIL}),
        (Outcome.RECHECK, False, {Flag.FAIL, Flag.NOT_DECIDABLE}),
        (Outcome.ERROR, False, {Flag.FAIL}),
    ],
)
def test_only_an_ok_in_time_passes(outcome: Outcome, late: bool, shown: set[Flag]) -> None:
    bench = SinkBench()
    bench.sink.publish(SERVED, EMPTY_BOOK)
    master = WiredPlc(bench)
    master.trigger(7)
    (part,) = bench.entered
    deadline_ns = part.trigger.received_ns if late else FAR_NS
    bench.sink.answer(make_verdict(replace(part, deadline_ns=deadline_ns), outcome, bench.clock))
    assert master.flags() & VERDICT_FLAGS == shown


def test_a_trigger_while_not_ready_is_missed_before_the_ledger() -> None:
    bench = SinkBench()
    bench.sink.publish(replace(SERVED, hindrance=Hindrance.CAMERA), EMPTY_BOOK)
    assert bench.sink.missed == 0
    master = WiredPlc(bench)
    master.trigger(7)
    assert bench.sink.missed == 1
    assert Flag.MISSED_TRIGGER in master.flags()
    assert bench.entered == []
    assert bench.ledger.snapshot().missed == 0


def test_a_trigger_that_the_ledger_missed_is_not_counted_twice() -> None:
    bench = SinkBench(capacity=1)
    bench.sink.publish(SERVED, EMPTY_BOOK)
    bench.part(tag=3)
    master = WiredPlc(bench)
    master.trigger(7)
    assert Flag.MISSED_TRIGGER in master.flags()
    assert bench.ledger.snapshot().missed == 1
    assert bench.sink.missed == 0

"""The handshake walked through step by step, as the drawing in the manual shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firmware_bridge.line import Counters, Evaluation, OfflineReason
from firmware_bridge.modbus.pdu import ModbusRefusal
from firmware_bridge.plc import Handshake
from firmware_bridge.registers import NO_SCORE, Coil, Flag, Holding, Snapshot
from tests.fakes.plc_line import MS, FakeLine, result, status


class Bench:
    """A handshake, its line and a PLC that writes whole control words; time stands still unless moved."""

    def __init__(self) -> None:
        self.line = FakeLine()
        self.plc = Handshake(self.line)
        self.now_ns = 0
        self.control = 0
        self.plc.publish(status())
        self.plc.hear(0)

    def write(self, **registers: int) -> None:
        self.plc.hear(self.now_ns)
        self.plc.write({Holding[name]: value for name, value in registers.items()}, self.now_ns)

    def coil(self, coil: Coil, on: bool = True) -> None:
        self.control = self.control | 1 << coil if on else self.control & ~(1 << coil)
        self.write(CONTROL=self.control)

    def pulse(self, coil: Coil) -> None:
        self.coil(coil)
        self.coil(coil, on=False)

    def enable(self) -> None:
        self.coil(Coil.TRIGGER_ENABLE)

    def trigger(self, tag: int) -> None:
        self.write(TRIGGER_TAG=tag)
        self.coil(Coil.TRIGGER)

    def part(self, tag: int, **changes: Any) -> None:
        """A part triggered, accepted and answered."""
        self.trigger(tag)
        self.coil(Coil.TRIGGER, on=False)
        self.answer(tag, **changes)

    def answer(self, tag: int, **changes: Any) -> None:
        self.plc.answer(result(tag, **changes), self.now_ns)

    def wait(self, time_ms: int) -> None:
        """Time passes while the PLC keeps reading."""
        self.now_ns += time_ms * MS
        self.plc.heard_ns = self.now_ns

    def sees(self) -> Snapshot:
        return self.plc.snapshot(self.now_ns, 0, 0)

    def flags(self) -> set[Flag]:
        """Those that tell something here; OfflineReason is looked at apart."""
        word = self.sees().flags & ~(7 << Flag.OFFLINE_REASON)
        return {flag for flag in Flag if word >> flag & 1}

    def offline_reason(self) -> int:
        return self.sees().flags >> Flag.OFFLINE_REASON & 7


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_before_the_station_says_anything_it_is_booting() -> None:
    plc = Handshake(FakeLine())
    word = plc.snapshot(0, 0, 0).flags
    assert word >> Flag.OFFLINE_REASON & 7 == OfflineReason.BOOT
    assert not word >> Flag.ONLINE & 1


def test_one_part_from_ready_to_ready(bench: Bench) -> None:
    assert bench.flags() == {Flag.ONLINE}
    bench.enable()
    assert bench.flags() == {Flag.ONLINE, Flag.TRIGGER_READY}
    bench.trigger(5)
    assert bench.flags() == {Flag.ONLINE, Flag.TRIGGER_ACK, Flag.SYSTEM_BUSY}
    assert bench.sees().acquisition_id == 5
    bench.coil(Coil.TRIGGER, on=False)
    assert bench.flags() == {Flag.ONLINE, Flag.TRIGGER_READY, Flag.SYSTEM_BUSY}
    bench.answer(5, score=0.25)
    shown = bench.sees()
    assert (shown.inspection_id, shown.evaluation, shown.score) == (5, Evaluation.OK, 2500)
    assert {Flag.RESULTS_VALID, Flag.PASS, Flag.JOB_PASS, Flag.INSPECTION_COMPLETED} <= bench.flags()
    assert Flag.FAIL not in bench.flags()
    bench.coil(Coil.RESULTS_ACK)
    assert Flag.RESULTS_VALID not in bench.flags()
    assert (bench.sees().inspection_id, bench.sees().score) == (0, NO_SCORE)
    bench.coil(Coil.RESULTS_ACK, on=False)
    assert bench.flags() == {Flag.ONLINE, Flag.TRIGGER_READY, Flag.INSPECTION_COMPLETED, Flag.EXPOSURE_COMPLETE}


@pytest.mark.parametrize(
    ("evaluation", "no_part", "expected"),
    [
        (Evaluation.OK, False, {Flag.PASS, Flag.JOB_PASS}),
        (Evaluation.NOT_OK, False, {Flag.FAIL}),
        (Evaluation.NOT_DECIDABLE, False, {Flag.FAIL, Flag.NOT_DECIDABLE}),
        (Evaluation.UNDEFINED, False, {Flag.FAIL}),
        (Evaluation.UNDEFINED, True, {Flag.NO_PART}),
    ],
)
def test_what_each_verdict_sets(bench: Bench, evaluation: Evaluation, no_part: bool, expected: set[Flag]) -> None:
    bench.enable()
    bench.part(1, evaluation=evaluation, no_part=no_part)
    verdict = {Flag.PASS, Flag.JOB_PASS, Flag.FAIL, Flag.NOT_DECIDABLE, Flag.NO_PART}
    assert bench.flags() & verdict == expected


def test_a_trigger_while_not_ready_is_missed_and_never_answered(bench: Bench) -> None:
    bench.trigger(5)
    assert Flag.MISSED_TRIGGER in bench.flags()
    assert Flag.TRIGGER_ACK not in bench.flags()
    assert bench.line.asked == []
    bench.answer(5)
    assert Flag.RESULTS_VALID not in bench.flags()
    assert (bench.plc.missed, bench.plc.unclaimed) == (1, 1)


def test_a_trigger_that_the_line_refuses_is_missed_and_counted_by_the_ledger(bench: Bench) -> None:
    bench.enable()
    bench.line.refuses = True
    bench.trigger(5)
    assert Flag.MISSED_TRIGGER in bench.flags()
    assert bench.plc.missed == 0
    bench.plc.publish(status(counters=Counters(0, 0, 0, 0, 1, 0, 0, 0, 0)))
    assert bench.sees().missed == 1
    bench.answer(5)
    assert Flag.RESULTS_VALID not in bench.flags()


def test_the_line_is_asked_with_all_the_plc_said(bench: Bench) -> None:
    bench.enable()
    bench.now_ns = 7 * MS
    bench.plc.write(
        {Holding.RESULT_DEADLINE_MS: 300, Holding.PART_ID_LENGTH: 5, 8: 0x5152, 9: 0x2D37, 10: 0x3100}, bench.now_ns
    )
    bench.coil(Coil.SET_USER_DATA)
    assert Flag.USER_DATA_ACK in bench.flags()
    bench.coil(Coil.SET_USER_DATA, on=False)
    assert Flag.USER_DATA_ACK not in bench.flags()
    bench.trigger(0)
    asked = bench.line.asked[0]
    assert (asked.tag, asked.part_id, asked.deadline_ms, asked.received_ns) == (0, "QR-71", 300, 7 * MS)
    assert bench.sees().acquisition_id == bench.line.assigns
    bench.coil(Coil.TRIGGER, on=False)
    bench.trigger(2)
    assert bench.line.asked[1].part_id is None, "a part id is for one part"


def test_a_part_id_with_a_hole_is_not_acknowledged(bench: Bench) -> None:
    bench.plc.write({Holding.PART_ID_LENGTH: 4, 8: 0x5152, 9: 0x0037}, 0)
    bench.coil(Coil.SET_USER_DATA)
    assert Flag.USER_DATA_ACK not in bench.flags()


def test_one_write_may_set_the_tag_and_trigger(bench: Bench) -> None:
    bench.write(CONTROL=1 << Coil.TRIGGER_ENABLE | 1 << Coil.TRIGGER, TRIGGER_TAG=9)
    assert bench.sees().acquisition_id == 9


def test_a_repeated_write_is_no_second_trigger(bench: Bench) -> None:
    bench.enable()
    bench.trigger(5)
    bench.coil(Coil.TRIGGER)
    assert len(bench.line.asked) == 1
    assert Flag.MISSED_TRIGGER not in bench.flags()


def test_results_ack_id_takes_only_the_result_it_names(bench: Bench) -> None:
    bench.coil(Coil.BUFFER_RESULTS)
    bench.enable()
    bench.part(1)
    bench.part(2)
    bench.write(RESULTS_ACK_ID=2)
    assert bench.sees().inspection_id == 1
    bench.write(RESULTS_ACK_ID=1)
    assert bench.sees().inspection_id == 2
    bench.write(RESULTS_ACK_ID=1)
    assert bench.sees().inspection_id == 2


def test_coil_ack_must_fall_before_the_next_result_stands(bench: Bench) -> None:
    bench.coil(Coil.BUFFER_RESULTS)
    bench.enable()
    bench.part(1)
    bench.part(2)
    bench.coil(Coil.RESULTS_ACK)
    assert Flag.RESULTS_VALID not in bench.flags()
    bench.coil(Coil.RESULTS_ACK, on=False)
    assert bench.sees().inspection_id == 2


@pytest.mark.parametrize(("buffered", "kept"), [(False, 1), (True, 8)])
def test_a_full_queue_keeps_the_oldest_and_signals_overrun(bench: Bench, buffered: bool, kept: int) -> None:
    if buffered:
        bench.coil(Coil.BUFFER_RESULTS)
    bench.enable()
    for tag in range(1, 11):
        bench.part(tag)
    assert Flag.RESULTS_OVERRUN in bench.flags()
    assert bench.sees().overruns == 10 - kept
    assert bench.sees().results_queued == kept - 1
    seen = []
    while bench.sees().inspection_id:
        seen.append(bench.sees().inspection_id)
        bench.pulse(Coil.RESULTS_ACK)
    assert seen == list(range(1, kept + 1))
    bench.pulse(Coil.CLEAR_ERROR)
    assert Flag.RESULTS_OVERRUN not in bench.flags()


def test_a_result_after_its_own_deadline_is_undefined(bench: Bench) -> None:
    bench.enable()
    bench.now_ns = 500 * MS
    bench.part(1, deadline_ns=499 * MS)
    assert bench.sees().evaluation == Evaluation.UNDEFINED
    assert Flag.FAIL in bench.flags()
    assert Flag.PASS not in bench.flags()


@pytest.mark.parametrize(("answered_ms", "passes"), [(300, True), (301, False)])
def test_the_plcs_deadline_counts_from_the_trigger(bench: Bench, answered_ms: int, passes: bool) -> None:
    bench.write(RESULT_DEADLINE_MS=300)
    bench.enable()
    bench.trigger(1)
    bench.wait(answered_ms)
    bench.answer(1)
    assert (Flag.PASS in bench.flags()) is passes


def test_a_result_that_waited_past_its_deadline_does_not_pass(bench: Bench) -> None:
    bench.coil(Coil.BUFFER_RESULTS)
    bench.enable()
    bench.part(1, deadline_ns=200 * MS)
    bench.part(2, deadline_ns=200 * MS)
    bench.wait(201)
    assert Flag.PASS in bench.flags(), "a Pass that stands stays until it is acknowledged"
    assert bench.sees().result_age_ms == 201
    bench.pulse(Coil.RESULTS_ACK)
    assert bench.sees().inspection_id == 2
    assert Flag.PASS not in bench.flags()


@pytest.mark.parametrize("barred", [{"armed": False}, {"golden": True}])
def test_disarming_or_golden_mode_takes_pass_away_for_good(bench: Bench, barred: dict[str, bool]) -> None:
    bench.coil(Coil.BUFFER_RESULTS)
    bench.enable()
    bench.part(1)
    bench.part(2)
    bench.trigger(3)
    bench.plc.publish(status(**barred))
    assert Flag.PASS not in bench.flags()
    bench.plc.publish(status())
    bench.answer(3)
    for tag in (1, 2, 3):
        assert bench.sees().inspection_id == tag
        assert bench.sees().evaluation == Evaluation.OK
        assert Flag.FAIL in bench.flags()
        bench.pulse(Coil.RESULTS_ACK)


@pytest.mark.parametrize("barred", [{"armed": False}, {"golden": True}])
def test_a_part_triggered_while_barred_does_not_pass_later(bench: Bench, barred: dict[str, bool]) -> None:
    bench.plc.publish(status(**barred))
    bench.enable()
    bench.trigger(1)
    bench.plc.publish(status())
    bench.answer(1)
    assert Flag.FAIL in bench.flags()
    assert Flag.PASS not in bench.flags()


def test_a_golden_part_never_passes(bench: Bench) -> None:
    bench.enable()
    bench.part(1, golden=True)
    assert Flag.PASS not in bench.flags()
    assert Flag.FAIL in bench.flags()


@pytest.mark.parametrize("when", ["owed", "shown"])
def test_a_doubled_tag_spoils_the_part_that_bears_it(bench: Bench, when: str) -> None:
    bench.enable()
    bench.trigger(1)
    bench.coil(Coil.TRIGGER, on=False)
    if when == "shown":
        bench.answer(1)
    bench.coil(Coil.TRIGGER)
    if when == "owed":
        bench.answer(1)
    assert len(bench.line.asked) == 1
    assert Flag.MISSED_TRIGGER in bench.flags()
    assert bench.sees().evaluation == Evaluation.UNDEFINED
    assert Flag.PASS not in bench.flags()


def test_master_timeout_clears_coils_and_forgets_results(bench: Bench) -> None:
    bench.enable()
    bench.part(1)
    bench.trigger(2)
    bench.plc.tick(1000 * MS)
    assert Flag.PASS in bench.flags()
    bench.plc.tick(1001 * MS)
    assert bench.flags() <= {Flag.INSPECTION_COMPLETED, Flag.EXPOSURE_COMPLETE}
    assert bench.offline_reason() == OfflineReason.MASTER_TIMEOUT
    assert bench.plc.holding[Holding.CONTROL] == 0


def test_the_reason_stays_until_the_control_word_is_written(bench: Bench) -> None:
    bench.plc.tick(2000 * MS)
    bench.plc.hear(2000 * MS)
    assert bench.offline_reason() == OfflineReason.MASTER_TIMEOUT
    bench.plc.write({Holding.CONTROL: 1}, 2000 * MS)
    assert bench.offline_reason() == OfflineReason.NONE
    assert Flag.TRIGGER_READY in bench.flags()


def test_after_master_timeout_an_old_part_is_not_taken_for_its_tags_next_bearer(bench: Bench) -> None:
    bench.enable()
    bench.trigger(1)
    bench.now_ns = 2000 * MS
    bench.plc.tick(bench.now_ns)
    bench.control = 0
    bench.enable()
    bench.trigger(1)
    assert Flag.MISSED_TRIGGER in bench.flags()
    bench.answer(1)
    assert Flag.RESULTS_VALID not in bench.flags()
    bench.coil(Coil.TRIGGER, on=False)
    bench.coil(Coil.TRIGGER)
    assert Flag.TRIGGER_ACK in bench.flags(), "the old result has come; the tag is free again"


def test_a_line_that_gives_an_id_twice_gets_no_pass_for_either(bench: Bench) -> None:
    bench.line.assigns = 7
    bench.enable()
    bench.trigger(7)
    bench.coil(Coil.TRIGGER, on=False)
    bench.trigger(0)
    assert Flag.MISSED_TRIGGER in bench.flags()
    bench.coil(Coil.TRIGGER, on=False)
    bench.answer(7)
    assert bench.sees().evaluation == Evaluation.UNDEFINED
    bench.pulse(Coil.RESULTS_ACK)
    bench.trigger(7)
    assert Flag.TRIGGER_ACK not in bench.flags(), "the line still owes a result under this id"
    bench.answer(7)
    assert bench.plc.unclaimed == 1
    assert Flag.RESULTS_VALID not in bench.flags()


def test_set_offline_refuses_triggers(bench: Bench) -> None:
    bench.enable()
    bench.coil(Coil.SET_OFFLINE)
    assert bench.offline_reason() == OfflineReason.SET_OFFLINE
    bench.trigger(1)
    assert bench.line.asked == []
    bench.coil(Coil.SET_OFFLINE, on=False)
    assert Flag.ONLINE in bench.flags()


def test_the_stations_offline_reason_is_shown(bench: Bench) -> None:
    bench.plc.publish(status(online=False, ready=False, offline_reason=OfflineReason.CAMERA))
    assert bench.offline_reason() == OfflineReason.CAMERA
    assert Flag.ONLINE not in bench.flags()


def test_a_job_is_loaded_and_reported_when_in_force(bench: Bench) -> None:
    bench.write(COMMAND=2)
    bench.coil(Coil.EXECUTE_COMMAND)
    assert Flag.COMMAND_EXECUTING in bench.flags()
    bench.coil(Coil.EXECUTE_COMMAND, on=False)
    with pytest.raises(ModbusRefusal) as refusal:
        bench.coil(Coil.EXECUTE_COMMAND)
    assert refusal.value.code == 6
    bench.control = 0
    bench.plc.publish(status(job=2))
    bench.coil(Coil.EXECUTE_COMMAND)
    assert Flag.COMMAND_COMPLETED in bench.flags()
    assert bench.sees().job == 2
    bench.coil(Coil.EXECUTE_COMMAND, on=False)
    assert Flag.COMMAND_COMPLETED not in bench.flags()


def test_a_job_that_comes_to_nothing_fails_and_the_next_one_may_come(bench: Bench) -> None:
    bench.write(COMMAND=2)
    bench.coil(Coil.EXECUTE_COMMAND)
    bench.plc.job_failed()
    assert Flag.COMMAND_FAILED in bench.flags()
    assert Flag.COMMAND_EXECUTING not in bench.flags()
    bench.coil(Coil.EXECUTE_COMMAND, on=False)
    assert Flag.COMMAND_FAILED not in bench.flags()
    bench.coil(Coil.EXECUTE_COMMAND)
    assert Flag.COMMAND_EXECUTING in bench.flags()


def test_a_failure_that_the_plc_no_longer_waits_for_is_nothing(bench: Bench) -> None:
    bench.write(COMMAND=2)
    bench.coil(Coil.EXECUTE_COMMAND)
    bench.coil(Coil.EXECUTE_COMMAND, on=False)
    bench.plc.job_failed()
    assert bench.flags() & {Flag.COMMAND_FAILED, Flag.COMMAND_EXECUTING, Flag.COMMAND_COMPLETED} == set()
    bench.plc.job_failed()
    assert Flag.COMMAND_FAILED not in bench.flags()


@pytest.mark.parametrize("job", [0, 3, 1000])
def test_a_job_that_is_not_there_fails(bench: Bench, job: int) -> None:
    bench.write(COMMAND=job)
    bench.coil(Coil.EXECUTE_COMMAND)
    assert Flag.COMMAND_FAILED in bench.flags()


def test_status_bits_are_mirrored(bench: Bench) -> None:
    bench.plc.publish(
        status(mqtt_connected=True, spool_high=True, simulated=True, clock_synced=True, alarm=True, error_code=12)
    )
    expected = {
        Flag.MQTT_CONNECTED, Flag.SPOOL_HIGH, Flag.SIMULATED, Flag.CLOCK_SYNCED, Flag.ALARM_ACTIVE, Flag.ERROR,
    }  # fmt: skip
    assert expected <= bench.flags()
    assert bench.sees().error_code == 12


def test_heartbeat_is_echoed(bench: Bench) -> None:
    bench.write(HEARTBEAT_IN=41)
    assert bench.sees().heartbeat_echo == 41


def test_a_refused_write_changes_nothing(bench: Bench) -> None:
    with pytest.raises(ModbusRefusal):
        bench.plc.write({Holding.TRIGGER_TAG: 3, Holding.MASTER_TIMEOUT_MS: 1}, 0)
    assert bench.plc.holding[Holding.TRIGGER_TAG] == 0


@pytest.mark.parametrize(
    "changes", [{"inspection_id": 0}, {"score": 1.5}, {"score": float("nan")}, {"code": 65536}, {"no_part": True}]
)
def test_a_result_that_cannot_be_true_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        replace(result(1), **changes)


def test_counters_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="does not add up"):
        Counters(2, 1, 0, 0, 0, 0, 0, 0, 0)
    with pytest.raises(ValueError, match="does not add up"):
        Counters(1, 0, 0, 0, 0, 2, 0, 1, 0)

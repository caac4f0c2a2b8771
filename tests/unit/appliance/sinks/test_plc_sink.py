"""The adapter between station and PLC: every word it translates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from appliance.domain.ledger import Snapshot
from appliance.domain.parts import TriggerSource
from appliance.domain.readiness import Hindrance, Readiness
from appliance.domain.verdict import Verdict
from appliance.sinks import plc
from firmware_bridge.line import Counters, Evaluation, OfflineReason, PlcResult, StationStatus, TriggerRequest
from models.decision import Box, Detection, Fate, Outcome, Severity
from tests.fakes.parts import make_verdict
from tests.fakes.plc_line import MS
from tests.fakes.plc_sink import EMPTY_BOOK, JOB, SERVED, UNIT, SinkBench


class RecordedSlave:
    """Takes the place of `PlcSlave` and remembers what it was told."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.results: list[PlcResult] = []
        self.published: list[StationStatus] = []
        self.beats = 0
        self.jobs_failed = 0

    def job_failed(self) -> None:
        self.jobs_failed += 1

    def answer(self, result: PlcResult) -> None:
        self.results.append(result)

    def publish(self, status: StationStatus) -> None:
        self.published.append(status)

    def beat(self) -> None:
        self.beats += 1


@dataclass
class Recorded:
    """A bench whose slave only records."""

    bench: SinkBench
    slave: RecordedSlave

    def answered(self, verdict: Verdict) -> PlcResult:
        self.bench.sink.answer(verdict)
        (result,) = self.slave.results
        return result

    def published(self, readiness: Readiness = SERVED, snapshot: Snapshot = EMPTY_BOOK) -> StationStatus:
        self.bench.sink.publish(readiness, snapshot)
        return self.slave.published[-1]


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recorded]:
    slaves: list[RecordedSlave] = []

    def make_slave(**settings: Any) -> RecordedSlave:
        slaves.append(RecordedSlave(**settings))
        return slaves[-1]

    def make(**settings: Any) -> Recorded:
        monkeypatch.setattr(plc, "PlcSlave", make_slave)
        return Recorded(SinkBench(**settings), slaves[-1])

    return make


def found(code: int, severity: Severity, score: float) -> Detection:
    return Detection("defect", code, score, Box(1, 2, 3, 4), 12.0, severity)


EVALUATIONS = [
    (Outcome.OK, Evaluation.OK, False),
    (Outcome.NG, Evaluation.NOT_OK, False),
    (Outcome.RECHECK, Evaluation.NOT_DECIDABLE, False),
    (Outcome.NO_PART, Evaluation.UNDEFINED, True),
    (Outcome.ERROR, Evaluation.UNDEFINED, False),
]


@pytest.mark.parametrize(("outcome", "evaluation", "no_part"), EVALUATIONS)
def test_every_outcome_has_its_evaluation(
    record: Callable[..., Recorded], outcome: Outcome, evaluation: Evaluation, no_part: bool
) -> None:
    recorded = record()
    part = recorded.bench.part()
    scored = outcome is not Outcome.ERROR
    verdict = replace(
        make_verdict(part, Outcome.OK if scored else outcome, recorded.bench.clock),
        outcome=outcome,
        score=0.25 if scored else None,
        decided_ns=part.admitted_ns + 30 * MS,
    )
    assert recorded.answered(verdict) == PlcResult(
        inspection_id=7,
        evaluation=evaluation,
        code=0,
        score=verdict.score,
        no_part=no_part,
        golden=False,
        decided_ns=part.admitted_ns + 30 * MS,
        deadline_ns=part.trigger.received_ns + 1000 * MS,
    )


def test_the_table_of_evaluations_leaves_no_outcome_out() -> None:
    assert [outcome for outcome, _, _ in EVALUATIONS] == list(Outcome)


def test_the_code_is_that_of_the_worst_defect(record: Callable[..., Recorded]) -> None:
    recorded = record()
    verdict = make_verdict(recorded.bench.part(), Outcome.NG, recorded.bench.clock)
    several = (
        found(5, Severity.MINOR, 0.99),
        found(9, Severity.CRITICAL, 0.7),
        found(8, Severity.CRITICAL, 0.6),
        found(4, Severity.MAJOR, 0.95),
    )
    assert recorded.answered(replace(verdict, detections=several)).code == 9


def test_the_code_is_never_that_of_a_defect_that_the_recipe_tolerates(record: Callable[..., Recorded]) -> None:
    recorded = record()
    tolerated = replace(found(9, Severity.MAJOR, 0.99), fate=Fate.SUPPRESSED, rule="suppress:short:min_length_mm")
    verdict = replace(
        make_verdict(recorded.bench.part(), Outcome.NG, recorded.bench.clock),
        detections=(tolerated, found(4, Severity.MINOR, 0.7)),
    )
    assert recorded.answered(verdict).code == 4


def test_a_golden_part_is_told_as_one(record: Callable[..., Recorded]) -> None:
    recorded = record()
    part = recorded.bench.part(golden=True)
    assert recorded.answered(make_verdict(part, Outcome.OK, recorded.bench.clock)).golden


@pytest.mark.parametrize("source", [source for source in TriggerSource if source is not TriggerSource.PLC])
def test_a_part_that_the_plc_did_not_trigger_is_never_answered(
    record: Callable[..., Recorded], source: TriggerSource
) -> None:
    """It could bear the tag of one that the PLC waits for."""
    recorded = record()
    part = recorded.bench.part(source=source)
    for outcome in (Outcome.OK, Outcome.NG, Outcome.ERROR):
        recorded.bench.sink.answer(make_verdict(part, outcome, recorded.bench.clock))
    assert recorded.slave.results == []


OFFLINE_REASONS = [
    (Hindrance.STARTING, OfflineReason.BOOT),
    (Hindrance.STOPPING, OfflineReason.BOOT),
    (Hindrance.INTERNAL, OfflineReason.INTERNAL),
    (Hindrance.JOURNAL, OfflineReason.INTERNAL),
    (Hindrance.DISK, OfflineReason.INTERNAL),
    (Hindrance.SPOOL, OfflineReason.INTERNAL),
    (Hindrance.SET_UP, OfflineReason.SET_UP),
    (Hindrance.CAMERA, OfflineReason.CAMERA),
    (Hindrance.GOLDEN, OfflineReason.SET_UP),
]


@pytest.mark.parametrize(("hindrance", "reason"), OFFLINE_REASONS)
def test_every_hindrance_takes_the_station_offline_for_its_reason(
    record: Callable[..., Recorded], hindrance: Hindrance, reason: OfflineReason
) -> None:
    status = record().published(replace(SERVED, hindrance=hindrance))
    assert (status.online, status.ready, status.offline_reason) == (False, False, reason)


def test_the_table_of_offline_reasons_leaves_no_hindrance_out() -> None:
    assert [hindrance for hindrance, _ in OFFLINE_REASONS] == list(Hindrance)


def test_without_a_hindrance_the_station_is_online_and_ready(record: Callable[..., Recorded]) -> None:
    status = record().published()
    assert (status.online, status.ready, status.offline_reason) == (True, True, OfflineReason.NONE)


def test_a_station_that_takes_no_further_part_is_online_but_not_ready(record: Callable[..., Recorded]) -> None:
    recorded = record(capacity=1)
    recorded.bench.part()
    status = recorded.published()
    assert (status.online, status.ready, status.offline_reason) == (True, False, OfflineReason.NONE)


@pytest.mark.parametrize("armed", [False, True])
@pytest.mark.parametrize("simulated", [False, True])
def test_armed_and_simulated_are_told_as_they_are(
    record: Callable[..., Recorded], armed: bool, simulated: bool
) -> None:
    status = record(armed=armed, simulated=simulated).published()
    assert (status.armed, status.simulated, status.golden) == (armed, simulated, False)


def test_golden_mode_is_told(record: Callable[..., Recorded]) -> None:
    status = record().published(replace(SERVED, golden=True))
    assert (status.golden, status.online, status.ready) == (True, True, True)


SURROUNDINGS = ("mqtt_connected", "spool_high", "clock_synced", "alarm")


@pytest.mark.parametrize("name", SURROUNDINGS)
@pytest.mark.parametrize("is_so", [False, True])
def test_what_is_known_of_the_surroundings_is_told(record: Callable[..., Recorded], name: str, is_so: bool) -> None:
    known = {other: is_so == (other == name) for other in SURROUNDINGS}
    status = record().published(Readiness(None, **known))
    assert {other: getattr(status, other) for other in SURROUNDINGS} == known


def test_job_and_counters_are_told(record: Callable[..., Recorded]) -> None:
    book = Snapshot(
        accepted=63, ok=32, ng=16, recheck=8, no_part=4, error=2, in_flight=1, missed=9, late=1, refused_verdicts=3
    )
    status = record().published(snapshot=book)
    assert (status.job, status.error_code) == (JOB, 0)
    assert status.counters == Counters(
        triggers=63, ok=32, ng=16, recheck=8, missed=9, late=1, no_part=4, error=2, in_flight=1
    )


def test_the_slave_is_made_with_the_stations_settings_and_beats_when_told(record: Callable[..., Recorded]) -> None:
    recorded = record()
    assert recorded.slave.settings == {"unit": UNIT, "boot_id": 77, "serial": "OKNG-1", "line": recorded.bench.sink}
    recorded.bench.sink.beat()
    assert recorded.slave.beats == 1


def test_a_trigger_enters_the_ledger_and_the_flow_with_all_it_brought() -> None:
    bench = SinkBench()
    received_ns = bench.clock.monotonic_ns() - 3 * MS
    assert bench.sink.admit(TriggerRequest(tag=41, part_id="SN-8", deadline_ms=300, received_ns=received_ns)) == 41
    (part,) = bench.entered
    assert bench.ledger.is_open(part)
    trigger = part.trigger
    assert (trigger.source, trigger.golden, part.inspection_id) == (TriggerSource.PLC, False, 41)
    assert (trigger.tag, trigger.part_id, trigger.deadline_ms) == (41, "SN-8", 300)
    assert trigger.received_ns == received_ns
    assert part.deadline_ns == received_ns + 300 * MS


def test_a_trigger_without_a_tag_gets_the_stations_id() -> None:
    bench = SinkBench()
    acquired = bench.sink.admit(TriggerRequest(0, None, None, bench.clock.monotonic_ns()))
    assert acquired == bench.entered[0].inspection_id == 1


def test_a_trigger_that_the_ledger_refuses_is_missed_and_enters_nothing() -> None:
    bench = SinkBench(capacity=1)
    bench.part(tag=7)
    assert bench.sink.admit(TriggerRequest(8, None, None, bench.clock.monotonic_ns())) is None
    assert bench.entered == []
    assert bench.ledger.snapshot().missed == 1


@pytest.mark.parametrize(("job", "taken"), [(JOB, True), (JOB - 1, False), (JOB + 1, False)])
def test_a_job_is_the_recipes_matter(job: int, taken: bool) -> None:
    bench = SinkBench()
    assert bench.sink.load_job(job) is taken
    assert [number for number, _ in bench.jobs.asked] == [job]


def test_a_job_that_comes_to_nothing_is_told_to_the_plc(record: Callable[..., Recorded]) -> None:
    recorded = record()
    recorded.bench.sink.load_job(JOB)
    recorded.bench.jobs.asked[0][1]()
    assert recorded.slave.jobs_failed == 1


def test_the_current_job_and_the_arming_follow_the_recipe(record: Callable[..., Recorded]) -> None:
    recorded = record()
    recorded.bench.jobs.number, recorded.bench.jobs.armed = 13, False
    status = recorded.published()
    assert (status.job, status.armed) == (13, False)


def test_a_part_under_a_recipe_that_may_not_pass_never_passes(record: Callable[..., Recorded]) -> None:
    """The station is armed for the recipe in force; the part came under the one before, which was not certified."""
    recorded = record()
    part = recorded.bench.part()
    recorded.bench.jobs.barred.add(part.recipe)
    assert recorded.answered(make_verdict(part, Outcome.OK, recorded.bench.clock)).golden

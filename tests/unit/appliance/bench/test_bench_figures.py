"""A run's files, with one thing wrong in them at a time: it must show in the figures, and in the gates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.bench.bare import Alone, BareRuns
from appliance.bench.benchmark_app import BenchmarkApp
from appliance.bench.figures import Load, figures_of
from appliance.bench.gates import Gate, Word, passed
from appliance.bench.line import Run, Setup
from appliance.bench.meter import BenchMeter, load_measured
from appliance.bench.plan import divide, make_plan
from appliance.bench.processes import Machine, Sample, read_machine
from appliance.bench.verdicts import FULL, LINE_30, WAKE, bare_figures, judge, ratios, why_void
from appliance.domain.parts import Trigger, TriggerSource
from appliance.domain.record import Record
from appliance.domain.stages import Stage
from appliance.live import LiveCounters
from appliance.store.journal import Journal
from models.decision import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.parts import make_ledger, make_verdict
from tests.fakes.station_socket import status

PARTS = 40

BARE = BareRuns(
    "openvino",
    network=Alone([7_000_000] * 9, [6_000_000] * 9, 6.0),
    model=Alone([11_000_000] * 9, [10_000_000] * 9, 9.0),
)


class Files:
    """What a run of 40 good parts leaves behind, 30 a second, each read by the PLC 12 ms after its exposure."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        clock = FakeClock()
        ledger = make_ledger(clock, capacity=PARTS)
        meter = BenchMeter(PARTS)
        self.plc: list[dict[str, Any]] = []
        self.mqtt: list[dict[str, Any]] = []
        records = []
        for number in range(1, PARTS + 1):
            part = ledger.admit(Trigger(TriggerSource.PLC, number, clock.monotonic_ns()))
            assert part is not None
            ledger.exposed(part)
            verdict = replace(make_verdict(part, Outcome.OK, clock, f"v{number}"), captured_ns=clock.monotonic_ns())
            records.append(Record(verdict, number, "2026-01-01", b"{}"))
            meter.observe(Stage.INFER, 8_000_000)
            meter.witness(verdict)
            self.plc.append({"event": "trigger", "tag": number, "outcome": "accepted"})
            seen_s = clock.monotonic_ns() / 1e9 + 0.012
            heard = {"event": "result", "tag": number, "evaluation": 1, "pass": True, "monotonic_s": seen_s}
            self.plc.append(heard)
            self.mqtt.append({"event": "result", "id": verdict.id, "outcome": "OK"})
            clock.advance_ms(33)
            self.last = verdict
        journal = Journal(folder / "station.db", boot_id="0a1b2c3d", publish=False)
        journal.write(records)
        journal.close()
        meter.save(folder / "measured")
        counters = LiveCounters(accepted=PARTS, ok=PARTS, ng=0, recheck=0, no_part=0, error=0, in_flight=0, missed=0)
        self.run = Run(
            setup=Setup(LINE_30, PARTS, 33, 1),
            state=folder,
            measured=load_measured(folder / "measured"),
            samples=(),
            before=Machine(0.0, 0.0, 0.0),
            after=Machine(50.0, 0.0, 100.0),
            status=status().model_copy(update={"counters": counters}),
            balanced=True,
            delivered=True,
            simulator_code=0,
        )

    def gates(self) -> dict[str, Gate]:
        for name, lines in (("plc", self.plc), ("mqtt", self.mqtt)):
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (self.folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
        figures = {LINE_30: figures_of(self.run)}
        bare = bare_figures(BARE, 1, BARE, 1)
        return {gate.name: gate for gate in judge(figures, bare, ratios(figures, bare, ()), quick=True)}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_sound_run_passes_and_its_spans_are_measured(files: Files) -> None:
    assert passed(tuple(files.gates().values()))
    found = figures_of(files.run)
    assert found.stages_ms["captured to coil"].p50 == pytest.approx(12.0, abs=0.01)
    assert found.stages_ms["captured to coil"].count == PARTS - PARTS // 10, "a tenth warms up"
    assert found.stages_ms["infer"].max == 8.0
    assert (found.deliveries.accepted, found.deliveries.lost, found.deliveries.doubled) == (PARTS, 0, 0)


def missed(files: Files, gate: str) -> bool:
    gates = files.gates()
    return gates[gate].word is Word.MISSED and not passed(tuple(gates.values()))


def test_a_result_that_the_plc_never_heard_is_a_lost_part(files: Files) -> None:
    files.plc = [line for line in files.plc if line != files.plc[-1]]
    assert missed(files, "lost parts")


def test_a_result_that_the_plc_heard_twice_is_a_double(files: Files) -> None:
    files.plc.append(files.plc[-1])
    assert missed(files, "doubled or foreign results")


def test_a_part_that_passed_at_the_plc_and_not_in_the_journal_is_foreign(files: Files) -> None:
    files.plc.append(files.plc[-1] | {"tag": 4711})
    assert missed(files, "doubled or foreign results")


def test_a_message_that_came_twice_is_a_double_and_one_that_never_came_is_lost(files: Files) -> None:
    files.mqtt.append(files.mqtt[0])
    assert missed(files, "doubled or foreign results")
    files.mqtt = files.mqtt[2:-1]
    assert missed(files, "lost parts")


def test_a_trigger_that_nobody_answered_is_a_lost_part(files: Files) -> None:
    files.plc.append({"event": "trigger", "tag": 41, "outcome": "no_answer"})
    assert missed(files, "lost parts")


def test_an_accepted_trigger_that_no_journal_knows_is_a_lost_part(files: Files) -> None:
    files.plc.append({"event": "trigger", "tag": 41, "outcome": "accepted"})
    assert missed(files, "lost parts")


def test_a_ledger_that_admitted_more_than_was_judged_lost_a_part(files: Files) -> None:
    assert files.run.status is not None
    counters = files.run.status.counters.model_copy(update={"accepted": PARTS + 1, "error": 1})
    files.run = replace(files.run, status=files.run.status.model_copy(update={"counters": counters}))
    assert missed(files, "lost parts")


def test_a_result_that_was_superseded_is_two_rows_and_one_part(files: Files) -> None:
    """A station that triggers itself: the journal and the ledger are all that counts its parts."""
    assert files.run.status is not None
    journal = Journal(files.folder / "station.db", boot_id="0a1b2c3d", publish=False)
    late = replace(files.last, id="late", outcome=Outcome.ERROR, supersedes=files.last.id)
    journal.write([Record(late, PARTS + 1, "2026-01-01", b"{}")])
    journal.close()
    files.plc, files.mqtt = [], [*files.mqtt, {"event": "result", "id": "late", "outcome": "ERROR"}]
    files.run = replace(files.run, setup=replace(files.run.setup, plc=False))
    assert passed(tuple(files.gates().values()))
    found = figures_of(files.run).deliveries
    assert (found.accepted, found.journal_rows, found.lost, found.doubled) == (PARTS, PARTS + 1, 0, 0)


@pytest.mark.parametrize("change", [{"balanced": False}, {"delivered": False}, {"simulator_code": 1}])
def test_a_ledger_that_does_not_add_up_is_told(files: Files, change: dict[str, Any]) -> None:
    files.run = replace(files.run, **change)
    assert missed(files, "runs whose ledger does not add up")


def test_a_run_without_a_part_proves_nothing(files: Files) -> None:
    files.plc, files.mqtt = [], []
    assert missed(files, "runs without a part")


def test_no_run_at_all_is_no_pass() -> None:
    bare = bare_figures(BARE, 1, BARE, 1)
    assert not passed(judge({}, bare, ratios({}, bare, ()), quick=True))


def test_steal_and_other_programs_make_it_void(files: Files) -> None:
    files.gates()
    figures = figures_of(replace(files.run, after=Machine(50.0, 1.1, 100.0)))
    assert "1.1 % steal" in str(why_void((figures,)))
    assert why_void((figures_of(replace(files.run, after=Machine(50.0, 0.9, 100.0))),)) is None
    bare = bare_figures(BARE, 1, BARE, 1)
    words = {gate.word for gate in judge({LINE_30: figures}, bare, ratios({}, bare, ()), quick=False)}
    assert words == {Word.VOID, Word.MET}, "what was lost is judged all the same, and nothing was"
    ours = [sample(0.0, 0.0, 0.0), sample(10.0, 6.0, 5.0)]
    assert "other programs" in str(why_void((figures_of(replace(files.run, samples=tuple(ours))),)))


def sample(total_s: float, busy_s: float, ours_s: float) -> Sample:
    return Sample(0, 0, {}, 0.0, 0, 0, 0, Machine(busy_s, 0.0, total_s), ours_s)


def test_the_load_is_measured_between_samples_of_the_warm_part(files: Files) -> None:
    files.gates()
    answered = files.run.measured.parts["answered_ns"]
    answered[:] = [n * 33_000_000 for n in range(PARTS)]
    samples = tuple(
        replace(sample(n, 0, 0), at_ns=n * 250_000_000, cpu_ns=n * 75_000_000, thread_cpu_ns={7: n * 15_000_000, 8: 0})
        for n in range(6)
    )
    load = figures_of(replace(files.run, samples=samples)).load
    assert load is not None
    assert (load.seconds, load.parts) == (1.0, 30)
    assert load.cpu_ms_a_part == pytest.approx(10.0)
    assert load.threads_ms_a_part == {"native": pytest.approx(2.0)}


def test_a_descriptor_that_stays_open_is_told_and_one_in_use_is_not(files: Files) -> None:
    files.gates()
    files.run.measured.parts["answered_ns"][:] = [n * 33_000_000 for n in range(PARTS)]

    def opened(*counts: int) -> tuple[int, int]:
        rows = [replace(sample(n, 0, 0), at_ns=(n + 4) * 33_000_000, descriptors=c) for n, c in enumerate(counts)]
        load = figures_of(replace(files.run, samples=tuple(rows))).load
        assert load is not None
        return load.descriptors

    assert opened(20, 21, 20, 22, 20, 20, 21, 20) == (20, 20)
    assert opened(20, 20, 20, 20, 21, 21, 21, 22) == (20, 21)


def test_the_meter_tells_what_found_no_room(tmp_path: Path) -> None:
    meter = BenchMeter(2)
    for _ in range(3):
        meter.observe(Stage.INFER, 5)
    meter.save(tmp_path / "m")
    measured = load_measured(tmp_path / "m")
    assert list(measured.stages[Stage.INFER]) == [5, 5]
    assert measured.left_out == 1


def test_steal_is_read_from_the_kernel(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 0 100 700 0 0 0 100 0 0\ncpu0 1 2 3\n", encoding="ascii")
    found = read_machine(stat)
    assert found.steal_s / found.total_s == pytest.approx(0.1)
    assert found.busy_s / found.total_s == pytest.approx(0.2)


@pytest.mark.parametrize(("cores", "own", "others"), [(1, 0, 1), (2, 1, 1), (4, 2, 2), (16, 2, 14)])
def test_a_saturated_station_has_cores_of_its_own(cores: int, own: int, others: int) -> None:
    divided = divide(frozenset(range(cores)))
    assert (len(divided.line), len(divided.apart), len(divided.others)) == (cores, own, others)
    assert cores == 1 or not divided.apart & divided.others


def test_a_full_plan_measures_enough_for_its_gates() -> None:
    plan = make_plan(3000, quick=False, available=frozenset({0, 1}))
    runs = {setup.name: setup for setup in plan.runs}
    assert runs[LINE_30].parts - runs[LINE_30].parts // 10 >= 3000
    assert runs[WAKE].parts * 0.9 >= 10_000
    assert {setup.archive for setup in plan.runs} == {setup.viewer for setup in plan.runs} == {True, False}


def test_the_scorer_counts_as_inference_and_the_network_alone_is_told_beside_it(files: Files) -> None:
    files.gates()
    run = figures_of(files.run)
    load = Load(10.0, 500, 50.0, 18.0, {}, 1.0, 0.0, 1e5, None, (9, 9), (9, 9))
    figures = {FULL: replace(run, name=FULL, load=load), LINE_30: replace(run, load=load)}
    found = ratios(figures, bare_figures(BARE, 1, BARE, 1), [BenchmarkApp("throughput", (0,), 1, 900, 100.0, 9.0)])
    assert (found.throughput_network, found.throughput) == (pytest.approx(0.5), pytest.approx(0.5 * 9 / 6))
    assert (found.efficiency_30_network, found.efficiency_30) == (pytest.approx(6 / 18), pytest.approx(9 / 18))
    assert found.added_network_p50_ms is not None and found.added_p50_ms is not None
    assert found.added_network_p50_ms - found.added_p50_ms == pytest.approx(4.0)

"""What a bench prints: nothing left out, and every member of its JSON explained in docs/bench.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance.bench.bare import Alone, BareRuns
from appliance.bench.benchmark_app import BenchmarkApp
from appliance.bench.figures import Deliveries, Load, Quiet, RunFigures
from appliance.bench.gates import Word
from appliance.bench.line_time import line_time
from appliance.bench.report import Bench, Place, to_json, to_text
from appliance.bench.statistics import Percentiles, Slope
from appliance.bench.verdicts import FULL, LINE_10, LINE_30, WAKE, bare_figures, judge, ratios
from appliance.demo.audit import Tally

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "bench.md"
TALLY = Tally(3000, 3000, 0, 0)
FINE = Percentiles(10_000, 0.5, 0.6, 0.7, 0.8, 0.9)


def run(name: str) -> RunFigures:
    """A run in which all is as it should be."""
    stages = {"captured to verdict": replace(FINE, p50=8.0, p99=9.0), "captured to coil": FINE, "wake": FINE}
    return RunFigures(
        name=name,
        stages_ms=stages,
        deliveries=Deliveries(3000, 3000, 0, 3000, 3000, 0, TALLY, TALLY, 0, 0, True),
        load=Load(100.0, 3000, 95.0, 9.0, {"infer": 8.0, "plc": 1.0}, 9.0, 1.0, 2e5, Slope(0.1, 0.9), (9, 9), (20, 20)),
        quiet=Quiet(0.001, 0.01),
    )


def bench(*runs: RunFigures, quick: bool = False) -> Bench:
    inference = Alone([7_500_000] * 9, [7_000_000] * 9, 8.0)
    alone = BareRuns("openvino-cpu 1", network=inference, model=inference)
    bare = bare_figures(alone, 2, alone, 1)
    apps = (BenchmarkApp("throughput", (0,), 1, 900, 100.0, 9.0), BenchmarkApp("line", (0, 1), 2, 900, 120.0, 8.0))
    by_name = {one.name: one for one in runs}
    found = ratios(by_name, bare, apps)
    return Bench(
        created_utc="2026-01-01T00:00:00+00:00",
        quick=quick,
        package="flange 1",
        package_hash="sha256:0",
        place=Place("0.1.0", "a processor", "avx2", 2, (0,), "6"),
        bare=bare,
        benchmark_app=apps,
        runs=runs,
        ratios=found,
        line_time=line_time(),
        gates=judge(by_name, bare, found, quick=quick),
    )


def test_a_bench_in_which_all_is_well_passes() -> None:
    made = bench(*map(run, (LINE_10, LINE_30, FULL, WAKE)))
    assert made.passed, [gate for gate in made.gates if gate.word is not Word.MET]
    assert {gate.word for gate in made.gates} == {Word.MET}
    assert made.ratios.throughput == 0.95
    assert "all gates met" in to_text(made)


def test_each_run_is_needed() -> None:
    for left_out in (LINE_30, FULL, WAKE):
        made = bench(*(run(name) for name in (LINE_10, LINE_30, FULL, WAKE) if name != left_out))
        assert not made.passed, f"without {left_out!r} something was not measured"
        assert "NOT PASSED" in to_text(made)


def test_a_slow_station_misses_and_says_where() -> None:
    slow = run(LINE_30)
    slow = replace(slow, stages_ms=slow.stages_ms | {"captured to verdict": replace(FINE, p50=8.6, p99=9.0)})
    made = bench(run(LINE_10), slow, run(FULL), run(WAKE))
    missed = [gate.name for gate in made.gates if gate.word is Word.MISSED]
    assert missed == ["added latency p50 at 30 parts/s"]
    assert "MISSED      added latency p50" in to_text(made)


def test_a_disturbed_run_is_said_to_be_void() -> None:
    disturbed = replace(run(LINE_10), quiet=Quiet(0.02, 0.0))
    made = bench(disturbed, *map(run, (LINE_30, FULL, WAKE)))
    assert not made.passed
    assert "VOID" in to_text(made)
    assert "2.0 % steal" in to_text(made)


def test_every_member_of_the_json_is_explained() -> None:
    made = bench(*map(run, (LINE_10, LINE_30, FULL, WAKE)))
    told = json.loads(to_json(made))
    assert told["schema"] == "okng.bench/1"
    assert told["passed"] is True
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in sorted(set(members(told))) if f"`{name}" not in text and f".{name}`" not in text] == []


def members(value: Any) -> Iterator[str]:
    """Names of all members but those of the two tables by name: stages and threads."""
    if isinstance(value, list):
        for item in value:
            yield from members(item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            if name == "stages_ms":
                inner = list(inner.values())
            if name != "threads_ms_a_part":
                yield from members(inner)

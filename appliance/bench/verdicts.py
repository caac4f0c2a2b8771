"""The gates of a whole bench: which figure of which run is held against which bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.bench.bare import BareRuns
from appliance.bench.benchmark_app import BenchmarkApp
from appliance.bench.figures import Load, RunFigures
from appliance.bench.gates import Gate, Judge, throughput_bound
from appliance.bench.statistics import Percentiles, percentiles

MAX_STEAL = 0.01
MAX_FOREIGN = 0.05
ENOUGH_PARTS = 3000
ENOUGH_WAKES = 10_000

LINE_10, LINE_30, ONE, FULL, WAKE = "10 parts/s", "30 parts/s", "one at a time", "saturated", "own clock"


@dataclass(frozen=True, slots=True)
class Bare:
    """Inference alone. `line` and `throughput`: of one synchronous request on as many threads as that run's station.

    `network` is without the scorer, as `benchmark_app` runs it; `model` is network and scorer: a scorer outside the
    graph is inference all the same.
    """

    label: str
    line_threads: int
    line_network_paced_ms: Percentiles
    line_network_busy_ms: Percentiles
    line_network_cpu_ms: float
    line_model_paced_ms: Percentiles
    line_model_busy_ms: Percentiles
    line_model_cpu_ms: float
    throughput_threads: int
    throughput_network_cpu_ms: float
    throughput_model_cpu_ms: float


@dataclass(frozen=True, slots=True)
class Ratios:
    """The station against inference alone; None where something was not measured.

    `throughput_network`: parts a second of the saturated station over frames a second of `benchmark_app` on the same
    cores; `throughput`: the same with the scorer's time added to each of its frames.
    `efficiency`: processor time of the model alone over processor time of the station process, a part; `_network`: of
    the network alone.
    `added`: captured → verdict minus the model alone at the same pace, at the same percentile.
    """

    throughput: float | None
    throughput_network: float | None
    efficiency_saturated: float | None
    efficiency_saturated_network: float | None
    efficiency_30: float | None
    efficiency_30_network: float | None
    added_p50_ms: float | None
    added_p99_ms: float | None
    added_network_p50_ms: float | None


def bare_figures(line: BareRuns, line_threads: int, busy: BareRuns, busy_threads: int) -> Bare:
    return Bare(
        label=line.label,
        line_threads=line_threads,
        line_network_paced_ms=_milliseconds(line.network.paced_ns),
        line_network_busy_ms=_milliseconds(line.network.busy_ns),
        line_network_cpu_ms=line.network.cpu_ms,
        line_model_paced_ms=_milliseconds(line.model.paced_ns),
        line_model_busy_ms=_milliseconds(line.model.busy_ns),
        line_model_cpu_ms=line.model.cpu_ms,
        throughput_threads=busy_threads,
        throughput_network_cpu_ms=busy.network.cpu_ms,
        throughput_model_cpu_ms=busy.model.cpu_ms,
    )


def _milliseconds(runs_ns: Sequence[int]) -> Percentiles:
    found = percentiles([ns / 1e6 for ns in runs_ns])
    assert found is not None, "inference alone ran at least once"
    return found


def ratios(runs: dict[str, RunFigures], bare: Bare, apps: Sequence[BenchmarkApp]) -> Ratios:
    full, line = runs.get(FULL), runs.get(LINE_30)
    app = next((app for app in apps if app.mode == "throughput"), None)
    span = line.stages_ms.get("captured to verdict") if line else None
    full_load, line_load = full.load if full else None, line.load if line else None
    over_app = full_load.parts_per_s / app.throughput if full_load and app and app.throughput else None
    scored = bare.throughput_model_cpu_ms / bare.throughput_network_cpu_ms
    return Ratios(
        throughput=over_app * scored if over_app is not None else None,
        throughput_network=over_app,
        efficiency_saturated=_share(bare.throughput_model_cpu_ms, full_load),
        efficiency_saturated_network=_share(bare.throughput_network_cpu_ms, full_load),
        efficiency_30=_share(bare.line_model_cpu_ms, line_load),
        efficiency_30_network=_share(bare.line_network_cpu_ms, line_load),
        added_p50_ms=span.p50 - bare.line_model_paced_ms.p50 if span else None,
        added_p99_ms=span.p99 - bare.line_model_paced_ms.p99 if span else None,
        added_network_p50_ms=span.p50 - bare.line_network_paced_ms.p50 if span else None,
    )


def _share(alone_cpu_ms: float, load: Load | None) -> float | None:
    return alone_cpu_ms / load.cpu_ms_a_part if load else None


def why_void(runs: Sequence[RunFigures]) -> str | None:
    """The first thing that disturbed a run, or None."""
    for run in runs:
        if run.quiet.steal > MAX_STEAL:
            return (
                f"{100 * run.quiet.steal:.1f} % steal in the run {run.name!r}; the host gave this machine's time away"
            )
        if run.quiet.foreign > MAX_FOREIGN:
            return (
                f"other programs took {100 * run.quiet.foreign:.0f} % of the cores in the run {run.name!r}; stop them"
            )
    return None


def judge(runs: dict[str, RunFigures], bare: Bare, found: Ratios, *, quick: bool) -> tuple[Gate, ...]:
    word = Judge(why_void(tuple(runs.values())), quick)
    wake = _stage(runs, WAKE, "wake")
    memory = [run.load for run in runs.values() if run.name == WAKE and run.load is not None]
    rss = memory[0].rss if memory else None
    grown = [abs(load.threads[1] - load.threads[0]) for load in memory]
    opened = [abs(load.descriptors[1] - load.descriptors[0]) for load in memory]
    return (
        word.at_least(
            "throughput over benchmark_app",
            found.throughput,
            throughput_bound(bare.throughput_model_cpu_ms),
            "of its frames a second, the scorer counted in",
        ),
        word.at_most("added latency p50 at 30 parts/s", found.added_p50_ms, 1.0, "ms"),
        word.at_most("added latency p99 at 30 parts/s", found.added_p99_ms, 5.0, "ms"),
        word.at_most("wake-up lateness p99", wake.p99 if wake else None, 1.0, "ms"),
        word.at_most("wake-up lateness max", wake.max if wake else None, 10.0, "ms"),
        word.at_least("wake-ups measured", wake.count if wake else None, ENOUGH_WAKES, "wake-ups"),
        *(
            word.at_least(f"captured to coil, {name}", _count(runs, name), ENOUGH_PARTS, "parts")
            for name in (LINE_30, FULL)
        ),
        word.at_most("RSS slope, upper 95 % bound", rss.upper95 if rss else None, 1.0, "kB per 1,000 parts"),
        word.at_most("threads more or fewer", max(grown, default=None), 0, "threads"),
        word.at_most("descriptors more or fewer", max(opened, default=None), 0, "descriptors"),
        *_deliveries(word, runs),
    )


def _deliveries(word: Judge, runs: dict[str, RunFigures]) -> tuple[Gate, ...]:
    """What no disturbance excuses."""
    all_of = [run.deliveries for run in runs.values()]
    nothing = None if not all_of else 0
    empty = sum(found.accepted == 0 for found in all_of)
    unbalanced = sum(not found.ledger_balanced for found in all_of)
    return (
        word.at_most(
            "lost parts", nothing if nothing is None else sum(f.lost for f in all_of), 0, "parts", speed=False
        ),
        word.at_most(
            "doubled or foreign results",
            nothing if nothing is None else sum(f.doubled for f in all_of),
            0,
            "results",
            speed=False,
        ),
        word.at_most("runs without a part", nothing if nothing is None else empty, 0, "runs", speed=False),
        word.at_most(
            "runs whose ledger does not add up", nothing if nothing is None else unbalanced, 0, "runs", speed=False
        ),
        word.at_most("triggers missed at 10 and 30 parts/s", _missed(runs), 0, "triggers"),
    )


def _missed(runs: dict[str, RunFigures]) -> float | None:
    throttled = [runs[name].deliveries.missed for name in (LINE_10, LINE_30) if name in runs]
    return sum(throttled) if throttled else None


def _stage(runs: dict[str, RunFigures], run: str, stage: str) -> Percentiles | None:
    return runs[run].stages_ms.get(stage) if run in runs else None


def _count(runs: dict[str, RunFigures], run: str) -> float | None:
    found = _stage(runs, run, "captured to coil")
    return found.count if found else None

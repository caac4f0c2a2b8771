"""A bench as JSON (`okng.bench/1`, see docs/bench.md) and as the table that people read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version

from appliance.bench.bare import PACE_S
from appliance.bench.benchmark_app import BenchmarkApp
from appliance.bench.figures import Load, RunFigures
from appliance.bench.gates import Gate, passed
from appliance.bench.line_time import LineTime
from appliance.bench.statistics import Percentiles
from appliance.bench.verdicts import Bare, Ratios

SCHEMA = "okng.bench/1"
_HEAD = f"{'count':>7} {'p50':>8} {'p95':>8} {'p99':>8} {'p99.9':>8} {'max':>8}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bench was run: `cores` available, and those the saturated station had for itself."""

    okng: str
    processor: str
    instructions: str
    cores: int
    station_cores: tuple[int, ...]
    kernel: str


@dataclass(frozen=True, slots=True)
class Bench:
    """All figures of one bench. `quick`: too short for any speed to be judged."""

    created_utc: str
    quick: bool
    package: str
    package_hash: str
    place: Place
    bare: Bare
    benchmark_app: tuple[BenchmarkApp, ...]
    runs: tuple[RunFigures, ...]
    ratios: Ratios
    line_time: LineTime
    gates: tuple[Gate, ...]

    @property
    def passed(self) -> bool:
        return passed(self.gates)


def software() -> str:
    return version("okng")


def to_json(bench: Bench) -> str:
    return json.dumps({"schema": SCHEMA, "passed": bench.passed, **asdict(bench)}, indent=1, allow_nan=False)


def to_text(bench: Bench) -> str:
    return "\n".join(_lines(bench))


def _lines(bench: Bench) -> Iterator[str]:
    place, bare = bench.place, bench.bare
    yield f"okng bench {place.okng}{' --quick: speeds are shown, not judged' if bench.quick else ''}"
    yield f"  {place.processor}, {place.cores} cores, {place.instructions}, Linux {place.kernel}; {bench.package}"
    yield ""
    yield f"inference alone, {bare.label}"
    yield f"  {'on ' + str(bare.line_threads) + ' threads, milliseconds':<30} {_HEAD}"
    yield _row(f"network, {1 / PACE_S:.0f} a second", bare.line_network_paced_ms)
    yield _row("network, back to back", bare.line_network_busy_ms)
    yield _row(f"with its scorer, {1 / PACE_S:.0f} a second", bare.line_model_paced_ms)
    yield _row("with its scorer, back to back", bare.line_model_busy_ms)
    yield (
        f"  processor time: network {bare.line_network_cpu_ms:.2f} ms, with its scorer {bare.line_model_cpu_ms:.2f} ms"
    )
    yield (
        f"  on {bare.throughput_threads} thread: network {bare.throughput_network_cpu_ms:.2f} ms, "
        f"with its scorer {bare.throughput_model_cpu_ms:.2f} ms"
    )
    for app in bench.benchmark_app:
        cores = ",".join(map(str, app.cores))
        said = f"{app.throughput:.1f} frames/s, p50 {app.latency_p50_ms:.2f} ms"
        yield f"  benchmark_app, {app.mode} mode on core {cores}: {said}"
    for run in bench.runs:
        yield ""
        yield from _run_lines(run)
    yield ""
    yield from _ratio_lines(bench)
    yield ""
    yield "gates"
    for gate in bench.gates:
        yield _gate_line(gate)
    yield "all gates met" if bench.passed and not bench.quick else ("complete" if bench.passed else "NOT PASSED")


def _run_lines(run: RunFigures) -> Iterator[str]:
    found, load = run.deliveries, run.load
    yield f"{run.name}   (milliseconds; steal {run.quiet.steal:.2%}, other programs {run.quiet.foreign:.1%})"
    yield f"  {'':<30} {_HEAD}"
    for name, row in run.stages_ms.items():
        yield _row(name, row)
    yield (
        f"  {found.triggers} triggers, {found.accepted} accepted, {found.missed} missed, {found.errors} errors, "
        f"{found.lost} lost, {found.doubled} doubled; "
        f"ledger {'adds up' if found.ledger_balanced else 'DOES NOT ADD UP'}"
    )
    yield from _load_lines(load) if load else ("  too short for processor time and memory",)


def _load_lines(load: Load) -> Iterator[str]:
    threads = ", ".join(f"{name} {used:.2f}" for name, used in load.threads_ms_a_part.items() if used >= 0.005)
    yield f"  {load.parts_per_s:.1f} parts/s, processor time {load.cpu_ms_a_part:.2f} ms a part: {threads}"
    slope = "not enough parts for a slope"
    if load.rss:
        slope = f"{load.rss.value:+.2f} kB per 1,000 parts (95 %: below {load.rss.upper95:+.2f})"
    yield (
        f"  memory {load.rss_kb / 1024:.0f} MB, {slope}; threads {load.threads[0]} → {load.threads[1]}, "
        f"descriptors {load.descriptors[0]} → {load.descriptors[1]}; context switches a part "
        f"{load.voluntary_switches_a_part:.1f} voluntary, {load.involuntary_switches_a_part:.1f} not"
    )


def _ratio_lines(bench: Bench) -> Iterator[str]:
    found, line = bench.ratios, bench.line_time
    yield "against inference alone (in brackets: against the network without its scorer)"
    yield (
        f"  throughput over benchmark_app on the same cores   "
        f"{_number(found.throughput, 3)} ({_number(found.throughput_network, 3)})"
    )
    yield (
        f"  inference's share of the station's processor time   saturated {_number(found.efficiency_saturated, 3)} "
        f"({_number(found.efficiency_saturated_network, 3)}), at 30 parts/s {_number(found.efficiency_30, 3)} "
        f"({_number(found.efficiency_30_network, 3)})"
    )
    p50, p99 = _number(found.added_p50_ms, 2), _number(found.added_p99_ms, 2)
    yield f"  added latency at 30 parts/s   p50 {p50} ms ({_number(found.added_network_p50_ms, 2)}), p99 {p99} ms"
    yield (
        f"  on a real line at {line.baudrate} baud an exchange takes {line.exchange_ms:.2f} ms more than on this "
        f"pseudo terminal, a part's {line.exchanges_a_part} exchanges {line.part_ms:.1f} ms: at most "
        f"{line.most_parts_per_s:.0f} parts/s"
    )


def _row(name: str, row: Percentiles) -> str:
    return (
        f"  {name:<30} {row.count:>7} {row.p50:>8.2f} {row.p95:>8.2f} {row.p99:>8.2f} {row.p99_9:>8.2f} {row.max:>8.2f}"
    )


def _gate_line(gate: Gate) -> str:
    value = _number(gate.value, 3)
    why = f"   ({gate.why})" if gate.why else ""
    return f"  {gate.word.upper():<10}  {gate.name:<42} {value:>10} {gate.sense} {gate.bound:g} {gate.unit}{why}"


def _number(value: float | None, digits: int) -> str:
    return "none" if value is None else f"{value:.{digits}f}"

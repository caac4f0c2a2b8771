"""From what a run left behind to its figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.bench.line import Run
from appliance.bench.processes import Machine, Sample
from appliance.bench.statistics import Percentiles, Slope, percentiles, slope
from appliance.demo.audit import Tally, mqtt_tally, plc_tally, read_journal, read_lines
from appliance.domain.stages import Stage

_WARM_SHARE = 0.1
_MEMORY_WARM_PARTS = 4000  # by then SQLite's caches and the windows of latencies have filled up


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What became of every trigger. `plc` and `mqtt` are held against the journal; None where there is no such reader.

    `lost` and `doubled` sum up all readers, and triggers that the PLC sent and nobody answered.
    `ledger_balanced`: every snapshot of the ledger added up, the last with nothing under way; so did the PLC's own
    book; the meter had room for all.
    """

    triggers: int
    accepted: int
    missed: int
    journal_rows: int
    distinct_ids: int
    errors: int
    plc: Tally | None
    mqtt: Tally | None
    lost: int
    doubled: int
    ledger_balanced: bool


@dataclass(frozen=True, slots=True)
class Load:
    """Processor time and memory of the station between the first and the last sample of the measured part of a run.

    `cpu_ms_a_part` is all of the process, `threads_ms_a_part` the same by thread name; `rss` is kB a 1,000 parts.
    `threads` and `descriptors`: the least of the first and of the last quarter.
    """

    seconds: float
    parts: int
    parts_per_s: float
    cpu_ms_a_part: float
    threads_ms_a_part: dict[str, float]
    voluntary_switches_a_part: float
    involuntary_switches_a_part: float
    rss_kb: float
    rss: Slope | None
    threads: tuple[int, int]
    descriptors: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Shares of all cores' time: `steal` went to other machines of the host, `foreign` to other programs of this."""

    steal: float
    foreign: float


@dataclass(frozen=True, slots=True)
class RunFigures:
    """`stages_ms`: every stage, and these spans: `captured to verdict`, `captured to answer` (it stands in the PLC's
    registers), `captured to coil` (the PLC has read it), `PLC exchange` (one FC 23 round trip, as the PLC sees it)."""

    name: str
    stages_ms: dict[str, Percentiles]
    deliveries: Deliveries
    load: Load | None
    quiet: Quiet


def figures_of(run: Run) -> RunFigures:
    warm = int(len(run.measured.parts["answered_ns"]) * _WARM_SHARE)
    spans = {
        stage.value: values[_skipped(stage, values, warm) :] / 1e6 for stage, values in run.measured.stages.items()
    }
    spans |= _spans(run, warm)
    told = {name: percentiles(values) for name, values in spans.items()}
    return RunFigures(
        name=run.setup.name,
        stages_ms={name: found for name, found in told.items() if found is not None},
        deliveries=_deliveries(run),
        load=_load(run),
        quiet=_quiet(run.before, run.after, run.samples),
    )


def _skipped(stage: Stage, values: NDArray[np.int64], warm: int) -> int:
    """WAKE is counted in wakes, not in parts."""
    return int(len(values) * _WARM_SHARE) if stage is Stage.WAKE else warm


def _spans(run: Run, warm: int) -> dict[str, NDArray[np.float64]]:
    parts = {name: column[warm:] for name, column in run.measured.parts.items()}
    seen = parts["captured_ns"] >= 0
    captured = parts["captured_ns"][seen]
    spans = {
        "captured to verdict": (parts["decided_ns"][seen] - captured) / 1e6,
        "captured to answer": (parts["answered_ns"][seen] - captured) / 1e6,
    }
    lines = read_lines(run.state / "plc.jsonl")
    coils = coil_times_s(lines)
    met = [
        (coils[tag] * 1e3, at / 1e6)
        for tag, at in zip(parts["inspection_id"][seen], captured, strict=True)
        if tag in coils
    ]
    spans["captured to coil"] = np.array([coil_ms - captured_ms for coil_ms, captured_ms in met], np.float64)
    exchanges = [us for line in lines if line["event"] == "exchanges" for us in _numbers(line["us"])]
    spans["PLC exchange"] = np.array(exchanges[int(len(exchanges) * _WARM_SHARE) :], np.float64) / 1e3
    return spans


def coil_times_s(lines: Sequence[dict[str, object]]) -> dict[int, float]:
    """When the PLC read each part's first result, by its tag; monotonic seconds."""
    times: dict[int, float] = {}
    for line in lines:
        if line["event"] == "result" and isinstance(line["tag"], int):
            times.setdefault(line["tag"], float(str(line["monotonic_s"])))
    return times


def _numbers(value: object) -> list[int]:
    return [int(item) for item in value] if isinstance(value, list) else []


def _deliveries(run: Run) -> Deliveries:
    rows = read_journal(run.state / "station.db")
    lines = read_lines(run.state / "plc.jsonl")
    results = [line for line in lines if line["event"] == "result"]
    received = [line for line in read_lines(run.state / "mqtt.jsonl") if line["event"] == "result"]
    armed = run.status is not None and run.status.armed
    plc = plc_tally(rows, results, armed=armed) if run.setup.plc else None
    mqtt = mqtt_tally(rows, received) if run.setup.mqtt else None
    counters = run.status.counters if run.status else None
    asked = [line for line in lines if line["event"] == "trigger"]
    unanswered = sum(line["outcome"] == "no_answer" for line in asked)
    distinct = len({row.id for row in rows})
    # A result that came too late is kept too, with the ERROR that supersedes it: two rows, one part.
    standing = len(rows) - sum(row.supersedes is not None for row in rows)
    accepted = sum(line["outcome"] == "accepted" for line in asked) if run.setup.plc else standing
    # The ledger, the PLC and the journal have counted the same parts, or something was lost or invented between them.
    admitted = counters.accepted if counters else 0
    lost = sum(tally.lost for tally in (plc, mqtt) if tally) + unanswered + max(0, max(accepted, admitted) - standing)
    doubled = sum(tally.extra for tally in (plc, mqtt) if tally) + len(rows) - distinct
    doubled += max(0, standing - min(accepted, admitted))
    return Deliveries(
        triggers=len(asked) if run.setup.plc else admitted,
        accepted=accepted,
        missed=counters.missed if counters else 0,
        journal_rows=len(rows),
        distinct_ids=distinct,
        errors=sum(row.outcome == "ERROR" for row in rows),
        plc=plc,
        mqtt=mqtt,
        lost=lost,
        doubled=doubled,
        ledger_balanced=run.balanced and run.delivered and run.simulator_code == 0 and not run.measured.left_out,
    )


def _load(run: Run) -> Load | None:
    """None where a run was too short for two samples."""
    answered = run.measured.parts["answered_ns"]
    if len(answered) < 2:
        return None
    begin, end = answered[int(len(answered) * _WARM_SHARE)], answered[-1]
    samples = [sample for sample in run.samples if begin <= sample.at_ns <= end]
    if len(samples) < 2:
        return None
    first, last = samples[0], samples[-1]
    counts = [int(np.searchsorted(answered, sample.at_ns)) for sample in samples]
    parts = counts[-1] - counts[0]
    if parts <= 0:
        return None
    seconds = (last.at_ns - first.at_ns) / 1e9
    kept = [(count, s.rss_kb) for count, s in zip(counts, samples, strict=True) if count >= _MEMORY_WARM_PARTS]
    found = slope([count / 1000 for count, _ in kept], [rss_kb for _, rss_kb in kept])
    return Load(
        seconds=seconds,
        parts=parts,
        parts_per_s=parts / seconds,
        cpu_ms_a_part=(last.cpu_ns - first.cpu_ns) / 1e6 / parts,
        threads_ms_a_part=_threads(first, last, run.measured.threads, parts),
        voluntary_switches_a_part=(last.voluntary - first.voluntary) / parts,
        involuntary_switches_a_part=(last.involuntary - first.involuntary) / parts,
        rss_kb=last.rss_kb,
        rss=found,
        threads=_begin_and_end([len(sample.thread_cpu_ns) for sample in samples]),
        descriptors=_begin_and_end([sample.descriptors for sample in samples]),
    )


def _begin_and_end(counts: Sequence[int]) -> tuple[int, int]:
    """The least of the first and of the last quarter: a file that is being written is no leak."""
    quarter = max(1, len(counts) // 4)
    return min(counts[:quarter]), min(counts[-quarter:])


def _threads(first: Sample, last: Sample, names: dict[int, str], parts: int) -> dict[str, float]:
    """Milliseconds of processor time a part by thread name; threads of libraries are `native`."""
    used: dict[str, float] = defaultdict(float)
    for tid, cpu_ns in last.thread_cpu_ns.items():
        used[names.get(tid, "native")] += (cpu_ns - first.thread_cpu_ns.get(tid, 0)) / 1e6 / parts
    return dict(sorted(used.items(), key=lambda item: -item[1]))


def _quiet(before: Machine, after: Machine, samples: Sequence[Sample]) -> Quiet:
    total_s = max(after.total_s - before.total_s, 1e-9)
    steal = (after.steal_s - before.steal_s) / total_s
    if len(samples) < 2:
        return Quiet(steal, 0.0)
    first, last = samples[0], samples[-1]
    span_s = max(last.machine.total_s - first.machine.total_s, 1e-9)
    foreign = (last.machine.busy_s - first.machine.busy_s - (last.ours_s - first.ours_s)) / span_s
    return Quiet(steal, max(0.0, foreign))

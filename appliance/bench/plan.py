"""Which runs a bench consists of, in their order."""

from __future__ import annotations

import os
from dataclasses import dataclass

from appliance.bench.line import Setup
from appliance.bench.verdicts import ENOUGH_WAKES, FULL, LINE_10, LINE_30, ONE, WAKE

PARTS = 3000
QUICK_PARTS = 60
_OPTION_PARTS = 450
_WARM = 10 / 9  # a tenth of each run warms up and is not counted


@dataclass(frozen=True, slots=True)
class Cores:
    """`line`: what the station may use in line mode. `apart`: its own when saturated; all else runs on `others`."""

    line: frozenset[int]
    apart: frozenset[int]
    others: frozenset[int]


@dataclass(frozen=True, slots=True)
class Plan:
    runs: tuple[Setup, ...]
    cores: Cores
    line_threads: int
    bare_runs: int
    app_s: int


def make_plan(parts: int, *, quick: bool, available: frozenset[int] | None = None) -> Plan:
    """`parts` of each run of the line, apart from warming up. A quick plan has one run of each kind and few parts."""
    cores = divide(available or frozenset(os.sched_getaffinity(0)))
    threads = min(2, len(cores.line))
    some = round(parts * _WARM)
    few = QUICK_PARTS if quick else _OPTION_PARTS
    wakes = 150 if quick else round(ENOUGH_WAKES * 1.12)
    runs = [
        Setup(LINE_10, some, 100, threads, scan_ms=2),
        Setup(LINE_30, some, 33, threads),
        Setup(ONE, some, 1, threads, pace="result", scan_ms=2),
        Setup(FULL, some, 1, max(1, len(cores.apart)), pace="ready", scan_ms=5, cores=cores.apart),
        Setup(WAKE, wakes, 33, threads, plc=False),
        Setup("30 parts/s, without MQTT", few, 33, threads, mqtt=False),
        Setup("30 parts/s, archive of every picture", few, 33, threads, archive=True),
        Setup("30 parts/s, a page connected", few, 33, threads, viewer=True),
    ]
    if quick:
        runs = [setup for setup in runs if setup.name in (LINE_30, FULL, WAKE)]
        runs.append(Setup("30 parts/s, archive and page", few, 33, threads, archive=True, viewer=True))
    return Plan(tuple(runs), cores, threads, bare_runs=30 if quick else 600, app_s=2 if quick else 15)


def divide(available: frozenset[int]) -> Cores:
    """Half of the cores for a saturated station, at most two; with a single core nothing can be set apart."""
    ordered = sorted(available)
    own = frozenset(ordered[: max(1, min(2, len(ordered) // 2))])
    return Cores(line=available, apart=own if len(ordered) > 1 else frozenset(), others=available - own or available)

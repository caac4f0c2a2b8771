"""`okng bench`: real lines, measured one after the other, and what is promised of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from appliance.bench.bare import BareRuns, load_bare
from appliance.bench.benchmark_app import BenchmarkApp, run_benchmark_app
from appliance.bench.figures import RunFigures, figures_of
from appliance.bench.line import Subject, run_line
from appliance.bench.line_time import line_time
from appliance.bench.plan import Plan
from appliance.bench.report import Bench, Place, software
from appliance.bench.verdicts import bare_figures, judge, ratios
from appliance.errors import CheckFailed
from models.instructions import instruction_set
from models.package import open_package

_BARE_WITHIN_S = 300.0


def run_bench(
    subject: Subject,
    plan: Plan,
    *,
    quick: bool,
    keep: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Bench:
    """Measure everything; blocks for about 20 minutes, a quick plan for one. `keep`: where the runs' files stay.

    Raises:
        OkngError, ModelError: something could not be started, or died.
    """
    package = open_package(subject.package)
    with ExitStack() as ends:
        folder = keep or Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="okng-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        line, busy, apps = _measure_inference(subject, plan, folder, say)
        runs: dict[str, RunFigures] = {}
        for number, setup in enumerate(plan.runs):
            say(f"{setup.name}: {setup.parts} parts")
            runs[setup.name] = figures_of(run_line(setup, subject, folder / f"run{number}"))
    bare = bare_figures(line, plan.line_threads, busy, len(_apart(plan)))
    found = ratios(runs, bare, apps)
    return Bench(
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        quick=quick,
        package=f"{package.manifest.id} {package.manifest.version}",
        package_hash=package.hash,
        place=_place(plan),
        bare=bare,
        benchmark_app=apps,
        runs=tuple(runs.values()),
        ratios=found,
        line_time=line_time(),
        gates=judge(runs, bare, found, quick=quick),
    )


def _measure_inference(
    subject: Subject, plan: Plan, folder: Path, say: Callable[[str], None]
) -> tuple[BareRuns, BareRuns, tuple[BenchmarkApp, ...]]:
    say("inference alone")
    line = _run_bare(subject, plan.bare_runs, plan.cores.line, plan.line_threads, folder / "bare-line")
    busy = _run_bare(subject, plan.bare_runs, _apart(plan), len(_apart(plan)), folder / "bare-throughput")
    say("benchmark_app")
    found = (
        run_benchmark_app(subject.package, "line", plan.cores.line, plan.app_s, folder / "app-line"),
        run_benchmark_app(subject.package, "throughput", _apart(plan), plan.app_s, folder / "app-throughput"),
    )
    return line, busy, tuple(app for app in found if app is not None)


def _apart(plan: Plan) -> frozenset[int]:
    return plan.cores.apart or plan.cores.line


def _run_bare(subject: Subject, runs: int, cores: frozenset[int], threads: int, out: Path) -> BareRuns:
    command = [sys.executable, "-m", "appliance.bench.bare", "--package", str(subject.package), "--out", str(out)]
    command += ["--runtime", subject.runtime, "--threads", str(threads), "--runs", str(runs)]
    mine = frozenset(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_BARE_WITHIN_S, check=False)
    finally:
        os.sched_setaffinity(0, mine)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()
        raise CheckFailed(f"inference alone failed: {last[-1] if last else 'it said nothing'}")
    return load_bare(out)


def _place(plan: Plan) -> Place:
    processor = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.lower().startswith(("model name", "hardware"))
        ),
        os.uname().machine,
    )
    return Place(
        okng=software(),
        processor=processor,
        instructions=instruction_set(),
        cores=len(plan.cores.line),
        station_cores=tuple(sorted(plan.cores.apart)),
        kernel=os.uname().release,
    )

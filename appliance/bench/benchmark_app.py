"""OpenVINO's own `benchmark_app` on the network of a package: what the same cores do with inference alone.

It runs in a process of its own with random pixels of the network's size, and without OpenVINO's usage report.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from appliance.errors import CheckFailed
from models.package import open_package

_START_S = 60.0
_PROGRAM = (
    "import sys, time; sys.modules['openvino_telemetry'] = None; "
    "from openvino.tools.benchmark.main import main; sys.exit(main())"
)
Mode = Literal["line", "throughput"]


@dataclass(frozen=True, slots=True)
class BenchmarkApp:
    """`mode` line: one stream on all threads, one request, synchronous. throughput: a stream a thread, 2 requests each.

    `cores` it was bound to; `latency_p50_ms` and `throughput` are its own words, frames and frames a second.
    """

    mode: Mode
    cores: tuple[int, ...]
    threads: int
    frames: int
    throughput: float
    latency_p50_ms: float


def run_benchmark_app(
    package: Path, mode: Mode, cores: frozenset[int], seconds: int, folder: Path
) -> BenchmarkApp | None:
    """None where OpenVINO is not installed, or the package holds no network that it reads.

    Raises:
        CheckFailed: it was started and failed.
    """
    opened = open_package(package)
    network = next((a.file for a in opened.manifest.artefacts if a.format == "onnx" and a.role == "general"), None)
    if network is None or find_spec("openvino") is None:
        return None
    folder.mkdir(parents=True)
    model = folder / "model.onnx"
    model.write_bytes(opened.files[network])
    threads = len(cores)
    options = ["-m", str(model), "-d", "CPU", "-infer_precision", "f32", "-t", str(seconds), "-hint", "none"]
    options += ["-nthreads", str(threads), "-nstreams", "1" if mode == "line" else str(threads)]
    options += ["-nireq", "1", "-api", "sync"] if mode == "line" else ["-nireq", str(2 * threads), "-api", "async"]
    options += ["-json_stats", "-report_type", "no_counters", "-report_folder", str(folder)]
    return _numbers(_run(options, cores, seconds, folder), mode, cores)


def _run(options: list[str], cores: frozenset[int], seconds: int, folder: Path) -> dict[str, Any]:
    mine = frozenset(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, *options],
            capture_output=True,
            text=True,
            timeout=seconds + _START_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CheckFailed(f"benchmark_app did not end within {seconds + _START_S:g} s; run it by hand") from error
    finally:
        os.sched_setaffinity(0, mine)
    report = folder / "benchmark_report.json"
    if done.returncode != 0 or not report.exists():
        last = (done.stdout + done.stderr).strip().splitlines()
        raise CheckFailed(f"benchmark_app failed: {last[-1] if last else 'it said nothing'}; run it by hand")
    results: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))["execution_results"]
    return results


def _numbers(results: dict[str, Any], mode: Mode, cores: frozenset[int]) -> BenchmarkApp:
    return BenchmarkApp(
        mode=mode,
        cores=tuple(sorted(cores)),
        threads=len(cores),
        frames=int(results["total number of iterations"]),
        throughput=float(results["throughput"]),
        latency_p50_ms=float(results["latency (ms)"]),
    )

"""Inference and nothing else: `python -m appliance.bench.bare --package P --runtime R --threads N --out NAME`.

The package's network, and then its whole model (network and scorer), on its first golden frame, in a process set up as
the station's: first at 30 a second, as the line asks for it, then back to back. NAME.json holds the nanoseconds of
every run and the processor time of each mode.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.demo import entry
from models.judge import start_judge
from models.package import Package, open_package
from models.runtimes.base import Placement

PACE_S = 1 / 30
Run = Callable[[NDArray[np.uint8]], object]


@dataclass(frozen=True, slots=True)
class Alone:
    """`paced_ns` and `busy_ns`: each run; `cpu_ms`: processor time of one, back to back."""

    paced_ns: list[int]
    busy_ns: list[int]
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class BareRuns:
    """`label`: the runtime; `network`: without the scorer; `model`: network and scorer, what a part costs at least."""

    label: str
    network: Alone
    model: Alone


@click.command()
@click.option("--package", type=click.Path(path_type=Path), required=True)
@click.option("--runtime", required=True)
@click.option("--threads", type=click.IntRange(1, 64), required=True)
@click.option("--runs", type=click.IntRange(1, 100_000), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def bare(package: Path, runtime: str, threads: int, runs: int, out: Path) -> None:
    """Time synchronous inference."""
    cv2.setNumThreads(1)
    opened = open_package(package)
    judge = start_judge(opened, Placement(runtime, threads=threads))
    tensor = golden_tensor(opened)
    gc.collect()
    gc.freeze()
    gc.disable()
    told = BareRuns(judge.runtime.label, _alone(judge.runtime.infer, tensor, runs), _alone(judge, tensor, runs))
    out.with_suffix(".json").write_text(json.dumps(asdict(told)), encoding="utf-8")


def golden_tensor(package: Package) -> NDArray[np.uint8]:
    """A network input that the package itself holds: `(1, H, W, 3)` uint8 BGR."""
    content = np.frombuffer(package.files[package.manifest.golden.frames[0].file], np.uint8)
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)[None]


def load_bare(path: Path) -> BareRuns:
    told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return BareRuns(told["label"], Alone(**told["network"]), Alone(**told["model"]))


def _alone(run: Run, tensor: NDArray[np.uint8], runs: int) -> Alone:
    paced_ns, _ = _time(run, tensor, runs, PACE_S)
    busy_ns, cpu_ms = _time(run, tensor, runs, 0.0)
    return Alone(paced_ns, busy_ns, cpu_ms)


def _time(run: Run, tensor: NDArray[np.uint8], runs: int, pace_s: float) -> tuple[list[int], float]:
    """Nanoseconds of each run, and milliseconds of processor time of one."""
    durations = []
    cpu_ns = time.process_time_ns()
    due_s = time.monotonic()
    for _ in range(runs):
        due_s += pace_s
        time.sleep(max(0.0, due_s - time.monotonic()) if pace_s else 0.0)
        started_ns = time.monotonic_ns()
        run(tensor)
        durations.append(time.monotonic_ns() - started_ns)
    return durations, (time.process_time_ns() - cpu_ns) / runs / 1e6


if __name__ == "__main__":
    entry.run(bare)

"""How long a package takes on each runtime of this machine, by the station's own code on one thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.detector import Detector
from models.manifest import Manifest
from training.page import paragraph, table
from training.report.wording import megabytes
from training.text import Text

_HEAD = (
    Text("runtime", "推理引擎"),
    Text("whole, p50 / p99", "总计 p50 / p99"),
    Text("network, p50 / p99", "网络 p50 / p99"),
    Text("scoring, p50 / p99", "评分 p50 / p99"),
    Text("preparing, p50 / p99", "预处理 p50 / p99"),
)


@dataclass(frozen=True, slots=True)
class Latency:
    """p50 and p99 in ms of a part as a whole and of its steps, over `pictures` pictures."""

    runtime: str
    pictures: int
    whole: tuple[float, float]
    network: tuple[float, float]
    scoring: tuple[float, float]
    preparing: tuple[float, float]

    def figures(self) -> dict[str, object]:
        """For programs."""
        found: dict[str, object] = {"runtime": self.runtime, "pictures": self.pictures}
        for name in ("whole", "network", "scoring", "preparing"):
            p50, p99 = getattr(self, name)
            found[name] = {"p50_ms": round(p50, 3), "p99_ms": round(p99, 3)}
        return found


def latencies(package: Path, runtimes: Sequence[str], images: Sequence[NDArray[np.uint8]]) -> list[Latency]:
    """Every picture once on each runtime; blocks."""
    found = []
    for name in runtimes:
        detector = Detector.load(package, runtime=name, threads=1)
        try:
            took = [detector.judge_anyway(image) for image in images]
        finally:
            detector.close()
        steps = np.array([(one.preprocess_ns, one.infer_ns, one.score_ns) for one in took], np.float64) / 1e6
        preparing, network, scoring = (_quantiles(steps[:, at]) for at in range(3))
        whole = _quantiles(steps.sum(axis=1))
        found.append(Latency(detector.info.runtime, len(images), whole, network, scoring, preparing))
    return found


def _quantiles(values: NDArray[np.float64]) -> tuple[float, float]:
    p50, p99 = np.quantile(values, (0.5, 0.99))
    return float(p50), float(p99)


def section(found: Sequence[Latency], package_bytes: int, manifest: Manifest) -> str:
    """Times, and sizes of the package and of the networks in it."""
    rows = [
        (one.runtime, *(_both(pair) for pair in (one.whole, one.network, one.scoring, one.preparing))) for one in found
    ]
    sizes = ", ".join(f"{one.file} {megabytes(manifest.files[one.file].size)}" for one in manifest.artefacts)
    count = found[0].pictures if found else 0
    note = Text(
        f"In ms a part, over {count} pictures, on one thread of the machine that trained; measured once, beside "
        "whatever else ran there: okng bench measures better.",
        f"单位为毫秒/件，{count} 张图像，训练所用机器的单线程；仅测一次，会受同机其他负载影响：okng bench 更准确。",
    )
    size = Text(
        f"Package: {megabytes(package_bytes)}; networks in it: {sizes}.",
        f"模型包：{megabytes(package_bytes)}；其中网络：{sizes}。",
    )
    return table(_HEAD, rows) + paragraph(note, note=True) + paragraph(size)


def _both(pair: tuple[float, float]) -> str:
    return f"{pair[0]:.1f} / {pair[1]:.1f}"

"""Frames per second of processor time: okng's detector against openvino-model-api, on the same model and pictures.

Both get the same camera pictures in memory and give a score, a decision and where the defect is. Each runs in a process
of its own, on one thread, in turns; the median of the turns counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

ROOM = Path(__file__).resolve().parents[1]
DEMO_PACKAGE = ROOM / "models" / "packages" / "flange.okng"
GATE = 1.5
_PICTURES = 24
_WARM_UP = 10
_ANOMALIB = "anomalib's inferencer is not measured: its tree needs torch, lightning and timm for one session.run"
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Turn:
    """One process: processor time and wall time a frame, and the score of each picture."""

    cpu_ms: float
    wall_ms: float
    scores: list[float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`agreement`: correlation of both sides' scores, which shows that the same model was run."""

    okng_cpu_ms: float
    peer_cpu_ms: float
    okng_wall_ms: float
    peer_wall_ms: float
    ratio: float
    gate: float
    agreement: float
    frames: int
    turns: int
    not_measured: str = _ANOMALIB

    @property
    def met(self) -> bool:
        return self.ratio >= self.gate and self.agreement >= 0.9


def main() -> int:
    options = _parse()
    if options.side:
        sys.stdout.write(json.dumps(asdict(_measure(options.side, options.package, options.model, options.frames))))
        return 0
    with tempfile.TemporaryDirectory(prefix="okng-peers-") as folder:
        found = compare(options.package, Path(folder), frames=options.frames, turns=options.turns)
    sys.stdout.write(_text(found) + "\n")
    if options.json:
        options.json.write_text(json.dumps({"schema": "okng.bench-peers/1", **asdict(found)}, indent=1) + "\n")
    return 0 if found.met else 1


def compare(package: Path, folder: Path, *, frames: int, turns: int) -> Comparison:
    from models.package import open_package
    from scripts.peer_model import save_peer_model

    model = folder / "peer.xml"
    save_peer_model(open_package(package), model)
    both: dict[str, list[Turn]] = {"okng": [], "peer": []}
    for _ in range(turns):
        for side, done in both.items():
            done.append(_turn(side, package, model, frames))
    okng, peer = both["okng"], both["peer"]
    okng_cpu, peer_cpu = (statistics.median(turn.cpu_ms for turn in side) for side in (okng, peer))
    return Comparison(
        okng_cpu_ms=okng_cpu,
        peer_cpu_ms=peer_cpu,
        okng_wall_ms=statistics.median(turn.wall_ms for turn in okng),
        peer_wall_ms=statistics.median(turn.wall_ms for turn in peer),
        ratio=peer_cpu / okng_cpu,
        gate=GATE,
        agreement=float(np.corrcoef(okng[0].scores, peer[0].scores)[0, 1]),
        frames=frames,
        turns=turns,
    )


def _turn(side: str, package: Path, model: Path, frames: int) -> Turn:
    command = [sys.executable, "-m", "scripts.bench_peers", "--side", side, "--frames", str(frames)]
    command += ["--package", str(package.resolve()), "--model", str(model)]
    done = subprocess.run(command, cwd=ROOM, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"bench-peers: {side} failed: {done.stderr.strip().splitlines()[-1:]}")
    return Turn(**json.loads(done.stdout.splitlines()[-1]))


def _measure(side: str, package: Path, model: Path, frames: int) -> Turn:
    cv2.setNumThreads(1)
    judge = (_okng if side == "okng" else _model_api)(package, model)
    pictures = _pictures(_PICTURES)
    scores = [judge(picture) for picture in pictures]
    for picture in pictures[:_WARM_UP]:
        judge(picture)
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    for number in range(frames):
        judge(pictures[number % len(pictures)])
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    return Turn(cpu_s / frames * 1e3, wall_s / frames * 1e3, scores)


def _okng(package: Path, model: Path) -> Callable[[Picture], float]:
    """Region, resize, inference, scoring, calibration, limits, regions with their names: all that a verdict needs."""
    from models.detector import Detector

    detector = Detector.load(package, runtime="openvino", threads=1)
    return lambda picture: detector.judge_anyway(picture).scores.raw


def _model_api(package: Path, model: Path) -> Callable[[Picture], float]:
    """Resize, inference and scoring in the graph; map and mask come at the picture's size, as model_api gives them."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: not to be imported
    import openvino
    from model_api.adapters import OpenvinoAdapter
    from model_api.models import AnomalyDetection

    from models.package import open_package

    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    settings["INFERENCE_PRECISION_HINT"] = "f32"
    adapter = OpenvinoAdapter(openvino.Core(), str(model), device="CPU", plugin_config=settings, max_num_requests=1)
    detect = AnomalyDetection(adapter, preload=True)
    geometry = open_package(package).manifest.geometry
    return lambda picture: float(detect(geometry.region(picture)).pred_score)


def _pictures(count: int) -> Sequence[Picture]:
    from appliance.cameras.flange import draw

    return [draw(2026, number, defect_rate=0.25).image for number in range(1, count + 1)]


def _text(found: Comparison) -> str:
    word = "MET" if found.met else "MISSED"
    return "\n".join(
        (
            f"processor time a frame, one thread, median of {found.turns} turns of {found.frames} frames:",
            f"  okng                {found.okng_cpu_ms:7.2f} ms   (wall {found.okng_wall_ms:.2f})",
            f"  openvino-model-api  {found.peer_cpu_ms:7.2f} ms   (wall {found.peer_wall_ms:.2f})",
            f"  scores agree to {found.agreement:.3f} (correlation over {_PICTURES} pictures)",
            f"  {word}: {found.ratio:.2f} times its frames per second of processor time, at least {found.gate}",
            f"  {found.not_measured}",
        )
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench-peers", description="Compare okng with other inference wrappers.")
    parser.add_argument("--package", type=Path, default=DEMO_PACKAGE)
    parser.add_argument("--frames", type=int, default=200, help="frames a turn")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--side", choices=["okng", "peer"], help=argparse.SUPPRESS)
    parser.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())

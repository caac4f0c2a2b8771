"""What judging costs in processor time, beside the Lite0 trunk (blocks 0 to 10) in fp32 on the same runtime.

    ./scripts/bench_score [PACKAGE] [--turns 60] [--json]

For each runtime: the package's INT8 network with its scorer, as the station asks them, against the bare fp32 trunk for
the same network input, in turns, on one thread. Then each kind of scorer, as large as a package may carry it, on the
same network. Medians of processor time, so that other programs on the machine count little.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.discriminator import MAX_BYTES, MAX_HIDDEN, Discriminator
from models.distances import MAX_BANK, MAX_GAUSSIAN_DIMENSIONS, Distance, Gaussian, NearestNeighbour, PositionGaussian
from models.golden import decode_frame
from models.judge import Judge, start_judge
from models.package import Package, open_package
from models.runtimes.base import Placement
from models.runtimes.choose import choose_runtime, installed_runtimes
from models.scorers import Floats, Scorer, ScorerShape, embed
from models.tiling import one_view
from training.export import export_trunk
from training.features import ALL_STRIDES
from training.networks.trunk import CHANNELS

DEMO_PACKAGE = Path(__file__).resolve().parents[1] / "models" / "packages" / "flange.okng"
MUST, AIM = 0.8, 0.5
TURNS = 60
_WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time on one runtime: `trunk_us` the fp32 trunk, `infer_us` the INT8 network, `judge_us` with scorer."""

    runtime: str
    trunk_us: float
    infer_us: float
    judge_us: float

    @property
    def ratio(self) -> float:
        return self.judge_us / self.trunk_us


@dataclass(frozen=True, slots=True)
class ScorerCost:
    """Processor time of one scorer on one picture: place vectors, then distances with smoothing, then one score."""

    name: str
    embed_us: float
    distance_us: float
    join_us: float

    @property
    def total_us(self) -> float:
        return self.embed_us + self.distance_us + self.join_us


def costs(package: Package, turns: int = TURNS) -> list[Cost]:
    """The package against the fp32 trunk, on each runtime that is installed; blocks for some seconds a runtime."""
    size = package.manifest.input.size
    plain = export_trunk(size, ALL_STRIDES)
    return [_cost(package, runtime, plain, turns) for runtime in installed_runtimes()]


def _scored(judge: Judge, package: Package, frames: Sequence[NDArray[np.uint8]]) -> Callable[[int], object]:
    """Judges the golden frame of a number as the station does: what it knows of a picture's layout is made once."""
    golden = package.manifest.golden.frames
    if not isinstance(judge.scorer, Scorer):
        return lambda index: judge(frames[index], golden[index].view, golden[index].picture_px)
    mosaics = [judge.geometry.alone(one.view, one.picture_px) for one in golden]
    return lambda index: judge.score(frames[index], mosaics[index])


def _cost(package: Package, runtime: str, plain: bytes, turns: int) -> Cost:
    frames = _frames(package)
    trunk = choose_runtime(runtime, plain, 1)
    try:
        judge = start_judge(package, Placement(runtime))
        try:
            scored = _scored(judge, package, frames)
            trunk_us, infer_us, judge_us = medians(
                (
                    lambda turn: trunk.infer(frames[turn % len(frames)]),
                    lambda turn: judge.runtime.infer(frames[turn % len(frames)]),
                    lambda turn: scored(turn % len(frames)),
                ),
                turns,
            )
            return Cost(judge.runtime.label, trunk_us, infer_us, judge_us)
        finally:
            judge.runtime.close()
    finally:
        trunk.close()


def scorer_costs(size: tuple[int, int], turns: int = TURNS) -> list[ScorerCost]:
    """Each kind of scorer as large as a package may carry it; what the numbers are makes no difference to the time."""
    rng = np.random.default_rng(0)
    maps = {
        stride: rng.random((CHANNELS[stride], size[1] // stride, size[0] // stride), np.float32)
        for stride in ALL_STRIDES
    }
    return [_scorer_cost(name, scorer, maps, turns) for name, scorer in _largest(size, rng)]


def _scorer_cost(name: str, scorer: Scorer, maps: dict[int, Floats], turns: int) -> ScorerCost:
    features = [maps[stride] for stride in scorer.shape.strides]
    vectors, grid = embed(features, scorer.shape)
    places = scorer.of_vectors(vectors, grid)
    steps = (
        lambda _turn: embed(features, scorer.shape),
        lambda _turn: scorer.of_vectors(vectors, grid),
        lambda _turn: scorer.join([places], one_view(grid)),
    )
    return ScorerCost(name, *medians(steps, turns))


def _largest(size: tuple[int, int], rng: np.random.Generator) -> list[tuple[str, Scorer]]:
    def scorer(grid: int, dimensions: int | None, distance: Distance, hidden: int = 0) -> Scorer:
        strides = (8, 16)
        channels = sum(CHANNELS[stride] for stride in strides)
        shape = ScorerShape(grid, strides, 3, 0.7, 0.01)
        projection = np.ones(channels, np.float32) if dimensions is None else _random(rng, channels, dimensions)
        raising = Discriminator(_random(rng, channels + 1, hidden), _random(rng, hidden + 1)) if hidden else None
        return Scorer(shape, np.zeros(channels, np.float32), projection, distance, raising)

    def neighbour() -> NearestNeighbour:
        return NearestNeighbour(_random(rng, MAX_BANK, CHANNELS[8] + CHANNELS[16]), np.ones(MAX_BANK, np.float32))

    def positions(grid: int) -> PositionGaussian:
        height, width, wide = size[1] // grid, size[0] // grid, MAX_GAUSSIAN_DIMENSIONS
        factor = rng.random((height * width, wide * (wide + 1) // 2), np.float32).astype(np.float16)
        return PositionGaussian(_random(rng, height, width, wide), factor, np.ones(2, np.float32))

    wide, hidden = MAX_GAUSSIAN_DIMENSIONS, min(MAX_HIDDEN, MAX_BYTES // (4 * (CHANNELS[8] + CHANNELS[16] + 2)) - 1)
    return [
        (f"Gaussian of {wide}, grid 16", scorer(16, wide, Gaussian())),
        (f"Gaussian of {wide}, grid 8", scorer(8, wide, Gaussian())),
        (f"Gaussian of {wide} a position, grid 16", scorer(16, wide, positions(16))),
        (f"Gaussian of {wide} a position, grid 8", scorer(8, wide, positions(8))),
        (f"nearest of {MAX_BANK}, grid 16", scorer(16, None, neighbour())),
        (f"nearest of {MAX_BANK}, grid 8", scorer(8, None, neighbour())),
        (f"Gaussian of {wide} and discriminator of {hidden}, grid 8", scorer(8, wide, Gaussian(), hidden)),
    ]


def _random(rng: np.random.Generator, *shape: int) -> Floats:
    return rng.standard_normal(shape, np.float32)


def medians(steps: Sequence[Callable[[int], object]], turns: int) -> list[float]:
    """Microseconds of processor time of each step, all of them in every turn, the order reversed in every other."""
    took: list[list[int]] = [[] for _ in steps]
    for turn in range(_WARM_UP + turns):
        order = range(len(steps)) if turn % 2 else range(len(steps) - 1, -1, -1)
        for index in order:
            started = time.process_time_ns()
            steps[index](turn)
            took[index].append(time.process_time_ns() - started)
    return [float(np.median(own[_WARM_UP:])) / 1e3 for own in took]


def _frames(package: Package) -> list[NDArray[np.uint8]]:
    size = package.manifest.input.size
    return [decode_frame(package.files, frame.file, size) for frame in package.manifest.golden.frames]


def as_text(package: Package, found: Sequence[Cost], kinds: Sequence[ScorerCost]) -> str:
    """Two tables in Markdown."""
    width, height = package.manifest.input.size
    lines = [
        f"{package.manifest.id} {package.manifest.version}, {width}x{height}, one thread, processor time a picture:",
        "",
        f"| runtime | fp32 trunk | INT8 network | with its scorer | ratio (must {MUST}, aim {AIM}) |",
        "|---|---|---|---|---|",
        *(
            f"| {one.runtime} | {one.trunk_us:.0f} µs | {one.infer_us:.0f} µs | {one.judge_us:.0f} µs "
            f"| {one.ratio:.2f} {verdict(one.ratio)} |"
            for one in found
        ),
        "",
        "| scorer at its largest | place vectors | distances | one score | all | share of the fp32 trunk |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.name} | {one.embed_us:.0f} µs | {one.distance_us:.0f} µs | {one.join_us:.0f} µs "
            f"| {one.total_us:.0f} µs | {', '.join(f'{one.total_us / cost.trunk_us:.2f}' for cost in found)} |"
            for one in kinds
        ),
    ]
    return "\n".join(lines)


def verdict(ratio: float) -> str:
    return "aim" if ratio <= AIM else "met" if ratio <= MUST else "MISSED"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench_score", description="What judging costs beside the bare fp32 trunk.")
    parser.add_argument("package", nargs="?", type=Path, default=DEMO_PACKAGE)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    package = open_package(options.package)
    found, kinds = costs(package, options.turns), scorer_costs(package.manifest.input.size, options.turns)
    if options.json:
        rows = [{**asdict(one), "ratio": one.ratio} for one in found]
        sys.stdout.write(json.dumps({"runtimes": rows, "scorers": [asdict(one) for one in kinds]}, indent=1) + "\n")
    else:
        sys.stdout.write(as_text(package, found, kinds) + "\n")
    return 0 if all(one.ratio <= MUST for one in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())

#!/usr/bin/env python3
"""What each step of quantization gives, on pictures that no range and no rounding was taken from.

    ./scripts/study_quantization.py FOLDER [FOLDER …] [--frames 32] [--held-out 12] [--size 256]

For each folder: the relative error (L2, of all places and pictures) of the trunk's INT8 feature maps against fp32 at
strides 4, 8 and 16, and how much processor time quantization took; then the network's own time on each runtime against
fp32, in turns, on one thread, medians.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from models.runtimes.choose import choose_runtime
from training.export import export_trunk
from training.features import ALL_STRIDES, Extractor
from training.quantization.plan import DEFAULT, NAIVE, QuantPlan
from training.quantization.quantize import quantize

Frames = list[NDArray[np.uint8]]
PLANS = {
    "each weight by itself": NAIVE,
    "biases take the shift back": QuantPlan(rounding="nearest"),
    "errors make up for each other": QuantPlan(biases=False),
    "both (what ships)": DEFAULT,
    "both, ranges by percentile": QuantPlan(ranges="percentile"),
    "both, ranges by least squares": QuantPlan(ranges="squares"),
}
RUNTIMES = ("onnxruntime", "openvino")
_TURNS = 25
_ENDINGS = (".bmp", ".jpg", ".jpeg", ".png")


def _read(folder: Path, count: int, size: int) -> Frames:
    """`count` pictures of a folder, in an order that depends on nothing but their names."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    chosen = np.random.default_rng(0).permutation(len(paths))[:count]
    pictures = (cv2.imread(str(paths[index])) for index in chosen)
    read = [cv2.resize(one, (size, size), interpolation=cv2.INTER_AREA)[None] for one in pictures if one is not None]
    if len(read) < count:
        raise SystemExit(f"{folder} has only {len(read)} pictures that can be read, {count} are needed")
    return [np.ascontiguousarray(one, np.uint8) for one in read]


def _errors(plain: bytes, model: bytes, frames: Frames) -> list[float]:
    exact, rounded = (Extractor(one, "onnxruntime", threads=1) for one in (plain, model))
    sums = np.zeros((len(ALL_STRIDES), 2))
    for wanted, found in zip(exact(frames), rounded(frames), strict=True):
        sums += [(np.square(b - a).sum(), np.square(a).sum()) for a, b in zip(wanted, found, strict=True)]
    for one in (exact, rounded):
        one.close()
    return [float(error) for error in np.sqrt(sums[:, 0] / sums[:, 1])]


def _steps(name: str, plain: bytes, frames: Frames, held_out: Frames) -> None:
    click.echo(f"\n{name}: {len(frames)} pictures to calibrate on, {len(held_out)} held out\n")
    click.echo("| step | stride 4 | stride 8 | stride 16 | CPU s |\n|---|---|---|---|---|")
    for step, plan in PLANS.items():
        begun = time.process_time()
        model = quantize(plain, frames, plan)
        spent = time.process_time() - begun
        cells = " | ".join(f"{error:.3f}" for error in _errors(plain, model, held_out))
        click.echo(f"| {step} | {cells} | {spent:.1f} |")


def _times(plain: bytes, frames: Frames) -> None:
    networks = {"fp32": plain, "INT8": quantize(plain, frames)}
    engines = {(r, n): choose_runtime(r, model, 1) for r in RUNTIMES for n, model in networks.items()}
    spent: dict[tuple[str, str], list[float]] = {key: [] for key in engines}
    for turn in range(_TURNS):
        for key, engine in engines.items():
            begun = time.process_time()
            engine.infer(frames[turn % len(frames)])
            spent[key].append(time.process_time() - begun)
    click.echo("\n| runtime | fp32 ms | INT8 ms | ratio |\n|---|---|---|---|")
    for runtime in RUNTIMES:
        exact, rounded = (float(np.median(spent[runtime, one])) * 1e3 for one in ("fp32", "INT8"))
        click.echo(f"| {runtime} | {exact:.1f} | {rounded:.1f} | {rounded / exact:.2f} |")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--frames", type=int, default=32)
    parser.add_argument("--held-out", type=int, default=12)
    parser.add_argument("--size", type=int, default=256)
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    plain = export_trunk((chosen.size, chosen.size), ALL_STRIDES)
    for folder in chosen.folders:
        pictures = _read(folder, chosen.frames + chosen.held_out, chosen.size)
        _steps(folder.name, plain, pictures[: chosen.frames], pictures[chosen.frames :])
    _times(plain, pictures[: chosen.frames])


if __name__ == "__main__":
    main()

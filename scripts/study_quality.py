#!/usr/bin/env python3
"""What the quality gate lets through and catches on real pictures: the table of docs/quality.md.

    ./scripts/study_quality.py NAME=FOLDER[/PATTERN] … [--folds 4] [--most 400]
    ./scripts/study_quality.py --cost models/packages/flange.okng

The good pictures of a folder, in the order of their names, are cut into blocks; each block is held against limits that
the others taught, as they are (false alarms) and with one fault each (found). Nothing is written. `--cost` tells what
gate and presence check add to the processor time of a part that is judged.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.cameras.flange import draw
from models.decision import Unfit
from models.detector import Detector
from models.package import open_package
from models.picture_file import SUFFIXES, read_picture
from models.presence import load_presence
from models.quality import LONG_SIDE_PX, Gate, Quality, load_gate, measure, reduced, taught_by

Image = NDArray[np.uint8]
_ROUNDS = 200


def _gain(factor: float) -> Callable[[Image], Image]:
    return lambda image: np.asarray(np.clip(image.astype(np.float32) * factor, 0, 255), np.uint8)


def _contrast(factor: float) -> Callable[[Image], Image]:
    """The picture's own light kept, both ends driven out."""
    return lambda image: np.asarray(
        np.clip((image.astype(np.float32) - image.mean()) * factor + image.mean(), 0, 255), np.uint8
    )


def _blurred(image: Image) -> Image:
    sigma = 1.5 * max(1.0, max(image.shape[:2]) / LONG_SIDE_PX)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _warmer(image: Image) -> Image:
    colour = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
    return np.asarray(np.clip(colour * np.array([0.8, 1.0, 1.2]), 0, 255), np.uint8)


def _moved(image: Image) -> Image:
    shift = np.array([[1, 0, 0.1 * image.shape[1]], [0, 1, 0.0]], np.float64)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpAffine(image, shift, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _half_black(image: Image) -> Image:
    spoiled = image.copy()
    spoiled[image.shape[0] // 2 :] = 0
    return spoiled


def _tenth_black(image: Image) -> Image:
    spoiled = image.copy()
    spoiled[:, -image.shape[1] // 10 :] = 0
    return spoiled


FAULTS: dict[str, Callable[[Image], Image]] = {
    "dark x0.5": _gain(0.5),
    "bright x1.6": _gain(1.6),
    "contrast x4": _contrast(4.0),
    "blur 1.5 px": _blurred,
    "warmer by 20 %": _warmer,
    "moved by 10 %": _moved,
    "half black": _half_black,
    "a tenth black": _tenth_black,
}


@dataclass(frozen=True, slots=True)
class Study:
    """`false`: reasons of good pictures that were called unfit; `found`: how many of each fault were."""

    pictures: int
    false: Counter[Unfit]
    found: dict[str, int]
    measure_ms: float


def study(pictures: Sequence[Image], folds: int) -> Study:
    """Hold every block of pictures against limits that the others taught."""
    small = [reduced(picture) for picture in pictures]
    began_s = time.process_time()
    plain = [measure(one) for one in small]
    measure_ms = (time.process_time() - began_s) / len(plain) * 1000
    spoiled = {name: [measure(reduced(fault(picture))) for picture in pictures] for name, fault in FAULTS.items()}
    false: Counter[Unfit] = Counter()
    found = dict.fromkeys(FAULTS, 0)
    for held, gate in _gates(plain, folds):
        false.update(unfit for index in held if (unfit := gate.of(plain[index])) is not None)
        for name, measured in spoiled.items():
            found[name] += sum(gate.of(measured[index]) is not None for index in held)
    return Study(len(plain), false, found, measure_ms)


def _gates(plain: Sequence[Quality], folds: int) -> Iterator[tuple[range, Gate]]:
    """Blocks of the order in which the pictures were taken, each with a gate that never saw it."""
    ends = [len(plain) * fold // folds for fold in range(folds + 1)]
    for first, end in itertools.pairwise(ends):
        yield range(first, end), Gate(*taught_by([*plain[:first], *plain[end:]], "reference.npy"))


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of processor time a part; `ratio` is with both checks over without."""

    gate_ms: float
    presence_ms: float
    whole_ms: float

    @property
    def ratio(self) -> float:
        return self.whole_ms / (self.whole_ms - self.gate_ms - self.presence_ms)


def cost(package: Path, rounds: int) -> Cost:
    """What both checks take beside everything else that is done with a picture of the simulated line."""
    images = [draw(2026, number).image for number in range(8)]
    content = open_package(package)
    presence = load_presence(content.manifest.presence, content.files)
    detector = Detector.load(package)
    inputs = [detector.prepare(image).inputs[0] for image in images]
    gate = load_gate(content.manifest.quality, content.files)

    def took_ms(work: Callable[[int], object]) -> float:
        began_s = time.process_time()
        for number in range(rounds):
            work(number % len(images))
        return (time.process_time() - began_s) / rounds * 1000

    try:
        return Cost(
            gate_ms=took_ms(lambda number: gate.of(gate.measure(inputs[number]))),
            presence_ms=took_ms(lambda number: presence.empty(images[number])),
            whole_ms=took_ms(lambda number: detector.inspect(images[number])),
        )
    finally:
        detector.close()


def pictures_of(folder: Path, most: int) -> list[Image]:
    """The pictures of a folder, or those that match the pattern at its end; evenly thinned to `most`."""
    where, pattern = (folder, "*") if folder.is_dir() else (folder.parent, folder.name)
    files = sorted(path for path in where.glob(pattern) if path.suffix.lower() in SUFFIXES)
    if len(files) < 2:
        raise SystemExit(f"{folder} holds no pictures; name a folder, or a folder and a pattern such as good/*.jpg")
    step = max(1, len(files) // most)
    return [read_picture(path) for path in files[::step][:most]]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="What the quality gate lets through and catches on good pictures.")
    parser.add_argument("folders", nargs="*", metavar="NAME=FOLDER", help="good pictures; a pattern may follow")
    parser.add_argument("--folds", type=int, default=4, help="blocks to hold out in turn")
    parser.add_argument("--most", type=int, default=400, help="pictures of a folder at most")
    parser.add_argument("--cost", type=Path, metavar="PACKAGE", help="time both checks beside this package's model")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    if options.cost is not None:
        took = cost(options.cost, _ROUNDS)
        click.echo(
            f"gate {took.gate_ms:.2f} ms, presence {took.presence_ms:.2f} ms of {took.whole_ms:.1f} ms a part: "
            f"{took.ratio:.3f} times what it takes without them"
        )
    if not options.folders:
        return 0
    click.echo("| pictures | good ones | called unfit | " + " | ".join(FAULTS) + " | ms |")
    click.echo("|" + "---|" * (len(FAULTS) + 4))
    for argument in options.folders:
        name, _, folder = argument.partition("=")
        result = study(pictures_of(Path(folder), options.most), options.folds)
        reasons = ", ".join(f"{count} {unfit}" for unfit, count in result.false.most_common()) or "0"
        caught = " | ".join(f"{result.found[fault] / result.pictures:.0%}" for fault in FAULTS)
        click.echo(f"| {name} | {result.pictures} | {reasons} | {caught} | {result.measure_ms:.2f} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

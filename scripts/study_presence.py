#!/usr/bin/env python3
"""What a package takes for empty on the simulated line: the second table of docs/quality.md.

    ./scripts/study_presence.py models/packages/flange.okng [--count 3000] [--seed 60606]

Every kind of picture that shows a part, or shows nothing because lamp or camera fail, must never be NO_PART; the bound
is the one-sided 95 % one of Clopper and Pearson. 3,000 pictures take some three minutes.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.cameras.flange import Stray, draw, draw_empty, draw_stray
from models.detector import Detector
from models.intervals import upper_bound
from models.package import open_package

Image = NDArray[np.uint8]
Draw = Callable[[int, np.random.Generator], Image]

# How far a part can be shifted so that a tenth of it is still in the picture, and beyond.
_REACH_PX = ((480.0, 660.0), (350.0, 530.0))


def _parts(seed: int) -> dict[str, Draw]:
    def border(number: int, rng: np.random.Generator) -> Image:
        axis, side = int(rng.integers(2)), float(rng.choice((-1, 1)))
        shift = [0.0, 0.0]
        shift[axis] = side * rng.uniform(*_REACH_PX[axis])
        return draw_stray(seed, number, Stray(shift_px=(shift[0], shift[1]))).image

    def tiny(number: int, rng: np.random.Generator) -> Image:
        # The smallest is a ring of 16 pixels in a picture of 900 x 640.
        away = (float(rng.uniform(-300, 300)), float(rng.uniform(-200, 200)))
        return draw_stray(seed, number, Stray(shift_px=away, scale=float(rng.uniform(0.03, 0.2)))).image

    def dark(number: int, rng: np.random.Generator) -> Image:
        # The belt has 30 % of the metal's brightness: the darkest parts differ from it by edge and texture alone.
        return draw_stray(seed, number, Stray(brightness=float(rng.uniform(0.28, 0.6)))).image

    return {
        "good parts": lambda number, _: draw(seed, number).image,
        "defective parts": lambda number, _: draw(seed, number, defect_rate=1.0).image,
        "parts half outside the picture": border,
        "tiny parts, 16 to 110 px": tiny,
        "parts as dark as the belt": dark,
    }


def _failures(seed: int) -> dict[str, Draw]:
    def lit(factor: float) -> Draw:
        return lambda number, _: np.asarray(
            np.clip(draw_empty(seed, number).image.astype(np.float32) * factor, 0, 255), np.uint8
        )

    def blurred(number: int, _: np.random.Generator) -> Image:
        return np.asarray(cv2.GaussianBlur(draw_empty(seed, number).image, (0, 0), 4.0), np.uint8)

    def half(number: int, _: np.random.Generator) -> Image:
        image = draw_empty(seed, number).image
        image[320:] = 0
        return image

    return {
        "empty, lamp off": lit(0.05),
        "empty, lamp at half": lit(0.5),
        "empty, twice the light": lit(2.0),
        "empty, lens knocked": blurred,
        "empty, half the sensor dead": half,
    }


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one kind of picture; `unfit` by reason, of those that were not NO_PART."""

    kind: str
    pictures: int
    no_part: int
    unfit: Counter[str]


def study(detector: Detector, count: int, seed: int) -> Iterator[Row]:
    """`count` pictures that must not be empty, a tenth of it with failures, and a third as many gaps."""
    share = max(1, count // len(_parts(seed)))
    for kind, picture in _parts(seed).items():
        yield _row(detector, kind, picture, share, seed)
    for kind, picture in _failures(seed).items():
        yield _row(detector, kind, picture, max(1, share // 10), seed)
    yield _row(detector, "gaps", lambda number, _: draw_empty(seed, number).image, max(1, count // 3), seed)


def _row(detector: Detector, kind: str, picture: Draw, count: int, seed: int) -> Row:
    rng = np.random.default_rng(seed)
    found = [detector.prepare(picture(number, rng)) for number in range(count)]
    unfit = Counter(one.unfit.value for one in found if one.unfit is not None)
    return Row(kind, count, sum(one.empty for one in found), unfit)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="What a package takes for empty on the simulated line.")
    parser.add_argument("package", type=Path, help="a package that was taught with empty/")
    parser.add_argument("--count", type=int, default=3000, help="pictures of parts")
    parser.add_argument("--seed", type=int, default=60606, help="which line; not the one that was trained on")
    options = parser.parse_args(arguments)
    if open_package(options.package).manifest.presence is None:
        raise SystemExit(
            f"{options.package} was taught no presence; put pictures of the empty belt into empty/ and train"
        )
    cv2.setNumThreads(1)
    detector = Detector.load(options.package)
    overlooked = shown = 0
    try:
        click.echo("| pictures | how many | NO_PART | at most, 95 % | unfit, so ERROR |\n|---|---|---|---|---|")
        for row in study(detector, options.count, options.seed):
            bound = f"{upper_bound(row.no_part, row.pictures):.2%}" if row.kind != "gaps" else "-"
            why = ", ".join(f"{count} {reason}" for reason, count in row.unfit.most_common()) or "-"
            click.echo(f"| {row.kind} | {row.pictures} | {row.no_part} | {bound} | {why} |")
            if row.kind != "gaps":
                overlooked, shown = overlooked + row.no_part, shown + row.pictures
    finally:
        detector.close()
    click.echo(f"\n{overlooked} of {shown} that are no gap were NO_PART: at most {upper_bound(overlooked, shown):.3%}")
    return 1 if overlooked else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What each part of the geometry costs, as a ratio to the plain cut of the same run.

`python scripts/bench_geometry.py [--runs N]`: a drawn part of 900 x 640 pixels, a network input of 256 x 256, one
thread. Ratios hold on other machines, milliseconds do not.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.cameras.flange import draw
from models.alignment import reference_of
from models.decision import Box
from models.geometry import Geometry
from models.geometry_entry import GeometrySpec

ROI = (196, 66, 500, 500)
SIZE = (256, 256)
RING = tuple((446 + 250 * np.cos(turn), 316 + 250 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 33)[:-1])


def geometries(picture: NDArray[np.uint8]) -> dict[str, Geometry]:
    """The plain cut first."""
    height, width = picture.shape[:2]
    written, png = cv2.imencode(".png", reference_of(picture, Box(*ROI)))
    if not written:
        raise ValueError("cv2 could not encode the reference as PNG")
    files = {"r.png": png.tobytes()}
    align = {
        "region": ROI,
        "reference": "r.png",
        "reference_sha256": hashlib.sha256(files["r.png"]).hexdigest(),
        "max_angle_deg": 20.0,
    }
    asked: dict[str, dict[str, object]] = {
        "plain": {"roi": ROI},
        "polygon": {"polygon": RING},
        "padding": {"roi": ROI, "fit": "pad"},
        "9 tiles": {"roi": ROI, "tiles": {"width_px": 256, "height_px": 256, "overlap_px": 64}},
        "align phase": {"roi": ROI, "align": align | {"method": "phase"}},
        "align ecc": {"roi": ROI, "align": align | {"method": "ecc"}},
        "align orb": {"roi": ROI, "align": align | {"method": "orb"}},
    }
    picture_px = {"picture_px": (width, height)}
    return {name: Geometry(GeometrySpec.model_validate(one | picture_px), SIZE, files) for name, one in asked.items()}


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """Processor time of one run: the median, so that a busy machine matters less."""
    took = []
    for _ in range(runs + 2):
        started = time.thread_time_ns()
        work()
        took.append(time.thread_time_ns() - started)
    return float(np.median(took[2:])) / 1e6


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    runs = parser.parse_args(arguments).runs
    cv2.setNumThreads(1)
    picture = draw(5, 1).image
    turned = cv2.getRotationMatrix2D((446, 316), 3.0, 1.0)
    moved = cv2.warpAffine(picture, turned, (picture.shape[1], picture.shape[0]), borderMode=cv2.BORDER_REPLICATE)
    shown = np.asarray(np.roll(moved, (7, -12), axis=(0, 1)), np.uint8)
    plain_ms = 0.0
    for name, geometry in geometries(picture).items():
        took_ms = milliseconds(lambda geometry=geometry: geometry.frame(shown), runs)  # type: ignore[misc]
        plain_ms = plain_ms or took_ms
        sys.stdout.write(f"{name:12} {took_ms:7.2f} ms  {took_ms / plain_ms:6.1f} x plain\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

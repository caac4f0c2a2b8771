"""How long data sets of many files take: `python scripts/measure_import.py` (docs/data.md has its figures)."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from training.formats.base import ReadOptions
from training.formats.registry import read_source
from training.progress import Progress
from training.transfer.importing import ImportRequest, import_data

NAMES, PICTURES, SIDE_PX = 100_000, 10_000, 64


@contextmanager
def measured(what: str) -> Iterator[None]:
    """Print wall clock and processor time of all threads."""
    wall, used = time.monotonic(), time.process_time()
    yield
    wall, used = time.monotonic() - wall, time.process_time() - used
    sys.stdout.write(f"{what}: {used:.1f} s of processor time, {wall:.1f} s, load {os.getloadavg()[0]:.1f}\n")


def main() -> None:
    """Make the files, read their names, import pictures."""
    with tempfile.TemporaryDirectory() as folder:
        names, pictures, out = (Path(folder) / name for name in ("names", "pictures", "out"))
        for number in range(NAMES):
            _put(names, number, b"")
        with measured(f"reading {NAMES:,} names"):
            read_source(names, None, ReadOptions())
        pixels = np.random.default_rng(0).integers(0, 256, (SIDE_PX, SIDE_PX), np.uint8)
        png = cv2.imencode(".png", pixels)[1].tobytes()
        for number in range(PICTURES):
            _put(pictures, number, png)
        with measured(f"importing {PICTURES:,} pictures of {SIDE_PX}x{SIDE_PX}"):
            import_data(ImportRequest(pictures, out), Progress(io.StringIO()))


def _put(root: Path, number: int, content: bytes) -> None:
    folder = root / ("good" if number % 3 else "crack")
    if number < 2:
        folder.mkdir(parents=True)
    (folder / f"{number:06}.png").write_bytes(content)


if __name__ == "__main__":
    main()

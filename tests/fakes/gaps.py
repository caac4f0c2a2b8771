"""Belts with and without a part: a grainy one that is drawn in a millisecond, and the demo package taught with gaps."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.demo.data_set import PartsToDraw, write_parts
from models.geometry_entry import GeometrySpec
from models.package import file_table, open_package, write_package
from tests.fakes.line import DEMO_PACKAGE
from training.assemble import npy
from training.config import TrainConfig
from training.data.dataset import open_dataset
from training.presence import teach_presence
from training.progress import Progress

Image = NDArray[np.uint8]
SIZE = (320, 240)
ROI = (80, 60, 160, 120)


def gap(seed: int, light: float = 1.0) -> Image:
    """`(240, 320, 3)`: the belt alone."""
    rng = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(rng.standard_normal((SIZE[1], SIZE[0])).astype(np.float32), (0, 0), 1.5)
    belt = 60 + 5 * grain / grain.std() + rng.standard_normal((SIZE[1], SIZE[0]))
    lit = belt * light * (1 + rng.uniform(-0.03, 0.03))
    return np.asarray(np.clip(lit, 0, 255)[..., None].repeat(3, axis=2), np.uint8)


def with_part(seed: int, tone: float = 150, side: int = 80, at: tuple[int, int] = (160, 120)) -> Image:
    """The belt with a square of `side` pixels around `at`, as far as it lies inside the picture."""
    image = gap(seed)
    rng = np.random.default_rng((seed, 1))
    half = side // 2
    rows = slice(max(0, at[1] - half), max(0, at[1] - half + side))
    columns = slice(max(0, at[0] - half), max(0, at[0] - half + side))
    patch = image[rows, columns]
    patch[...] = np.clip(rng.normal(tone, 4, patch.shape[:2])[..., None], 0, 255).astype(np.uint8)
    return image


def write_gaps(root: Path, *, empty: int = 24, good: int = 14, defective: int = 6) -> Path:
    """A data set with `empty/`; other pictures for other folders."""
    folders = {
        "empty": [gap(seed) for seed in range(empty)],
        "good": [with_part(1000 + seed) for seed in range(good)],
        "stain": [with_part(2000 + seed, tone=120) for seed in range(defective)],
    }
    for label, images in folders.items():
        for number, image in enumerate(images):
            write_one(root, label, f"{number:03d}", image)
    return root


def write_one(root: Path, label: str, stem: str, image: Image) -> None:
    (root / label).mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(root / label / f"{stem}.png"), image)


def taught_with_gaps(folder: Path) -> Path:
    """The demo package with a presence check of 30 gaps of its line, as training writes it."""
    list(write_parts(folder / "line", PartsToDraw(good=12, defects_a_kind=2, seed=7, empty=30)))
    config = TrainConfig(geometry=GeometrySpec(roi=(130, 0, 640, 640)))
    lesson = teach_presence(open_dataset(folder / "line"), config, Progress(io.StringIO()))
    assert lesson.entry is not None, lesson.text
    package = open_package(DEMO_PACKAGE)
    files = {**package.files, **{name: npy(array) for name, array in lesson.arrays.items()}}
    manifest = package.manifest.model_copy(update={"presence": lesson.entry, "files": file_table(files)})
    write_package(folder / "gaps.okng", manifest, files)
    return folder / "gaps.okng"

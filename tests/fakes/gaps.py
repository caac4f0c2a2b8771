"""A grainy belt under a lamp, with and without a part on it, and the presence check that it teaches."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

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

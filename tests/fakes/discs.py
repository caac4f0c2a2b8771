"""Pictures of light discs on a dark belt, drawn in milliseconds: enough like parts to train on in a test."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE_PX = 96


def disc(seed: int, defect: str = "") -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture `(96, 96)` and the mask of its defect: "" for none, "scratch" or "stain"."""
    rng = np.random.default_rng(seed)
    image = rng.normal(40, 6, (SIDE_PX, SIDE_PX)).astype(np.float32)
    x, y = (int(value) for value in rng.integers(44, 52, 2))
    cv2.circle(image, (x, y), 36, 170.0 + float(rng.normal(0, 3)), -1, cv2.LINE_AA)
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    at = (x + int(rng.integers(-12, 12)), y + int(rng.integers(-12, 12)))
    if defect == "scratch":
        end = (at[0] + 14, at[1] + int(rng.integers(-8, 8)))
        cv2.line(image, at, end, 245.0, 2, cv2.LINE_AA)
        cv2.line(mask, at, end, 255, 4)
    elif defect == "stain":
        cv2.circle(image, at, 8, 80.0, -1, cv2.LINE_AA)
        cv2.circle(mask, at, 8, 255, -1)
    return np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8), mask


def write_discs(
    root: Path, good: int = 14, scratches: int = 6, stains: int = 5, first_seed: int = 0, empty: int = 0
) -> Path:
    """A data set; scratches have masks, stains have none; `empty` pictures show no disc."""
    for index in range(empty):
        rng = np.random.default_rng(first_seed + 9000 + index)
        _write(
            root / "empty" / f"{first_seed + index}.png", rng.normal(40, 6, (SIDE_PX, SIDE_PX)).clip(0).astype(np.uint8)
        )
    for label, count in (("good", good), ("scratch", scratches), ("stain", stains)):
        for index in range(count):
            seed = first_seed + index + 1000 * len(label)
            image, mask = disc(seed, "" if label == "good" else label)
            _write(root / label / f"零件{seed}.png", image)
            if label == "scratch":
                _write(root / "ground_truth" / label / f"零件{seed}.png", mask)
    return root


def _write(path: Path, image: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())


def write_wide_discs(root: Path) -> Path:
    """Half again as much belt to the right of every third picture of a data set, and of its mask."""
    for folder in sorted(path for path in root.rglob("*") if path.is_dir()):
        for path in sorted(folder.glob("*.png"))[::3]:
            image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
            more = np.zeros((SIDE_PX, SIDE_PX // 2), np.uint8)
            if "ground_truth" not in path.parts:
                more = np.random.default_rng(len(path.name)).normal(40, 6, more.shape).clip(0).astype(np.uint8)
            _write(path, np.hstack([image, more]))
    return root

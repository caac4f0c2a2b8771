"""Drawn boards with four places for a bolt: in each a bolt, a bare hole or a rivet. Light, place and angle wander."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 240, 200
PLACES = {"top_left": (10, 8), "top_right": (134, 8), "bottom_left": (10, 104), "bottom_right": (134, 104)}
SIDE_PX = 88
ROIS = "\n".join(
    ['classes = ["bolt", "hole"]']
    + [
        f'[[roi]]\nname = "{name}"\nbox = [{x}, {y}, {SIDE_PX}, {SIDE_PX}]\nexpect = "bolt"\nkind = "bolt"\n'
        f'code = {10 + index}\nname_en = "Bolt {index}"\nname_zh = "螺栓{index}"\nseverity = "critical"\n'
        for index, (name, (x, y)) in enumerate(PLACES.items(), start=1)
    ]
)
COMPLETE = ("bolt",) * 4


def board(labels: Sequence[str], seed: int) -> NDArray[np.uint8]:
    """A picture `(200, 240, 3)`; `labels` are "bolt", "hole" or "rivet", left to right, top to bottom."""
    rng = np.random.default_rng(seed)
    image = np.full((HEIGHT_PX, WIDTH_PX, 3), (96, 140, 170), np.float32)
    image += cv2.GaussianBlur(rng.normal(0, 60, image.shape).astype(np.float32), (0, 0), 6)
    for label, (x, y) in zip(labels, PLACES.values(), strict=True):
        centre = (x + SIDE_PX // 2 + int(rng.integers(-6, 7)), y + SIDE_PX // 2 + int(rng.integers(-6, 7)))
        _draw(image, label, centre, float(rng.uniform(0, 60)))
    light = float(rng.uniform(0.85, 1.1))
    return np.clip(light * image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)


def _draw(image: NDArray[np.float32], label: str, centre: tuple[int, int], angle_deg: float) -> None:
    if label == "bolt":
        corners = np.array(cv2.ellipse2Poly(centre, (22, 22), round(angle_deg), 0, 360, 60), np.int32)
        cv2.fillConvexPoly(image, corners, (150, 150, 150), cv2.LINE_AA)
        cv2.polylines(image, [corners], True, (60, 60, 60), 2, cv2.LINE_AA)
        cv2.circle(image, centre, 12, (200, 200, 200), -1, cv2.LINE_AA)
    elif label == "hole":
        cv2.circle(image, centre, 9, (20, 20, 25), -1, cv2.LINE_AA)
    else:
        for step in (-15, 0, 15):
            cv2.line(image, (centre[0] - 26, centre[1] + step), (centre[0] + 26, centre[1] - step), (30, 30, 220), 7)


def write_board(path: Path, labels: Sequence[str], seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", board(labels, seed))[1].tobytes())
    return path


def write_boards(root: Path, count: int = 20, first_seed: int = 0) -> Path:
    """A data set: every second board is complete, the others lack one to three bolts."""
    rows = ["picture,roi,label"]
    for index in range(count):
        rng = np.random.default_rng(1000 + first_seed + index)
        labels = COMPLETE if index % 2 == 0 else tuple(rng.permutation(["hole", "hole", "bolt", "bolt"]).tolist())
        write_board(root / "pictures" / f"板{index:03}.png", labels, first_seed + index)
        rows += [f"pictures/板{index:03}.png,{roi},{label}" for roi, label in zip(PLACES, labels, strict=True)]
    (root / "rois.toml").write_text(ROIS, encoding="utf-8")
    (root / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root

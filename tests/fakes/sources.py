"""Data sets as every format is written from and read into: small, and with everything that a picture can say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from training.data.marks import Mask, Raster, Shape, ShapeKind
from training.formats.item import Item, Source
from training.rois.catalogue import ROIS, read_rois

_ROIS = """classes = ["screw", "hole"]
[[roi]]
name = "left"
box = [0, 0, 20, 20]
expect = "screw"
[[roi]]
name = "right"
box = [20, 0, 20, 20]
expect = "screw"
"""


def polygon(label: str, *points: tuple[float, float]) -> Shape:
    return Shape(label, ShapeKind.POLYGON, points)


def box(label: str, left: float, top: float, right: float, bottom: float) -> Shape:
    return Shape(label, ShapeKind.BOX, ((left, top), (right, bottom)))


def painted(label: str, size: tuple[int, int], *spots: tuple[int, int, int, int]) -> Raster:
    """A mask of rectangles (left, top, right, bottom); `size` is the picture's (width, height)."""
    mask: Mask = np.zeros((size[1], size[0]), np.bool_)
    for left, top, right, bottom in spots:
        mask[top:bottom, left:right] = True
    return Raster(label, lambda: mask)


def picture(path: Path, seed: int, size: tuple[int, int] = (40, 30)) -> Path:
    """A picture like no other one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    return path


def turned_picture(path: Path, orientation: int, size: tuple[int, int] = (40, 30)) -> Path:
    """A JPEG that viewers turn: EXIF is a TIFF file of one entry, 0x0112, in an APP1 segment (CIPA DC-008)."""
    entry = bytes.fromhex("0112 0003 0000 0001") + orientation.to_bytes(2, "big") + bytes(2)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + bytes(4)
    stored = picture(path, 1, size).read_bytes()
    path.write_bytes(stored[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + stored[2:])
    return path


def rich_source(root: Path) -> Source:
    """Every kind of mark, label and remark; names in two scripts, with spaces, and equal in different folders."""
    size = (40, 30)
    said: list[tuple[str, dict[str, object]]] = [
        ("a/001.png", {"labels": ("good",), "split": "train", "group": "lot 1", "tags": {"annotator": "li"}}),
        ("a/002.jpg", {"labels": ("good",), "split": "test", "group": "lot 1"}),
        ("b/001.png", {"labels": ("crack",), "split": "test", "group": "lot 2"}),
        ("b/003.png", {"shapes": (polygon("crack", (2, 2), (12, 2), (12, 9.5), (3, 8)),), "split": "train"}),
        ("b/划痕 4.png", {"shapes": (box("scratch", 5, 6, 20, 11),), "tags": {"说明": "边缘", "shift": "night"}}),
        ("b/005.bmp", {"labels": ("stain",), "rasters": (painted("stain", size, (3, 4, 9, 12), (20, 20, 30, 26)),)}),
        ("b/006.png", {"shapes": (box("crack", 1, 1, 8, 8), polygon("scratch", (20, 3), (36, 5), (25, 24)))}),
        ("b/007.png", {"labels": ("crack", "stain")}),
        ("b/008.png", {"labels": ("crack",), "shapes": (box("scratch", 0, 0, 40, 30), box("scratch", 2, 3, 5, 9))}),
        ("c/A.png", {}),
        ("c/a.PNG", {"split": "train", "group": "lot 2"}),
        ("c/e m p t y.png", {"labels": ("empty",)}),
    ]
    items = tuple(
        Item(picture(root / name, seed, size), name, **facts)  # type: ignore[arg-type]
        for seed, (name, facts) in enumerate(said)
    )
    return Source(root, "made", items, ("scratch", "crack", "stain"))


def assembly_source(root: Path) -> Source:
    """Named regions, all labelled in every picture."""
    root.mkdir(parents=True)
    (root / ROIS).write_text(_ROIS, encoding="utf-8")

    def one(seed: int, regions: Mapping[str, str], group: str | None = None) -> Item:
        name = f"pictures/{seed}.png"
        return Item(picture(root / name, seed), name, regions=regions, group=group)

    items = (
        one(1, {"left": "screw", "right": "screw"}, "block 1"),
        one(2, {"left": "hole", "right": "screw"}, "block 1"),
        one(3, {"left": "hole", "right": "hole"}),
    )
    return Source(root, "made", items, ("screw", "hole"), rois=read_rois(root))

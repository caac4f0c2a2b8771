"""What a training run is asked for; its hash is recorded in the package."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from models.geometry_entry import GeometrySpec
from training.declared import Declared

SIZE_PX = 256
ROI_SIZE_PX = 128
MIN_GOOD = 12
FOLDS = 4
CALIBRATION_PICTURES = 64
BANK_SIZE = 800
GOLDEN_FRAMES = 16
TIMED_PICTURES = 60
# Enough views of the good pictures that a bank of 800 is never starved, at seconds of feature extraction.
VIEWS_WANTED = 200
MAX_VIEWS_PER_PICTURE = 8


# What a package may be made for beside the reference; "symmetric" is TensorRT's and ARM's INT8.
RUNTIMES = ("openvino", "tflite", "symmetric")


@dataclass(frozen=True, slots=True)
class BackboneFile:
    """A network in the trunk's place: its `name`, the `file` of its weights, and the hash of what the file holds."""

    name: str
    file: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """`size_px` is the side of a square of the network input's area; the region's (or a tile's) proportions are kept.

    `runtimes`: those of `RUNTIMES` to make the package for; none given means all that are installed.
    `declared`: how to train, augmentation and synthetic defects, as a file says or as is usual. `backbone`: None is the
    trunk.
    """

    seed: int = 0
    size_px: int = SIZE_PX
    geometry: GeometrySpec = field(default_factory=GeometrySpec)
    runtimes: tuple[str, ...] | None = None
    declared: Declared = field(default_factory=Declared)
    backbone: BackboneFile | None = None

    def wants(self, runtime: str) -> bool:
        return self.runtimes is None or runtime in self.runtimes

    def input_size(self, picture_size: tuple[int, int]) -> tuple[int, int]:
        """(width, height) of the network input for pictures of (width, height): multiples of 16, area near size²."""
        tiles, box = self.geometry.tiles, self.geometry.box
        if tiles is not None:
            return input_size((tiles.width_px, tiles.height_px), self.size_px)
        return input_size(picture_size if box is None else (box.w, box.h), self.size_px)

    def sha256(self) -> str:
        fixed = {"folds": FOLDS, "bank": BANK_SIZE, "calibration": CALIBRATION_PICTURES, "views": VIEWS_WANTED}
        asked: dict[str, object] = {"seed": self.seed, "size_px": self.size_px, "runtimes": self.runtimes}
        asked["roi"] = self.geometry.roi
        if self.geometry.model_fields_set - {"roi"}:
            asked["geometry"] = self.geometry.model_dump(mode="json", exclude_unset=True)
        if self.declared.shows_pictures_otherwise:
            asked["declared"] = self.declared.model_dump(mode="json", exclude={"train"})
        # Seed and size are what the run goes by, wherever they were said.
        train = self.declared.train.model_dump(mode="json", exclude_defaults=True, exclude={"seed", "size_px"})
        if train:
            asked["train"] = train
        if self.backbone is not None:
            asked["backbone"] = [self.backbone.name, self.backbone.sha256]
        text = json.dumps(asked | fixed, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def input_size(proportions: tuple[float, float], size_px: int) -> tuple[int, int]:
    """(width, height) of a network input of such proportions: multiples of 16, area near `size_px` squared."""
    width, height = proportions
    stretch = (width / height) ** 0.5
    return _multiple_of_16(size_px * stretch), _multiple_of_16(size_px / stretch)


def _multiple_of_16(value: float) -> int:
    return max(32, round(value / 16) * 16)

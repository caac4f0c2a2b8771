"""Pictures → feature maps through the INT8 network, by the very code the line runs, each picture once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.geometry import Geometry
from models.picture_file import read_picture
from models.preprocess import Preprocessor
from models.runtimes.base import Runtime
from models.runtimes.choose import choose_runtime
from models.scorers import Floats
from training.config import MAX_VIEWS_PER_PICTURE, VIEWS_WANTED
from training.data.augment import shifted_view, turned_view
from training.data.dataset import Picture

ALL_STRIDES = (4, 8, 16)
VIEWS = {"turned": turned_view, "shifted": shifted_view}

Features = tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """How pictures of this run become network inputs."""

    geometry: Geometry
    size: tuple[int, int]

    def tensor(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A network input `(1, H, W, 3)` of its own memory."""
        return Preprocessor(*self.size)(self.geometry.region(image)).copy()

    def of(self, picture: Picture) -> NDArray[np.uint8]:
        return self.tensor(read_picture(picture.path))

    def views(self, picture: Picture, kind: str, count: int, seed: int) -> Iterator[NDArray[np.uint8]]:
        """`count` augmented network inputs; the same for the same picture content and seed."""
        region = self.geometry.region(read_picture(picture.path))
        rng = np.random.default_rng([seed, int(picture.sha256[:12], 16)])
        for _ in range(count):
            yield Preprocessor(*self.size)(VIEWS[kind](region, rng)).copy()


def views_per_picture(pictures: int) -> int:
    """How many augmented views each of so many good pictures needs; none when there are enough."""
    return min(MAX_VIEWS_PER_PICTURE, max(0, -(-(VIEWS_WANTED - pictures) // pictures)))


class Extractor:
    """One network on one runtime."""

    def __init__(self, model: bytes, runtime: str, threads: int) -> None:
        self._runtime: Runtime = choose_runtime(runtime, model, threads)

    @property
    def label(self) -> str:
        return self._runtime.label

    def __call__(self, tensors: Iterable[NDArray[np.uint8]]) -> Iterator[Features]:
        for tensor in tensors:
            yield tuple(feature.copy() for feature in self._runtime.infer(tensor))

    def close(self) -> None:
        self._runtime.close()

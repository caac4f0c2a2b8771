"""Pictures → feature maps through the INT8 network, by the very code the line runs, each picture once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from models.layout import Layout, Size
from models.preprocess import inputs_of
from models.quality import Quality
from models.runtimes.base import Runtime
from models.runtimes.choose import choose_runtime
from models.scorers import Floats, Mosaics
from models.tiling import one_view
from training.config import MAX_VIEWS_PER_PICTURE, VIEWS_WANTED
from training.data.augment import ViewKind, draw_way, lit_as
from training.data.dataset import Picture
from training.declared import AugmentSpec
from training.sights import Sights

ALL_STRIDES = (4, 8, 16)

Features = tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class Shot:
    """The network inputs `(views, H, W, 3)` of one picture; `painted`: what of each never scores, None is nothing.

    `mosaics`: how its views lie together.
    """

    inputs: NDArray[np.uint8]
    painted: tuple[NDArray[np.bool_] | None, ...] = (None,)
    mosaics: Mosaics = one_view

    @property
    def tensors(self) -> list[NDArray[np.uint8]]:
        """Each view `(1, H, W, 3)` alone."""
        return [self.inputs[index : index + 1] for index in range(len(self.inputs))]


@dataclass(frozen=True, slots=True)
class Seen:
    """The feature maps of a shot's views."""

    views: tuple[Features, ...]
    painted: tuple[NDArray[np.bool_] | None, ...] = (None,)
    mosaics: Mosaics = one_view


class Inputs:
    """How pictures of this run become network inputs: the way that the station goes, each decoded once."""

    def __init__(self, sights: Sights, augment: AugmentSpec) -> None:
        self.sights, self.augment = sights, augment
        self.geometry, self.size = sights.geometry, sights.geometry.size
        self._layouts: dict[Size, Layout] = {}

    def layout(self, picture: Picture) -> Layout:
        """The views of pictures of its size, the same object for all of them."""
        if picture.size not in self._layouts:
            self._layouts[picture.size] = self.geometry.layout(picture.size)
        return self._layouts[picture.size]

    def of(self, picture: Picture) -> tuple[Shot, Quality] | None:
        """What network and gate see of a picture; None where the part is not found in it."""
        seen = self.sights.of(picture)
        return (self.shot(seen.inputs, picture), seen.quality) if seen.aligned else None

    def shot(self, inputs: NDArray[np.uint8], picture: Picture) -> Shot:
        """Network inputs made of a picture, with what of it never scores."""
        layout = self.layout(picture)
        return Shot(inputs, tuple(view.painted for view in layout.views), layout.mosaic)

    def region(self, picture: Picture, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The region of something drawn over the picture, such as its mask, cut as the picture is."""
        return self.geometry.region_by(self.sights.of(picture).pose, image)

    def changed(self, picture: Picture, image: NDArray[np.uint8]) -> Shot:
        """What the network sees of a picture on which something was drawn."""
        return self.shot(inputs_of(self.region(picture, image), self.layout(picture)), picture)

    def views(self, picture: Picture, kind: ViewKind, count: int, seed: int) -> Iterator[Shot]:
        """`count` augmented shots; the same for the same picture content and seed.

        What is masked moves along with the picture: no view may show it where nothing is masked.
        """
        region = self.geometry.region_by(self.sights.of(picture).pose, self.sights.pictures.read(picture))
        layout = self.layout(picture)
        rng = np.random.default_rng([seed, int(picture.sha256[:12], 16)])
        for _ in range(count):
            way = draw_way(kind, self.augment, (region.shape[1], region.shape[0]), rng)
            inputs = inputs_of(lit_as(way.of(region), self.augment, rng), layout)
            if layout.hidden is None:
                yield self.shot(inputs, picture)
                continue
            gone = way.of(np.asarray(layout.hidden, np.uint8) * np.uint8(255)) > 0
            painted = tuple(layout.painted_by(gone | layout.hidden, view) for view in layout.views)
            yield Shot(inputs, painted, layout.mosaic)


def frames_of(shots: Iterable[Shot]) -> list[NDArray[np.uint8]]:
    """Every network input `(1, H, W, 3)` of the shots, one shot's after another."""
    return [tensor for shot in shots for tensor in shot.tensors]


def grouped(maps: Iterable[Features], shots: Iterable[Shot]) -> Iterator[Seen]:
    """The feature maps of `frames_of(shots)`, a shot's together."""
    rest = iter(maps)
    for shot in shots:
        yield Seen(tuple(islice(rest, len(shot.inputs))), shot.painted, shot.mosaics)


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

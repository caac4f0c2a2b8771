"""A number of synthetic pictures from a data set's good ones, dealt evenly over the kinds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.picture_file import read_picture
from training.data.dataset import Picture
from training.declared import Kind, SynthesizeSpec
from training.synthesis.generate import synthesize
from training.synthesis.own import Crop
from training.synthesis.regions import Where
from training.synthesis.surface import Image, Synthetic

_TRIES = 4
_PATIENCE = 3


@dataclass(frozen=True, slots=True)
class Numbered:
    """The `number`-th picture of a series, and the good one it was made of."""

    number: int
    made: Synthetic
    good: Image


@dataclass(slots=True)
class Series:
    """What to make, and afterwards in `missed` which kind could not be made how often."""

    pictures: Sequence[Picture]
    kinds: Sequence[Kind]
    spec: SynthesizeSpec
    crops: tuple[Crop, ...]
    where: Where
    seed: int
    missed: dict[Kind, int] = field(default_factory=dict)

    def make(self, count: int) -> Iterator[Numbered]:
        """Up to `count` pictures, the kinds in turn; a kind that fits nowhere is given up.

        The same pictures and seed make the same ones.

        Raises:
            BadPicture: one cannot be read.
        """
        order = np.random.default_rng(self.seed).permutation(len(self.pictures)).tolist()
        in_vain = dict.fromkeys(self.kinds, 0)
        for number in range(count):
            kind = self.kinds[number % len(self.kinds)]
            found = self._one(number, kind, order) if in_vain[kind] < _PATIENCE else None
            if found is None:
                in_vain[kind] += 1
                self.missed[kind] = self.missed.get(kind, 0) + 1
            else:
                in_vain[kind] = 0
                yield found

    def _one(self, number: int, kind: Kind, order: Sequence[int]) -> Numbered | None:
        for attempt in range(min(_TRIES, len(self.pictures))):
            picture = self.pictures[order[(number + attempt) % len(order)]]
            image = read_picture(picture.path)
            rng = np.random.default_rng([self.seed, number, attempt, int(picture.sha256[:16], 16)])
            made = synthesize(image, self.where(image, picture), kind, self.spec, rng, self.crops)
            if made is not None:
                return Numbered(number, Synthetic(made.image, made.mask, kind, made.label, picture.sha256), image)
        return None

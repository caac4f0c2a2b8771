"""Synthetic defects for a training, one after another: the same for the same pictures, seed and epoch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from models.picture_file import read_picture
from training.data.dataset import Picture
from training.data.part import Part
from training.declared import SynthesizeSpec
from training.synthesis.generate import possible, synthesize
from training.synthesis.own import Crop
from training.synthesis.regions import Where, foreground_of
from training.synthesis.surface import Synthetic


def synthetic_pairs(
    pictures: Iterable[Picture],
    spec: SynthesizeSpec,
    seed: int,
    *,
    epoch: int = 0,
    part: Part | None = None,
    crops: Iterable[Crop] = (),
    where: Where = foreground_of,
) -> Iterator[Synthetic]:
    """One synthetic picture of each good one, in their order; none where no kind of defect fits it.

    What is made depends on the picture's content, `seed` and `epoch` alone, not on the order or number of pictures.
    A result is of a type of its own: nothing that sets limits or tests takes it.

    Args:
        pictures: good ones, all to be trained on.
        part: what may be assumed of the part, as `training.data.part.read_part` gives it.
        crops: the user's own defects, of pictures that are trained on, too.
        where: picture → `(H, W)`, where the part is.

    Raises:
        ValueError: one of the pictures is not good.
        BadPicture: one cannot be read.
        BadData: no kind of defect is left, see `possible`.
    """
    own = tuple(crops)
    kinds = possible(spec, part or Part(), own)
    for picture in pictures:
        if not picture.good:
            raise ValueError(f"{picture.name} is no good picture")
        rng = np.random.default_rng([seed, epoch, int(picture.sha256[:16], 16)])
        image = read_picture(picture.path)
        region = where(image, picture)
        for at in rng.permutation(len(kinds)):
            made = synthesize(image, region, kinds[at], spec, rng, own)
            if made is not None:
                yield Synthetic(made.image, made.mask, kinds[at], made.label, picture.sha256)
                break

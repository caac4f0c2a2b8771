"""Pictures of a data set → network inputs, masks and augmented views, held in memory for one run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.config import CALIBRATION_PICTURES
from training.data.dataset import DataSet, Picture, read_mask
from training.errors import BadData
from training.features import Inputs, views_per_picture
from training.fit import Mask
from training.progress import Progress

Tensor = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Tensors:
    """Network inputs of all pictures, masks of the defective, and views of the good ones by kind of view."""

    good: list[Tensor]
    defective: list[Tensor]
    masks: list[Mask | None]
    views: dict[str, list[list[Tensor]]]

    @property
    def plain(self) -> list[Tensor]:
        """Every picture once, good first."""
        return [*self.good, *self.defective]


def read_tensors(data: DataSet, inputs: Inputs, seed: int, progress: Progress) -> Tensors:
    """Read every picture once.

    Raises:
        BadData: a mask does not fit its picture.
        BadPicture: the region does not fit the pictures.
    """
    pictures = [*data.good, *data.defective]
    everything = [inputs.of(picture) for picture in progress.each("reading pictures", pictures, len(pictures))]
    good, defective = everything[: len(data.good)], everything[len(data.good) :]
    masks = [_mask(picture, inputs) for picture in data.defective]
    count = views_per_picture(len(good))
    kinds = ("turned", "shifted") if count else ()
    views = {kind: [list(inputs.views(picture, kind, count, seed)) for picture in data.good] for kind in kinds}
    return Tensors(good, defective, masks, {**views, "none": [[] for _ in good]})


def _mask(picture: Picture, inputs: Inputs) -> Mask | None:
    """The picture's mask inside the region; none where it has none or the region misses it."""
    if picture.mask is None:
        return None
    mask = read_mask(picture.mask)
    if (mask.shape[1], mask.shape[0]) != picture.size:
        raise BadData(f"the mask {picture.mask} is not as large as its picture; draw it again")
    inside = np.asarray(inputs.geometry.region(mask.astype(np.uint8)), np.bool_)
    return inside if inside.any() else None


def calibration_frames(tensors: Tensors) -> list[Tensor]:
    """Network inputs that set the activation ranges: good pictures and, where they are few, views of them."""
    frames = list(tensors.good)
    for per_picture in zip(*tensors.views.get("turned", []), strict=True):
        frames += per_picture
    step = max(1, len(frames) // (2 * CALIBRATION_PICTURES))
    return frames[::step][: 2 * CALIBRATION_PICTURES]

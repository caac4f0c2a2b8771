"""Pictures of a data set → network inputs, masks and augmented views, held in memory for one run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.geometry import Geometry
from models.layout import Layout, Size, View
from models.quality import Quality
from training.config import CALIBRATION_PICTURES, TIMED_PICTURES
from training.data.augment import kinds_of_views
from training.data.dataset import DataSet, Picture
from training.data.masks import defect_mask
from training.errors import BadData
from training.features import Inputs, Shot, frames_of, views_per_picture
from training.fitting.sample import Mask
from training.progress import Progress

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Made:
    """A synthetic defect, to teach with and never to set a limit or to test; `masks`: where it is in each view."""

    shot: Shot
    masks: tuple[Mask | None, ...]


@dataclass(frozen=True, slots=True)
class Tensors:
    """Network inputs of all pictures, masks of the defective, and views of the good ones by kind of view.

    `qualities`: what the gate sees of the good ones. `masks` are of the region, `layouts` of the same pictures.
    `made[i]`: synthetic defects on the good picture i, where any are made.
    `sizes`: (width, height) of every picture, good first, where what scores of a view depends on it.
    """

    good: list[Shot]
    defective: list[Shot]
    masks: list[Mask | None]
    views: dict[str, list[list[Shot]]]
    qualities: list[Quality]
    geometry: Geometry
    layouts: list[Layout]
    sizes: list[Size | None]
    made: Sequence[Sequence[Made]] = ()

    @property
    def frames(self) -> list[NDArray[np.uint8]]:
        """Every network input `(1, H, W, 3)`, good first."""
        return frames_of(self.plain)

    @property
    def view_masks(self) -> list[tuple[Mask | None, ...]]:
        """The masks as the views have them."""
        return [
            tuple(in_view(mask, layout, view) for view in layout.views)
            for mask, layout in zip(self.masks, self.layouts, strict=True)
        ]

    @property
    def map_masks(self) -> list[Mask | None]:
        """The masks as the whole map has them."""
        return [
            None if mask is None else _widened(mask, *(math.ceil(side) for side in reversed(layout.canvas)))
            for mask, layout in zip(self.masks, self.layouts, strict=True)
        ]

    def only(self, places: Sequence[int]) -> Tensors:
        """Of some of the pictures, counted as in `plain` and in that order."""
        first = len(self.good)
        good, bad = [at for at in places if at < first], [at - first for at in places if at >= first]
        return replace(
            self,
            good=[self.good[at] for at in good],
            defective=[self.defective[at] for at in bad],
            masks=[self.masks[at] for at in bad],
            views={kind: [shots[at] for at in good] for kind, shots in self.views.items()},
            qualities=[self.qualities[at] for at in good],
            layouts=[self.layouts[at] for at in bad],
            sizes=[self.sizes[at] for at in places],
        )

    @property
    def plain(self) -> list[Shot]:
        """Every picture once, good first."""
        return [*self.good, *self.defective]


def read_tensors(data: DataSet, inputs: Inputs, seed: int, progress: Progress) -> Tensors:
    """Read every picture once.

    Raises:
        BadData: a picture cannot be used, a mask does not fit its picture, or in some the part is not found.
        BadPicture: the region does not fit the pictures.
    """
    inputs.sights.prepare(data, progress)
    pictures = [*data.good, *data.defective]
    read = [inputs.of(picture) for picture in pictures]
    lost = [picture.name for picture, one in zip(pictures, read, strict=True) if one is None]
    if lost:
        shown = ", ".join(lost[:_NAMED]) + (" …" if len(lost) > _NAMED else "")
        raise BadData(
            f"in {len(lost)} of {len(pictures)} pictures the part is not found by align ({shown}); take them out, "
            "widen its limits, or choose another reference or region"
        )
    known = [one for one in read if one is not None]
    good, defective = [shot for shot, _ in known[: len(data.good)]], [shot for shot, _ in known[len(data.good) :]]
    qualities = [quality for _, quality in known[: len(data.good)]]
    layouts = [inputs.layout(picture) for picture in data.defective]
    masks = [_mask(picture, inputs, layout) for picture, layout in zip(data.defective, layouts, strict=True)]
    named = inputs.geometry.fixed_size is None and len(data.sizes) > 1
    sizes = [picture.size if named else None for picture in pictures]
    count = views_per_picture(len(good))
    kinds = kinds_of_views(inputs.augment) if count else ()
    views: dict[str, list[list[Shot]]] = {
        kind: [list(inputs.views(picture, kind, count, seed)) for picture in data.good] for kind in kinds
    }
    views["none"] = [[] for _ in good]
    return Tensors(good, defective, masks, views, qualities, inputs.geometry, layouts, sizes)


def worth_keeping(data: DataSet, room: int) -> list[Picture]:
    """Which pictures a run reads whole more than once, if there is room for so many: all, or those it is sure to."""
    pictures = [*data.good, *data.defective, *data.empty]
    if len(pictures) <= room:
        return pictures
    viewed = data.good if views_per_picture(len(data.good)) else ()
    return list({one.sha256: one for one in (*viewed, *data.pictures[:TIMED_PICTURES])}.values())[:room]


def _mask(picture: Picture, inputs: Inputs, layout: Layout) -> Mask | None:
    """The picture's mask inside the region; none where it has none or the region misses it."""
    mask = defect_mask(picture)
    if mask is None:
        return None
    inside = np.asarray(inputs.region(picture, mask.astype(np.uint8)), np.bool_)
    if layout.hidden is not None:
        inside = inside & ~layout.hidden
    return inside if inside.any() else None


def in_view(mask: Mask | None, layout: Layout, view: View) -> Mask | None:
    """The part of a region's mask that a view shows, as large as its input where that is not the whole region."""
    if mask is None or layout.is_plain:
        return mask
    return layout.at_input_of(mask, view)


def _widened(mask: Mask, height: int, width: int) -> Mask:
    whole = np.zeros((height, width), np.bool_)
    whole[: mask.shape[0], : mask.shape[1]] = mask
    return whole


def calibration_frames(tensors: Tensors) -> list[NDArray[np.uint8]]:
    """Network inputs that set the activation ranges: good pictures and, where they are few, views of them."""
    shots = list(tensors.good)
    for per_picture in zip(*tensors.views.get("turned", tensors.views.get("shifted", [])), strict=True):
        shots += per_picture
    frames = frames_of(shots)
    step = max(1, len(frames) // (2 * CALIBRATION_PICTURES))
    return frames[::step][: 2 * CALIBRATION_PICTURES]

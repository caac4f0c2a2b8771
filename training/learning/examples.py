"""What a data set tells of each network input: real pictures, and good ones with drawn or pasted defects.

Pasted defects are the user's own, cut from pictures that are learned from, and keep their class; drawn ones have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from models.layout import Layout, View
from models.preprocess import inputs_of
from training.data.dataset import Picture
from training.data.marks import Mask
from training.data.masks import class_masks
from training.data.part import Part
from training.declared import Kind, SynthesizeSpec
from training.errors import BadData
from training.features import Inputs
from training.learning.course import UNKNOWN, UNNAMED, Example
from training.synthesis.foreground import foreground
from training.synthesis.generate import possible, synthesize
from training.synthesis.own import Crop, crops_of

_COVERED = 0.5


def examples_of(picture: Picture, inputs: Inputs, classes: Sequence[str]) -> Iterator[Example]:
    """One a view of a picture of the training: of the whole where the picture is not cut into tiles.

    A view of a defective picture without marks is known to be defective only where it is the only one.
    """
    shot = inputs.of(picture)
    if shot is None:
        return
    layout = inputs.layout(picture)
    label = 0 if picture.good else classes.index(picture.label) + 1 if picture.label in classes else UNKNOWN
    masks = {} if picture.good else class_masks(picture)
    # A mask without a pixel says nothing: the picture is defective all the same.
    masks = {name: mask for name, mask in masks.items() if mask.any()}
    regions = {name: inputs.region(picture, mask.astype(np.uint8)) > 0 for name, mask in masks.items()}
    for pixels, view in zip(shot[0].inputs, layout.views, strict=True):
        if picture.good:
            yield Example(pixels, None, 0)
        elif masks:
            mask = np.zeros(pixels.shape[:2], np.uint8)
            for name, region in regions.items():
                mask[covered(region, layout, view)] = classes.index(name) + 1 if name in classes else UNNAMED
            yield Example(pixels, mask, label if mask.any() else 0)
        elif len(layout.views) == 1:
            yield Example(pixels, None, label)


def covered(region: Mask, layout: Layout, view: View) -> Mask:
    """`(H, W)` of a view's input: what is at least half defect, or has most of a defect that is smaller than that."""
    box, (width, height) = view.box, view.content
    whole = np.zeros((box.h, box.w), np.float32)
    part = region[box.y : box.y + box.h, box.x : box.x + box.w]
    whole[: part.shape[0], : part.shape[1]] = part
    share = np.zeros((layout.size[1], layout.size[0]), np.float32)
    share[:height, :width] = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    if view.painted is not None:
        share[view.painted] = 0
    most = float(share.max())
    return np.asarray(share >= min(_COVERED, most), np.bool_) if most > 0 else np.zeros(share.shape, np.bool_)


def drawn_examples(
    good: Sequence[Picture],
    defective: Sequence[Picture],
    inputs: Inputs,
    classes: Sequence[str],
    spec: SynthesizeSpec,
    part: Part,
    seed: int,
    count: int,
) -> Iterator[Example]:
    """`count` at most, of views that show something drawn; the same for the same pictures and seed."""
    crops = tuple(crops_of(defective))
    try:
        kinds = possible(spec, part, crops)
    except BadData:
        return
    rng = np.random.default_rng([seed, 6])
    for number in range(count if good else 0):
        picture = good[int(rng.integers(len(good)))]
        # The user's own defects are worth as much as all that is drawn.
        own = Kind.BLEND in kinds and number % 2 == 0
        order = [Kind.BLEND] if own else [kinds[at] for at in rng.permutation(len(kinds))]
        yield from _drawn(picture, order, crops, inputs, classes, spec, rng)


def _drawn(
    picture: Picture,
    order: Sequence[Kind],
    crops: tuple[Crop, ...],
    inputs: Inputs,
    classes: Sequence[str],
    spec: SynthesizeSpec,
    rng: np.random.Generator,
) -> Iterator[Example]:
    region = inputs.region(picture, inputs.sights.pictures.read(picture))
    layout = inputs.layout(picture)
    where = foreground(region)
    if layout.hidden is not None:
        where = where & ~layout.hidden
    drawn = (synthesize(region, where, kind, spec, rng, crops) for kind in order)
    made = next((one for one in drawn if one is not None), None)
    if made is None:
        return
    label = classes.index(made.label) + 1 if made.label in classes else UNKNOWN
    for pixels, view in zip(inputs_of(made.image, layout), layout.views, strict=True):
        mask = np.where(covered(made.mask, layout, view), UNNAMED if label == UNKNOWN else label, 0).astype(np.uint8)
        if mask.any():
            yield Example(pixels, mask, label)

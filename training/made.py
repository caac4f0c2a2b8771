"""Synthetic defects on good pictures, as the network sees them: to teach with, never to set a limit or to test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from models.preprocess import inputs_of
from training.data.dataset import Picture
from training.data.part import Part
from training.declared import Kind, SynthesizeSpec
from training.errors import BadData
from training.features import Inputs
from training.synthesis.foreground import foreground
from training.synthesis.generate import possible, synthesize
from training.tensors import Made, in_view

# So many teach as well as more do, at seconds of drawing and of feature extraction.
WANTED = 400
_MOST_A_PICTURE = 8


def make(good: Sequence[Picture], inputs: Inputs, spec: SynthesizeSpec, part: Part, seed: int) -> Iterator[list[Made]]:
    """What is made of each good picture: the same for the same content and seed, whatever other pictures there are.

    The user's own defects are not pasted: a crop from a picture that is left out would teach what it looks like.
    Pictures are drawn on by turns where there are more than enough, and several times where there are few.
    """
    try:
        kinds = tuple(kind for kind in possible(spec, part, ()) if kind is not Kind.BLEND)
    except BadData:
        kinds = ()
    step = max(1, -(-len(good) // WANTED))
    each = min(_MOST_A_PICTURE, max(1, WANTED // (2 * max(1, len(good)))))
    for index, picture in enumerate(good):
        yield list(_of(picture, inputs, spec, kinds, each, seed)) if kinds and index % step == 0 else []


def _of(
    picture: Picture, inputs: Inputs, spec: SynthesizeSpec, kinds: tuple[Kind, ...], count: int, seed: int
) -> Iterator[Made]:
    region = inputs.region(picture, inputs.sights.pictures.read(picture))
    layout = inputs.layout(picture)
    where = foreground(region)
    if layout.hidden is not None:
        where &= ~layout.hidden
    rng = np.random.default_rng([seed, int(picture.sha256[:16], 16)])
    for _ in range(count):
        drawn = (synthesize(region, where, kinds[at], spec, rng) for at in rng.permutation(len(kinds)))
        made = next((one for one in drawn if one is not None), None)
        if made is None:
            return
        shot = inputs.shot(inputs_of(made.image, layout), picture)
        yield Made(shot, tuple(in_view(made.mask, layout, view) for view in layout.views))

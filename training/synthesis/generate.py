"""A good picture → a picture with defects, by kind, size and strength drawn from what is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.data.marks import Mask
from training.data.part import Part
from training.declared import Kind, SynthesizeSpec
from training.errors import BadData
from training.synthesis.light import illumination
from training.synthesis.lines import crack, scar, scratch
from training.synthesis.own import Crop, blend
from training.synthesis.pieces import cutpaste, texture
from training.synthesis.spots import chip, pit, stain
from training.synthesis.surface import Draft, Image, Surface, put_on, surface_of

_DRAWS = 12
_LEAST_SIDE_PX = 16

Drawer = Callable[[Surface, float, float, np.random.Generator], Draft | None]
DRAWERS: Mapping[Kind, Drawer] = {
    Kind.TEXTURE: texture,
    Kind.CUTPASTE: cutpaste,
    Kind.SCAR: scar,
    Kind.CRACK: crack,
    Kind.CHIP: chip,
    Kind.PIT: pit,
    Kind.SCRATCH: scratch,
    Kind.STAIN: stain,
    Kind.ILLUMINATION: illumination,
}


@dataclass(frozen=True, slots=True)
class Made:
    """A picture as the good one was, `(H, W)` or `(H, W, 3)`; where it may differ from it, `(H, W)`; and its class."""

    image: Image
    mask: Mask
    label: str


def possible(spec: SynthesizeSpec, part: Part, crops: Sequence[Crop]) -> tuple[Kind, ...]:
    """The kinds of `spec` that are defects of such a part: no light where that varies, no own defects without any.

    Raises:
        BadData: none is left.
    """
    out = {Kind.ILLUMINATION: part.light_varies is True, Kind.BLEND: not crops}
    kinds = tuple(kind for kind in spec.kinds if not out.get(kind, False))
    if not kinds:
        raise BadData(
            "no kind of synthetic defect is left: illumination is none where part.toml says that light varies, and "
            "blend needs defective pictures with masks or polygons; ask for other kinds"
        )
    return kinds


def synthesize(
    image: NDArray[np.uint8],
    part: Mask,
    kind: Kind,
    spec: SynthesizeSpec,
    rng: np.random.Generator,
    crops: tuple[Crop, ...] = (),
) -> Made | None:
    """Defects of one kind on a good picture, as many as `spec` says.

    Args:
        image: `(H, W)` gray or `(H, W, 3)` BGR, uint8; is not changed.
        part: `(H, W)`: where the part is.
        kind: what to draw; `BLEND` takes one of `crops`.
        rng: the same state gives the same bytes.

    Returns:
        None where no such defect can be drawn: no edge to chip, a part of a few pixels, nothing that would be seen.
    """
    if not part.any():
        return None
    surface = surface_of(image, part)
    if min(surface.bounds.shape) < _LEAST_SIDE_PX:
        return None
    whole, label = np.zeros(part.shape, np.bool_), str(kind)
    count = int(rng.integers(spec.defects[0], spec.defects[1] + 1)) if kind is not Kind.ILLUMINATION else 1
    for _ in range(count):
        drawn = _one(surface, kind, spec, rng, crops)
        if drawn is None:
            continue
        changed, mask, own = drawn
        surface, whole, label = replace(surface, image=changed), whole | mask, own or label
        # All own defects of a picture are of one class: it lies in one folder.
        crops = tuple(crop for crop in crops if crop.label == own)
    if not whole.any():
        return None
    return Made(surface.image.reshape(image.shape), whole, label)


def _one(
    surface: Surface, kind: Kind, spec: SynthesizeSpec, rng: np.random.Generator, crops: tuple[Crop, ...]
) -> tuple[Image, Mask, str | None] | None:
    """One defect that is plain to see, or None after some tries."""
    for _ in range(_DRAWS):
        size = float(np.exp(rng.uniform(*np.log(spec.size))))
        strength = float(rng.uniform(*spec.strength))
        if kind is Kind.BLEND:
            draft = blend(surface, crops, strength, rng) if crops else None
        else:
            draft = DRAWERS[kind](surface, size, strength, rng)
        put = None if draft is None else put_on(surface, draft, spec)
        if draft is not None and put is not None:
            return (*put, draft.label)
    return None

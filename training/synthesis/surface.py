"""What defects are drawn on, what a drawn one is, and how one is put on the other.

A defect is a change of pixels inside a rectangle (`Draft`). Putting it on keeps the promises of every kind: nothing
outside the mask changes by a single bit, nothing is changed where the part is not, and nobody overlooks the defect.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.marks import Mask
from training.declared import Kind, SynthesizeSpec

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_LEAST_MASK_PX = 12
_SEEN_LEVELS = 2.0
_MOST_BOOST = 2.5
_PLACES = 24
# Where nothing better is found: a narrow part covers no wide rectangle well.
_HALF_GOOD = 0.6
_GRAIN_PX = 256
_TONE_PX = 64
_COLOURLESS_LEVELS = 2.0


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A picture with a defect that was made: fit to train on, never to set a limit or to test.

    `image` as the good picture, `(H, W)` or `(H, W, 3)`; `mask` `(H, W)`: exactly the pixels that may differ from it.
    `label`: the class it stands for. `made_from`: sha256 of the good picture. Not a `Picture` on purpose.
    """

    image: Image
    mask: Mask
    kind: Kind
    label: str
    made_from: str


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the picture: rows `top` to `bottom`, columns `left` to `right`, the last not included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def shape(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left


@dataclass(frozen=True, slots=True)
class Draft:
    """A change: `delta` `(h, w, C)` gray levels to be added from (top, left) on, which may lie outside the picture.

    `support` `(h, w)`: where anything may change, also so many pixels `beyond` the part: a bite takes the rim, which
    belongs to part and background both. `label`: a class of its own, where not that of the kind.
    """

    top: int
    left: int
    delta: Floats
    support: Mask
    beyond: int = 0
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Surface:
    """A good picture `(H, W, C)`, where the part is in it `(H, W)`, and what is measured of both once.

    `bounds`: the rectangle around the part. `span_px`: what sizes are told by, the side of a square as large as the
    part, no more than its narrow side doubled. `grain`: how much means of 3x3 pixels usually differ from their
    surroundings. `coloured`: whether channels differ; on a colourless part no tint is drawn.
    """

    image: Image
    part: Mask
    bounds: Box
    span_px: float
    grain: float
    coloured: bool

    def pixels(self, box: Box) -> Floats:
        """A copy of a rectangle that lies inside the picture, `(h, w, C)`."""
        return self.image[box.slices].astype(np.float32)

    def reach(self, box: Box, beyond: int) -> Mask:
        """Where the part is in a rectangle, and so many pixels around it."""
        if not beyond:
            return self.part[box.slices]
        wide = self.clipped(Box(box.top - beyond, box.left - beyond, box.bottom + beyond, box.right + beyond))
        grown = cv2.dilate(self.part[wide.slices].astype(np.uint8), np.ones((2 * beyond + 1,) * 2, np.uint8))
        top, left = box.top - wide.top, box.left - wide.left
        return np.asarray(grown[top : top + box.shape[0], left : left + box.shape[1]] > 0, np.bool_)

    def tone(self, box: Box) -> Floats:
        """The part's usual colour there, `(C,)`."""
        step = max(1, max(box.shape) // _TONE_PX)
        inside = self.image[box.slices][::step, ::step][self.part[box.slices][::step, ::step]]
        return np.asarray(np.median(inside, axis=0) if len(inside) else np.full(self.image.shape[2], 128), np.float32)

    def clipped(self, box: Box) -> Box:
        """As much of a rectangle as lies inside the picture."""
        height, width = self.part.shape
        top, left = min(max(box.top, 0), height), min(max(box.left, 0), width)
        return Box(top, left, max(top, min(box.bottom, height)), max(left, min(box.right, width)))

    def place(self, height: int, width: int, rng: np.random.Generator, covered: float = 0.85) -> Box | None:
        """A random rectangle inside the picture, of which the part covers so much or not much less, or None."""
        rows, columns = self.part.shape
        height, width = min(height, rows), min(width, columns)
        best, most = None, 0.0
        for _ in range(_PLACES):
            top = _start(self.bounds.top, self.bounds.bottom, height, rows, rng)
            left = _start(self.bounds.left, self.bounds.right, width, columns, rng)
            share = float(self.part[top : top + height : 2, left : left + width : 2].mean())
            if share > most:
                best, most = Box(top, left, top + height, left + width), share
            if share >= covered:
                return best
        return best if most >= _HALF_GOOD * covered else None


def _start(low: int, high: int, length: int, most: int, rng: np.random.Generator) -> int:
    """Where something so long may begin to lie between `low` and `high`, or around them, inside 0 to `most`."""
    return min(int(rng.integers(low, max(low, high - length) + 1)), most - length)


def surface_of(image: Image, part: Mask) -> Surface:
    """A surface from a picture `(H, W)` or `(H, W, 3)`; the part must not be empty."""
    image = image if image.ndim == 3 else image[:, :, None]
    left, top, width, height = cv2.boundingRect(part.view(np.uint8))
    bounds = Box(top, left, top + height, left + width)
    span_px = float(min(np.sqrt(cv2.countNonZero(part.view(np.uint8))), 2.0 * min(width, height)))
    return Surface(image, part, bounds, span_px, _grain(image, part, bounds), _coloured(image, bounds))


def _coloured(image: Image, bounds: Box) -> bool:
    some = image[bounds.slices][::8, ::8].astype(np.int16)
    return some.shape[2] == 3 and float(np.abs(some - some[:, :, 1:2]).mean()) > _COLOURLESS_LEVELS


def _grain(image: Image, part: Mask, bounds: Box) -> float:
    # A piece from the middle is enough: what is measured is the same all over a part.
    height, width = (min(side, _GRAIN_PX) for side in bounds.shape)
    top, left = bounds.top + (bounds.shape[0] - height) // 2, bounds.left + (bounds.shape[1] - width) // 2
    piece = Box(top, left, top + height, left + width)
    gray = image[piece.slices].max(axis=2).astype(np.float32)
    rough = np.abs(cv2.blur(gray, (3, 3)) - cv2.blur(gray, (15, 15)))[part[piece.slices]]
    return 1.4826 * float(np.median(rough)) if rough.size else 0.0


def put_on(surface: Surface, draft: Draft, spec: SynthesizeSpec) -> tuple[Image, Mask] | None:
    """The picture `(H, W, C)` with the change, and where it is; None where it would be too faint or too small."""
    height, width = draft.support.shape
    box = surface.clipped(Box(draft.top, draft.left, draft.top + height, draft.left + width))
    inner = (slice(box.top - draft.top, box.bottom - draft.top), slice(box.left - draft.left, box.right - draft.left))
    support = draft.support[inner] & surface.reach(box, draft.beyond)
    if int(support.sum()) < _LEAST_MASK_PX:
        return None
    before, delta = surface.pixels(box), draft.delta[inner] * support[:, :, None]
    wanted = max(spec.least_contrast, spec.least_noise * surface.grain)
    for boost in (1.0, 1.5, _MOST_BOOST):
        after = np.clip(np.round(before + boost * delta), 0, 255)
        mask = support & _noticeable(after - before)
        if int(mask.sum()) >= _LEAST_MASK_PX and contrast(after - before, mask) >= wanted:
            image = surface.image.copy()
            image[box.slices][mask] = after[mask]
            whole = np.zeros(surface.part.shape, np.bool_)
            whole[box.slices] = mask
            return image, whole
    return None


def contrast(change: Floats, mask: Mask) -> float:
    """How plain a change is: a quarter of the mask's 3x3 means change at least so much, in their strongest channel."""
    means = _strongest(cv2.blur(change, (3, 3)))[mask]
    return float(np.quantile(means, 0.75)) if means.size else 0.0


def _noticeable(change: Floats) -> Mask:
    """Where a pixel or one beside it changes by two levels or more."""
    return np.asarray(cv2.dilate(_strongest(change), np.ones((3, 3), np.uint8)) >= _SEEN_LEVELS, np.bool_)


def _strongest(change: NDArray[np.generic]) -> Floats:
    magnitude = np.abs(np.asarray(change, np.float32))
    if magnitude.ndim == 2:
        return magnitude
    # numpy's own maximum along a short last axis is several times slower.
    return np.asarray(reduce(np.maximum, (magnitude[:, :, channel] for channel in range(magnitude.shape[2]))))

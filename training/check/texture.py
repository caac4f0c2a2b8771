"""What makes a picture of a part its own: the fine texture, whatever the light; as small maps of local contrast.

Each pixel is compared with its neighbourhood and divided by the contrast there (Jarrett et al., "What is the Best
Multi-Stage Architecture for Object Recognition?", ICCV 2009), so that gain, offset, gamma and a lamp from another side
change little. What all parts of a product share (edges, holes, the fixture) is then taken out: of each picture the
median of some others that lie in the same way, moved to where this one lies, fitted with its two derivatives, because a
shift of a part of a pixel would otherwise leave every edge behind as if it were texture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
Stored = NDArray[np.int8]
Spectrum = NDArray[np.complex64]

FRAME_PX = 256
SIDE_PX = 160.0
_NEIGHBOURHOOD_PX = 6.0
_GRAIN_PX = 0.7
_FLOOR = 3.0  # gray levels squared: below, it is noise of sensor or JPEG
_MOST = 3.0
_STEPS = 127.0 / _MOST
_WINDOW_PX = 128


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the second picture must be moved to lie on the first, and how far that stands out: `peak` in standard
    deviations of all other shifts."""

    down_px: int
    right_px: int
    peak: float


def shape_of(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """(height, width) of the texture of a picture of `size` (width, height) reduced by `scale`; 256 x 256 at most."""
    width, height = (min(FRAME_PX, max(8, round(side * scale))) for side in size)
    return height, width


def texture_of(picture: NDArray[np.uint8], shape: tuple[int, int]) -> Stored:
    """Local contrast of a picture, `(H, W)` or `(H, W, 3)` BGR uint8, reduced to `shape`; int8."""
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture
    how = cv2.INTER_AREA if shape[0] < gray.shape[0] else cv2.INTER_LINEAR
    small = cv2.resize(gray, (shape[1], shape[0]), interpolation=how).astype(np.float32)
    fine = cv2.GaussianBlur(small - cv2.GaussianBlur(small, (0, 0), _NEIGHBOURHOOD_PX), (0, 0), _GRAIN_PX)
    contrast = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), _NEIGHBOURHOOD_PX) + _FLOOR)
    return stored(np.asarray(fine / contrast, np.float32))


def stored(values: Map) -> Stored:
    """The map in steps of int8: a quarter of the memory."""
    return np.asarray(np.rint(np.clip(values, -_MOST, _MOST) * _STEPS), np.int8)


def spectrum_of(texture: Stored) -> Spectrum:
    """`(256, 129)`: the texture faded out towards its borders, transformed."""
    frame = np.zeros((FRAME_PX, FRAME_PX), np.float32)
    height, width = texture.shape
    frame[:height, :width] = texture * _fade(height, width)
    return np.asarray(np.fft.rfft2(frame), np.complex64)


def signature_of(texture: Stored) -> Map:
    """`(8192,)`: logarithm of the spectrum's strength; the same wherever in the picture the texture lies."""
    height, width = texture.shape
    top, left = max(0, (height - _WINDOW_PX) // 2), max(0, (width - _WINDOW_PX) // 2)
    faded = (texture * _fade(height, width))[top : top + _WINDOW_PX, left : left + _WINDOW_PX]
    frame = np.zeros((_WINDOW_PX, _WINDOW_PX), np.float32)
    frame[: faded.shape[0], : faded.shape[1]] = faded
    strength = np.abs(np.fft.rfft2(frame)[:, : _WINDOW_PX // 2])
    return np.asarray(np.log(strength + _MOST), np.float32).reshape(-1)


def shift_between(first: Spectrum, second: Spectrum) -> Shift:
    """Phase correlation (Kuglin and Hines, 1975), half whitened: fine texture counts, noise not too much."""
    cross = first * np.conj(second)
    cross /= np.sqrt(np.abs(cross)) + 1e-3
    surface = np.fft.irfft2(cross, (FRAME_PX, FRAME_PX))
    best = int(np.argmax(surface))
    spread = float(surface.std())
    down, right = (side - FRAME_PX if side > FRAME_PX // 2 else side for side in divmod(best, FRAME_PX))
    return Shift(down, right, float(surface.reshape(-1)[best]) / spread if spread > 0 else 0.0)


def moved(texture: Stored, shift: Shift, shape: tuple[int, int]) -> Stored:
    """The texture where it lies in a picture of `shape`; zero where it does not reach."""
    frame = np.zeros(shape, np.int8)
    here, there = overlap(shape, (texture.shape[0], texture.shape[1]), shift)
    frame[here] = texture[there]
    return frame


def overlap(
    first: tuple[int, int], second: tuple[int, int], shift: Shift
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """What both pictures show, as parts of the first and of the second; empty slices where they do not meet."""
    spans = []
    for here, there, by in zip(first, second, (shift.down_px, shift.right_px), strict=True):
        start, stop = max(0, by), min(here, there + by)
        spans.append((start, max(start, stop), by))
    (top, bottom, down), (left, right, across) = spans
    return (
        (slice(top, bottom), slice(left, right)),
        (slice(top - down, bottom - down), slice(left - across, right - across)),
    )


def without_common(texture: Stored, others: Sequence[Stored]) -> Stored:
    """The texture less what `others`, already moved onto it, have in common."""
    common = np.asarray(np.median(np.stack(others), axis=0), np.float32)
    down, right = np.gradient(common)
    shared = np.stack([common.reshape(-1), down.reshape(-1), right.reshape(-1)], axis=1).astype(np.float64)
    own = texture.reshape(-1).astype(np.float64)
    # The ridge keeps a part from being fitted by a common picture that is next to nothing.
    ridge = np.eye(3) * 1e-3 * _STEPS**2 * own.size
    weights = np.linalg.solve(shared.T @ shared + ridge, shared.T @ own)
    weights[0] = min(max(weights[0], 0.0), 1.0)
    return np.asarray(np.clip(np.rint(own - shared @ weights), -127, 127), np.int8).reshape(texture.shape)


@lru_cache(maxsize=4096)
def _fade_side(length: int) -> Map:
    return np.hanning(length + 2)[1:-1].astype(np.float32)


def _fade(height: int, width: int) -> Map:
    return np.asarray(np.outer(_fade_side(height), _fade_side(width)), np.float32)

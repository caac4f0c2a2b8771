"""More views of good pictures: what a part that is not held exactly could also have looked like.

A view is a way (mirrored, turned, scaled, moved: `Way`), which masks go along, and a light (gain, gamma, blur, noise,
JPEG: `lit_as`), which they do not. How far is declared (`training.declared.AugmentSpec`) and limited by what the part
allows (`training.data.part`). Borders are repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from training.declared import AugmentSpec

ViewKind = Literal["turned", "shifted"]
_MAX_GAIN = 0.06


@dataclass(frozen=True, slots=True)
class Way:
    """From a picture to where its view has it: perhaps mirrored left to right, then moved by `matrix` `(2, 3)`."""

    mirrored: bool
    matrix: NDArray[np.float64]

    def of(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """`(H, W[, 3])`, as large as before."""
        height, width = image.shape[:2]
        if self.mirrored:
            image = np.ascontiguousarray(image[:, ::-1])
        moved = cv2.warpAffine(
            image, self.matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, np.uint8)


def kinds_of_views(spec: AugmentSpec) -> tuple[ViewKind, ...]:
    """What kinds of views training may try."""
    return ("shifted",) if spec.rotation == "none" and not spec.flip else ("turned", "shifted")


def draw_way(kind: ViewKind, spec: AugmentSpec, size: tuple[int, int], rng: np.random.Generator) -> Way:
    """A random way for pictures of (width, height): `turned` as the part may lie, `shifted` as a holder has play."""
    width, height = size
    mirrored = kind == "turned" and spec.flip and bool(rng.random() < 0.5)
    angle = _turn(kind, spec, rng)
    scale = 1.0 + float(rng.uniform(-spec.scale, spec.scale)) if spec.scale else 1.0
    matrix = np.asarray(cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), angle, scale), np.float64)
    if kind == "shifted":
        matrix[:, 2] += rng.uniform(-spec.shift, spec.shift, 2) * np.array([width, height])
    return Way(mirrored, matrix)


def _turn(kind: ViewKind, spec: AugmentSpec, rng: np.random.Generator) -> float:
    if kind == "shifted" or spec.rotation == "none":
        return float(rng.uniform(-spec.tilt_deg, spec.tilt_deg))
    if spec.rotation == "quarter":
        return 90.0 * int(rng.integers(4)) + float(rng.uniform(-spec.tilt_deg, spec.tilt_deg))
    return float(rng.uniform(0, 360))


def lit_as(image: NDArray[np.uint8], spec: AugmentSpec, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture in another light, a little less sharp, noisier, or squeezed, as far as the spec goes."""
    seen = lit(image, rng, spec.gain)
    if spec.gamma:
        exponent = 1.0 + float(rng.uniform(-spec.gamma, spec.gamma))
        levels = 255.0 * (np.arange(256) / 255.0) ** exponent
        seen = np.asarray(cv2.LUT(seen, np.round(levels).astype(np.uint8)), np.uint8)
    if spec.blur_px:
        sigma = float(rng.uniform(0, spec.blur_px))
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), sigma) if sigma > 0.1 else seen, np.uint8)
    if spec.noise_levels:
        grain = rng.standard_normal(seen.shape, np.float32) * np.float32(rng.uniform(0, spec.noise_levels))
        seen = np.clip(np.round(seen + grain), 0, 255).astype(np.uint8)
    if spec.jpeg_quality is not None:
        quality = int(rng.integers(spec.jpeg_quality, 101))
        _, squeezed = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, quality])
        seen = np.asarray(cv2.imdecode(squeezed, cv2.IMREAD_UNCHANGED), np.uint8)
    return seen


def lit(image: NDArray[np.generic], rng: np.random.Generator, most: float = _MAX_GAIN) -> NDArray[np.uint8]:
    """The picture a little lighter or darker."""
    gain = 1.0 + float(rng.uniform(-most, most))
    return np.asarray(cv2.convertScaleAbs(np.asarray(image), alpha=gain), np.uint8)

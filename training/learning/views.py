"""Batches of views: which pictures, how they are moved and lit; the same for the same seed and step."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from training.learning.course import IGNORED, Course, Example, LearnConfig

# The share of views that are softer or sharper, and the deviation of the blur that they are made by.
_OTHER_FOCUS = 0.6
_BLUR_PX = (0.5, 1.5)

Batch = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]


class Sampler:
    """Half of each batch is defective, its classes drawn alike; some of the good half bear drawn defects."""

    def __init__(self, course: Course, config: LearnConfig) -> None:
        self._config, self._extra = config, course.extra
        self._good = [one for one in course.train if one.label == 0]
        by_class: dict[int, list[Example]] = {}
        for one in course.train:
            if one.label != 0:
                by_class.setdefault(one.label, []).append(one)
        self._classes = [by_class[label] for label in sorted(by_class)]
        # Between one by one and class by class: a class of five pictures is not to be learned by heart.
        weights = np.sqrt([len(members) for members in self._classes])
        self._weights = weights / weights.sum()

    def batch(self, step: int) -> Batch:
        """Pixels `(N, H, W, 3)`, masks `(N, H, W)` and labels `(N,)`; of unknown masks all is 255."""
        rng = np.random.default_rng([self._config.seed, step])
        return stacked([view(self._draw(rng, index), self._config, rng) for index in range(self._config.batch)])

    def _draw(self, rng: np.random.Generator, index: int) -> Example:
        if self._classes and (index % 2 or not self._good):
            members = self._classes[int(rng.choice(len(self._classes), p=self._weights))]
            return members[int(rng.integers(len(members)))]
        if self._extra and rng.random() < 2 * self._config.drawn_share:
            return self._extra[int(rng.integers(len(self._extra)))]
        return self._good[int(rng.integers(len(self._good)))]


def stacked(examples: Sequence[Example]) -> Batch:
    shape = examples[0].pixels.shape[:2]
    masks = [one.mask if one.mask is not None else _unknown(one, shape) for one in examples]
    labels = np.array([one.label for one in examples], np.int64)
    return np.stack([one.pixels for one in examples]), np.stack(masks), labels


def _unknown(one: Example, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.full(shape, IGNORED if one.label else 0, np.uint8)


def view(one: Example, config: LearnConfig, rng: np.random.Generator) -> Example:
    """The example moved and lit at random; borders are repeated, in the mask too."""
    height, width = one.pixels.shape[:2]
    pixels, mask = one.pixels, one.mask
    mirrored_x, mirrored_y = config.mirror_x and rng.random() < 0.5, config.mirror_y and rng.random() < 0.5
    angle = float(rng.uniform(-config.turn_deg, config.turn_deg))
    if config.quarters:
        angle += 90.0 * int(rng.integers(4))
    size = float(np.exp(rng.uniform(-config.scale, config.scale)))
    matrix = np.asarray(cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), angle, size), np.float64)
    matrix[:, 2] += rng.uniform(-config.shift, config.shift, 2) * (width, height)
    if mirrored_x:
        matrix = matrix @ np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]])
    if mirrored_y:
        matrix = matrix @ np.array([[1.0, 0, 0], [0, -1, height - 1], [0, 0, 1]])
    pixels = _moved(pixels, matrix, cv2.INTER_LINEAR)
    if mask is not None and one.label != 0:
        mask = _moved(mask, matrix, cv2.INTER_NEAREST)
    label = one.label
    if mask is not None and label != 0 and not ((mask > 0) & (mask != IGNORED)).any():
        label = 0  # what is moved out of the picture is not there
    return Example(_lit(pixels, config, rng), mask, label)


def _moved(image: NDArray[np.uint8], matrix: NDArray[np.float64], how: int) -> NDArray[np.uint8]:
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpAffine(image, matrix, size, flags=how, borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def _lit(pixels: NDArray[np.uint8], config: LearnConfig, rng: np.random.Generator) -> NDArray[np.uint8]:
    levels = np.arange(256) / 255.0
    levels = levels ** float(np.exp(rng.uniform(-config.gamma, config.gamma)))
    levels = 255.0 * levels * float(np.exp(rng.uniform(-config.gain, config.gain)))
    centre = float(np.interp(float(pixels.mean()), np.arange(256), levels))
    levels = centre + (levels - centre) * float(np.exp(rng.uniform(-config.contrast, config.contrast)))
    seen = cv2.LUT(pixels, np.clip(np.round(levels), 0, 255).astype(np.uint8))
    if config.sharpness and rng.random() < _OTHER_FOCUS:
        soft = cv2.GaussianBlur(seen, (0, 0), float(rng.uniform(*_BLUR_PX)))
        more = float(rng.uniform(-config.sharpness, config.sharpness))
        seen = cv2.addWeighted(seen, 1.0 + more, soft, -more, 0.0)
    if config.noise_levels and rng.random() < 0.5:
        grain = rng.standard_normal((*seen.shape[:2], 1), np.float32) * np.float32(rng.uniform(0, config.noise_levels))
        seen = np.clip(np.round(seen + grain), 0, 255).astype(np.uint8)
    return np.asarray(seen, np.uint8)

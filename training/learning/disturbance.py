"""Noise in the features of good places, which the map is told are defective of no class.

After SuperSimpleNet (Rolih et al., ICPR 2024): what is unlike good parts in a way that no training picture shows is to
be noticed, too. The noise enters before the neck's last layers, for one layer alone cannot tell it in every direction.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.learning.course import UNKNOWN, UNNAMED, LearnConfig
from training.learning.views import Batch
from training.networks.network import STRIDES, WIDTH
from training.synthesis.noise import fractal

# Of the usual deviation of each feature.
_WEAKEST, _STRONGEST = 0.5, 1.5
# How many places of the finest grid a grain of the noise is wide.
_GRAINS = (1, 2, 4)
_CELLS, _OCTAVES = 4, 2
# Of a picture's places at most.
_LARGEST = 0.15


def disturbed(batch: Batch, config: LearnConfig, step: int) -> tuple[Batch, Tensor | None]:
    """The batch with some of its good pictures disturbed, and the noise for its features; the same for the same step.

    The noise is `(N, 48, H/4, W/4)` in deviations of the features; None where no picture was chosen.
    """
    pixels, masks, labels = batch
    rng = np.random.default_rng([config.seed, step, 1])
    good = [index for index in range(len(labels)) if labels[index] == 0 and not masks[index].any()]
    chosen = [index for index in good if rng.random() < config.noise_share * len(labels) / len(good)]
    if not chosen:
        return batch, None
    height, width = (side // STRIDES[0] for side in masks.shape[1:])
    noise = np.zeros((len(labels), WIDTH, height, width), np.float32)
    masks, labels = masks.copy(), labels.copy()
    for index in chosen:
        spot = _spot((height, width), rng)
        noise[index] = _grains((height, width), rng) * spot * rng.uniform(_WEAKEST, _STRONGEST)
        size = (masks.shape[2], masks.shape[1])
        shown = cv2.resize(spot.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        masks[index][shown > 0], labels[index] = UNNAMED, UNKNOWN
    told = torch.from_numpy(noise).contiguous(memory_format=torch.channels_last)
    return (pixels, masks, labels), told


def _spot(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Places `(h, w)` that hang together more or less, at least one."""
    field = fractal(shape, _CELLS, _OCTAVES, rng)
    share = rng.uniform(0, _LARGEST)
    count = max(1, int(share * field.size))
    return np.asarray(field >= np.partition(field, -count, axis=None)[-count])


def _grains(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Normal noise `(WIDTH, h, w)`, each grain some places wide."""
    grain = int(rng.choice(_GRAINS))
    height, width = (-(-side // grain) for side in shape)
    coarse = rng.standard_normal((WIDTH, height, width), np.float32)
    return coarse.repeat(grain, 1).repeat(grain, 2)[:, : shape[0], : shape[1]]

"""What views of a picture may look like: other light, contrast and focus, each at random and no further than told."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from training.learning.course import Example, LearnConfig
from training.learning.views import view

STILL = LearnConfig(
    turn_deg=0, scale=0, shift=0, gain=0, gamma=0, contrast=0, sharpness=0, noise_levels=0, mirror_x=False
)


def texture() -> NDArray[np.uint8]:
    """`(64, 96, 3)`, nowhere near black or white."""
    grain = np.random.default_rng(1).normal(120, 12, (64, 96, 1))
    return np.asarray(np.repeat(np.clip(np.round(grain), 0, 255), 3, 2), np.uint8)


def views(config: LearnConfig, count: int = 60) -> list[NDArray[np.uint8]]:
    one = Example(texture(), None, 0)
    return [view(one, config, np.random.default_rng(seed)).pixels for seed in range(count)]


def detail(pixels: NDArray[np.uint8]) -> float:
    """What differs between neighbours, over what differs between any two pixels: a contrast leaves it as it is."""
    return float(cv2.Laplacian(pixels[:, :, 0], cv2.CV_32F).std() / pixels.std())


def test_what_may_not_change_does_not() -> None:
    assert all(np.array_equal(seen, texture()) for seen in views(STILL, 5))


def test_contrast_goes_both_ways_about_the_mean_and_no_further() -> None:
    seen = views(replace(STILL, contrast=0.4))
    factors = [float(one.std() / texture().std()) for one in seen]
    assert np.exp(-0.4) - 0.02 < min(factors) < 0.75 and 1.35 < max(factors) < np.exp(0.4) + 0.02
    assert max(abs(float(one.mean()) - float(texture().mean())) for one in seen) < 0.6


def test_focus_goes_both_ways_and_some_views_keep_it() -> None:
    seen = [detail(one) / detail(texture()) for one in views(replace(STILL, sharpness=1.0))]
    assert min(seen) < 0.7 and max(seen) > 1.05
    kept = float(np.mean([one == 1.0 for one in seen]))
    assert 0.2 < kept < 0.6


def test_no_level_wraps_around() -> None:
    edge = np.zeros((64, 64, 3), np.uint8)
    edge[:, 32:] = 255
    config = replace(STILL, contrast=0.4, sharpness=1.0)
    for seed in range(20):
        seen = view(Example(edge, None, 0), config, np.random.default_rng(seed)).pixels[:, :, 0].astype(int)
        assert (seen[:, :28] < 90).all() and (seen[:, 36:] > 165).all()

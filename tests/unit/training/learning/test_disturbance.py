"""Noise in the features of good pictures: where it is, the map is told of a defect without a name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from training.learning.course import UNKNOWN, UNNAMED, LearnConfig
from training.learning.disturbance import disturbed
from training.learning.views import Batch
from training.networks.network import STRIDES, WIDTH, Network
from training.networks.trunk import load_trunk

CONFIG = LearnConfig(noise_share=0.25)


def batch() -> Batch:
    """Four good pictures, two with a defect of class 1, two with one whose place nobody marked."""
    masks = np.zeros((8, 64, 96), np.uint8)
    masks[4:6, 8:16, 8:16] = 1
    masks[6:] = 255
    return np.zeros((8, 64, 96, 3), np.uint8), masks, np.array([0, 0, 0, 0, 1, 1, 2, 2])


def test_only_good_pictures_are_disturbed_and_told_of_where() -> None:
    before = batch()
    chosen = 0
    for step in range(40):
        (pixels, masks, labels), noise = disturbed(before, CONFIG, step)
        assert pixels is before[0]
        touched = [index for index in range(8) if labels[index] != before[2][index]]
        assert (noise is None) == (not touched)
        assert set(touched) <= {0, 1, 2, 3}
        chosen += len(touched)
        for index in range(8):
            if index not in touched:
                assert np.array_equal(masks[index], before[1][index])
                assert noise is None or not noise[index].any()
                continue
            assert noise is not None and labels[index] == UNKNOWN
            assert set(np.unique(masks[index])) <= {0, UNNAMED}
            places = noise[index].abs().sum(0).numpy() > 0
            assert np.array_equal(masks[index, ::4, ::4] == UNNAMED, places)
            assert 0 < places.mean() <= 0.15
    assert 0.18 < chosen / (40 * 8) < 0.32
    assert all(np.array_equal(one, other) for one, other in zip(before, batch(), strict=True)), (
        "the batch was written to"
    )


def test_the_same_step_gives_the_same_noise() -> None:
    found = [disturbed(batch(), CONFIG, 3) for _ in range(2)]
    (one, noise), (other, again) = found
    assert noise is not None and again is not None and torch.equal(noise, again)
    assert np.array_equal(one[1], other[1]) and np.array_equal(one[2], other[2])
    other_step = disturbed(batch(), CONFIG, 4)[1]
    assert other_step is None or not torch.equal(noise, other_step)


def test_nothing_is_disturbed_without_a_share_or_a_good_picture() -> None:
    assert all(disturbed(batch(), replace(CONFIG, noise_share=0.0), step)[1] is None for step in range(20))
    pixels, masks, labels = batch()
    wrong = (pixels[4:], masks[4:], labels[4:])
    assert all(disturbed(wrong, CONFIG, step)[1] is None for step in range(20))


def test_noise_reaches_the_map_where_it_is_and_a_little_beyond() -> None:
    torch.manual_seed(2)
    network = Network(load_trunk(STRIDES), 1).eval()
    torch.nn.init.normal_(network.heads.out_map.weight)
    early = torch.rand(1, 24, 16, 24) * 6
    noise = torch.zeros(1, WIDTH, 16, 24)
    noise[:, :, 4:6, 4:6] = 3.0
    with torch.no_grad():
        plain, told = network.answers(early)[3], network.answers(early, noise)[3]
    changed = (plain != told).any(1)[0]
    assert changed[8:12, 8:12].all()
    assert not changed[16:].any() and not changed[:, 16:].any()

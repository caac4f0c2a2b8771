"""Perlin noise as its paper describes it, and the blobs that are cut from it."""

from __future__ import annotations

import numpy as np
import pytest

from training.synthesis.noise import blob, fractal, perlin


def test_perlin_noise_is_zero_at_the_corners_of_its_cells_and_smooth_between() -> None:
    field = perlin((64, 96), (4, 6), np.random.default_rng(1))
    assert field.shape == (64, 96) and field.dtype == np.float32
    assert float(np.abs(field[::16, ::16]).max()) < 1e-6
    assert 0.5 < float(np.abs(field).max()) <= 1.0 + 1e-6
    assert float(np.abs(np.diff(field, axis=0)).max()) < 0.25 and float(np.abs(np.diff(field, axis=1)).max()) < 0.25


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (300, 500)])
def test_noise_comes_in_any_size_and_by_seed(shape: tuple[int, int]) -> None:
    first, again, other = (fractal(shape, 4, 3, np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert first.shape == shape and np.array_equal(first, again)
    assert shape == (1, 1) or not np.array_equal(first, other)


def test_a_blob_is_full_in_the_middle_and_nothing_at_the_sides() -> None:
    for seed in range(10):
        cover = blob((60, 80), 0.3, np.random.default_rng(seed))
        sides = np.concatenate((cover[0], cover[-1], cover[:, 0], cover[:, -1]))
        assert cover[25:35, 35:45].mean() > 0.9 and float(sides.max()) == 0.0
        assert 0.2 < float((cover > 0).mean()) < 0.8

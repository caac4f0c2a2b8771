"""Weights on their grid: what the layer gives changes less than with each weight rounded by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.quantization.observe import Moments
from training.quantization.rounding import compensated, nearest, scales_of, taken_back


def layer(seed: int, groups: int = 1) -> tuple[NDArray[np.float32], Moments, NDArray[np.float32]]:
    """A weight, the moments of what it reads, and what it reads `(groups, P, n)`: inputs that vary together."""
    rng = np.random.default_rng(seed)
    inputs = 12 if groups == 1 else 9
    weight = rng.normal(size=(8, 12, 1, 1) if groups == 1 else (8, 1, 3, 3)).astype(np.float32)
    mixing = rng.normal(size=(groups, inputs, inputs))
    patches = (rng.normal(size=(groups, 400, inputs)) @ mixing + rng.uniform(0, 3, (groups, 1, inputs))).astype(
        np.float32
    )
    moments = Moments(groups, inputs)
    for part in np.array_split(patches, 4, axis=1):
        moments.add(part)
    return weight, moments, patches


def given_out(weight: NDArray[np.float32], patches: NDArray[np.float32]) -> NDArray[np.float64]:
    groups = len(patches)
    parts = weight.reshape(groups, len(weight) // groups, -1).astype(np.float64)
    return np.einsum("gpn,gon->gop", patches, parts).reshape(len(weight), -1)


def errors_of(
    weight: NDArray[np.float32], moments: Moments, patches: NDArray[np.float32], groups: int
) -> tuple[float, ...]:
    """What a layer gives out changes by so much if rounded with compensation, and each weight by itself."""
    wanted = given_out(weight, patches)
    rounded, scale = compensated(weight, moments, groups)
    steps = rounded / scale.reshape(-1, 1, 1, 1)
    assert np.allclose(steps, np.round(steps), atol=1e-3) and np.abs(steps).max() <= 64.001
    errors = []
    for candidate in (rounded, nearest(weight, scales_of(weight))):
        shift = taken_back(weight, candidate, moments, groups)
        error = given_out(candidate, patches) + shift[:, None] - wanted
        assert np.abs(error.mean(1)).max() < 1e-3
        errors.append(float(np.square(error).sum()))
    return tuple(errors)


@pytest.mark.parametrize("groups", [1, 8])
@given(seed=st.integers(0, 10_000))
@example(seed=1151)
@settings(max_examples=5, deadline=None)
def test_compensation_and_bias_bring_the_output_nearer(groups: int, seed: int) -> None:
    """Of eight layers together: where errors are made up for one weight after the other, a layer may come out worse."""
    errors = np.array([errors_of(*layer(one, groups), groups) for one in range(seed, seed + 8)])
    assert errors[:, 0].sum() < 0.8 * errors[:, 1].sum()


def test_a_layer_that_reads_nothing_is_rounded_weight_by_weight() -> None:
    weight = layer(3)[0]
    silent = Moments(1, 12)
    silent.add(np.zeros((1, 50, 12), np.float32))
    rounded, scale = compensated(weight, silent, 1)
    assert rounded == pytest.approx(nearest(weight, scale), abs=1e-6)
    assert not taken_back(weight, rounded, silent, 1).any()


def test_a_channel_of_zeros_stays_one() -> None:
    weight, moments, _ = layer(4)
    weight[2] = 0
    rounded, scale = compensated(weight, moments, 1)
    assert not rounded[2].any() and (scale > 0).all() and np.isfinite(rounded).all()
    assert not nearest(weight, scales_of(weight))[2].any()

"""What defects taught: it raises scores and never lowers one, and what does not fit a scorer is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.discriminator import (
    HIDDEN,
    KNOWN,
    MAX_HIDDEN,
    OUT,
    SLOPE,
    Discriminator,
    Floats,
    Logistic,
    Raising,
    load_raising,
)
from models.errors import InferenceError, PackageError
from models.scorers import Gaussian, Scorer, ScorerShape

CHANNELS = 5


def drawn(seed: int, *shape: int) -> Floats:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def scorer(raising: Raising | None, smoothing: float = 0.0) -> Scorer:
    shape = ScorerShape(8, (8,), 1, smoothing, 1e-6)
    return Scorer(shape, np.zeros(CHANNELS, np.float32), np.ones(CHANNELS, np.float32), Gaussian(), raising)


def test_it_is_a_leaky_hidden_layer_and_the_positive_part_of_one_logit() -> None:
    hidden, out, vectors = drawn(0, CHANNELS + 1, 3), drawn(1, 4), drawn(2, 40, CHANNELS)
    found = Discriminator(hidden, out)(vectors)
    for vector, raised in zip(vectors, found, strict=True):
        cells = [float(vector @ hidden[:-1, unit] + hidden[-1, unit]) for unit in range(3)]
        logit = sum(max(cell, SLOPE * cell) * float(out[unit]) for unit, cell in enumerate(cells)) + float(out[3])
        assert raised == pytest.approx(max(logit, 0.0), abs=1e-5)
    assert (found > 0).any() and (found == 0).any()


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.7, 2.0]))
def test_it_raises_scores_and_never_lowers_one(seed: int, smoothing: float) -> None:
    maps = (drawn(seed, CHANNELS, 6, 4) * np.float32(10),)
    plain = scorer(None, smoothing)(maps)
    for raising in (
        Discriminator(drawn(seed + 1, CHANNELS + 1, 8), drawn(seed + 2, 9)),
        Logistic(drawn(seed + 3, CHANNELS + 1)),
    ):
        taught = scorer(raising, smoothing)(maps)
        assert (taught.map >= plain.map - 1e-5).all() and taught.raw >= plain.raw - 1e-5


def test_a_feature_that_is_no_number_is_not_hidden_by_it() -> None:
    maps = (drawn(0, CHANNELS, 6, 4),)
    maps[0][2, 1, 1] = np.nan
    with pytest.raises(InferenceError, match="no number"):
        scorer(Discriminator(drawn(1, CHANNELS + 1, 8), drawn(2, 9)))(maps)


def test_a_scorer_without_any_of_the_arrays_is_not_raised() -> None:
    assert load_raising({}, CHANNELS) is None


def test_weights_of_earlier_packages_go_on_being_read() -> None:
    known = drawn(0, CHANNELS + 1)
    raising = load_raising({KNOWN: known}, CHANNELS)
    assert isinstance(raising, Logistic)
    vectors = drawn(1, 20, CHANNELS)
    assert raising(vectors) == pytest.approx(np.maximum(vectors @ known[:-1] + known[-1], 0), abs=1e-6)


HIDDEN_LAYER, OUT_LAYER = drawn(0, CHANNELS + 1, 3), drawn(1, 4)


@pytest.mark.parametrize(
    ("arrays", "channels"),
    [
        ({HIDDEN: HIDDEN_LAYER}, CHANNELS),
        ({OUT: OUT_LAYER}, CHANNELS),
        ({HIDDEN: HIDDEN_LAYER, OUT: OUT_LAYER}, CHANNELS + 1),
        ({HIDDEN: HIDDEN_LAYER, OUT: OUT_LAYER[:-1]}, CHANNELS),
        ({HIDDEN: HIDDEN_LAYER, OUT: OUT_LAYER[:, None]}, CHANNELS),
        ({HIDDEN: HIDDEN_LAYER[:, 0], OUT: OUT_LAYER}, CHANNELS),
        ({HIDDEN: HIDDEN_LAYER, OUT: OUT_LAYER, KNOWN: drawn(2, CHANNELS + 1)}, CHANNELS),
        ({KNOWN: drawn(2, CHANNELS)}, CHANNELS),
        ({HIDDEN: drawn(0, CHANNELS + 1, MAX_HIDDEN + 1), OUT: drawn(1, MAX_HIDDEN + 2)}, CHANNELS),
        ({HIDDEN: drawn(0, 501, 100), OUT: drawn(1, 101)}, 500),
    ],
)
def test_arrays_that_a_station_cannot_use_are_refused(arrays: dict[str, Floats], channels: int) -> None:
    with pytest.raises(PackageError, match=r"export the package again|train it again"):
        load_raising(arrays, channels)

"""Scorers: what they compute, that they stay monotone, and what they refuse to load."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.errors import InferenceError, PackageError
from models.manifest import ScoreMap, ScorerEntry
from models.scorers import Floats, RawScores, calibrated, load_scorer
from tests.fakes.packages import npy

RNG = np.random.default_rng(0)


def entry(kind: str, roles: tuple[str, ...], **changes: Any) -> ScorerEntry:
    settings = {
        "kind": kind,
        "strides": (8, 16),
        "grid_stride": 8,
        "pool": 1,
        "smoothing_cells": 0.0,
        "top_fraction": 1e-6,
        "arrays": {role: f"{role}.npy" for role in roles},
    }
    return ScorerEntry.model_validate(settings | changes)


def files(**arrays: NDArray[Any]) -> dict[str, bytes]:
    return {f"{role}.npy": npy(array) for role, array in arrays.items()}


def features() -> tuple[Floats, Floats]:
    """Strides 8 and 16 of a 48 x 32 input: 2 + 3 channels."""
    return RNG.normal(size=(2, 4, 6)).astype(np.float32), RNG.normal(size=(3, 2, 3)).astype(np.float32)


NEIGHBOUR = {
    "mean": np.zeros(5, np.float32),
    "projection": np.ones(5, np.float32),
    "bank": RNG.normal(size=(7, 5)).astype(np.float32),
    "radius": RNG.uniform(0.5, 2, 7).astype(np.float32),
}
ROLES = ("mean", "projection", "bank", "radius")


def test_nearest_neighbour_is_the_plain_definition() -> None:
    scorer = load_scorer(entry("nearest_neighbour", ROLES), files(**NEIGHBOUR))
    fine, coarse = features()
    found = scorer((fine, coarse))
    import cv2

    wide = cv2.resize(np.ascontiguousarray(coarse.transpose(1, 2, 0)), (6, 4), interpolation=cv2.INTER_LINEAR)
    for y in range(4):
        for x in range(6):
            vector = np.concatenate([fine[:, y, x], wide[y, x]])
            distances = np.linalg.norm(NEIGHBOUR["bank"] - vector, axis=1)
            nearest = int(distances.argmin())
            assert found.map[y, x] == pytest.approx(distances[nearest] / NEIGHBOUR["radius"][nearest], rel=1e-4)
    assert found.raw == pytest.approx(float(found.map.max())) and found.residuals[0].shape == (24, 5)


def test_a_gaussian_is_the_norm_in_whitened_space() -> None:
    matrix = RNG.normal(size=(5, 3)).astype(np.float32)
    mean = RNG.normal(size=5).astype(np.float32)
    scorer = load_scorer(entry("gaussian", ("mean", "projection"), grid_stride=16), files(mean=mean, projection=matrix))
    constant = (np.full((2, 4, 6), 2, np.float32), np.full((3, 2, 3), 3, np.float32))
    expected = np.linalg.norm((np.array([2, 2, 3, 3, 3]) - mean) @ matrix)
    assert scorer(constant).map == pytest.approx(np.full((2, 3), expected), rel=1e-5)


def test_known_defects_can_only_raise_a_score() -> None:
    known = RNG.normal(size=6).astype(np.float32)
    plain = load_scorer(entry("nearest_neighbour", ROLES), files(**NEIGHBOUR))
    taught = load_scorer(entry("nearest_neighbour", (*ROLES, "known")), files(**NEIGHBOUR, known=known))
    raised = 0
    for _ in range(20):
        maps = features()
        difference = taught(maps).map - plain(maps).map
        assert (difference >= -1e-6).all()
        raised += int((difference > 1e-3).any())
    assert raised > 0


@pytest.mark.parametrize("where", [0, 1])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_score_that_is_no_number_raises(where: int, value: float) -> None:
    scorer = load_scorer(entry("nearest_neighbour", ROLES, smoothing_cells=1.0, pool=3), files(**NEIGHBOUR))
    maps = features()
    maps[where][0, 1, 1] = value
    with pytest.raises(InferenceError, match="no number"):
        scorer(maps)


@pytest.mark.parametrize(
    "changed",
    [
        {"bank": np.zeros((1001, 5), np.float32), "radius": np.ones(1001, np.float32)},
        {"bank": np.zeros((7, 4), np.float32)},
        {"radius": np.zeros(7, np.float32)},
        {"radius": np.ones(6, np.float32)},
        {"mean": np.zeros(4, np.float32)},
        {"mean": np.zeros(5, np.float64)},
        {"mean": np.full(5, np.nan, np.float32)},
        {"mean": np.zeros(0, np.float32)},
        {"projection": np.ones((5, 5, 1), np.float32)},
        {"bank": np.array([["a"]], dtype=object)},
    ],
)
def test_arrays_a_station_cannot_use_are_refused(changed: dict[str, NDArray[Any]]) -> None:
    with pytest.raises(PackageError):
        load_scorer(entry("nearest_neighbour", ROLES), files(**(NEIGHBOUR | changed)))


def test_a_pickle_in_an_array_is_never_opened() -> None:
    content = files(**NEIGHBOUR) | {"mean.npy": b"cos\nsystem\n(S'false'\ntR."}
    with pytest.raises(PackageError, match="no array"):
        load_scorer(entry("nearest_neighbour", ROLES), content)


def test_a_gaussian_too_wide_or_a_missing_or_strange_role_is_refused() -> None:
    wide = files(mean=np.zeros(70, np.float32), projection=np.eye(70, dtype=np.float32))
    with pytest.raises(PackageError, match="too slow"):
        load_scorer(entry("gaussian", ("mean", "projection")), wide)
    with pytest.raises(PackageError, match="needs the arrays"):
        load_scorer(entry("nearest_neighbour", ("mean", "projection")), files(**NEIGHBOUR))
    with pytest.raises(PackageError, match="weights of known"):
        load_scorer(entry("nearest_neighbour", (*ROLES, "known")), files(**NEIGHBOUR, known=np.zeros(5, np.float32)))


KNOTS = st.lists(st.floats(0.01, 5), min_size=1, max_size=8)


@given(KNOTS, KNOTS, st.lists(st.floats(-100, 100), min_size=2, max_size=50))
def test_a_calibrated_map_keeps_the_order_and_stays_in_the_unit(
    steps: list[float], rises: list[float], raws: list[float]
) -> None:
    count = min(len(steps), len(rises))
    raw_knots = np.concatenate([[0.0], np.cumsum(steps[:count])])
    scores = np.concatenate([[0.0], np.cumsum(rises[:count])])
    score_map = ScoreMap(raw=tuple(raw_knots.tolist()), score=tuple((scores / scores[-1]).tolist()))
    ordered = np.sort(np.array(raws, np.float32)).reshape(1, -1)
    found = calibrated(RawScores(float(ordered[0, -1]), ordered, (ordered,)), score_map)
    assert (np.diff(found.map) >= 0).all() and found.map.min() >= 0 and found.map.max() <= 1
    assert found.image == pytest.approx(float(found.map[0, -1]), abs=1e-6)

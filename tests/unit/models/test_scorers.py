"""Scorers: what they compute, that they stay monotone, and what they refuse to load."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.errors import InferenceError, PackageError
from models.manifest import ScoreMap, ScorerEntry
from models.scorers import Floats, RawScores, calibrated, embed, load_scorer
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


def positions(dimensions: int = 4) -> dict[str, NDArray[Any]]:
    """A Gaussian at each of the 4 x 6 places of `features`."""
    packed = RNG.normal(size=(24, dimensions * (dimensions + 1) // 2))
    packed[:, np.cumsum(np.arange(1, dimensions + 1)) - 1] = RNG.uniform(0.5, 2, (24, dimensions))
    return {
        "mean": RNG.normal(size=5).astype(np.float32),
        "projection": RNG.normal(size=(5, dimensions)).astype(np.float32),
        "centre": RNG.normal(size=(4, 6, dimensions)).astype(np.float32),
        "factor": packed.astype(np.float16),
        "contrast": np.array([1.7, 0.3], np.float32),
    }


POSITION_ROLES = ("mean", "projection", "centre", "factor", "contrast")
POSITION = positions()


@pytest.mark.parametrize("pool", [1, 3])
def test_maps_as_planes_and_as_places_give_the_same_vectors_to_the_bit(pool: int) -> None:
    shape = load_scorer(entry("nearest_neighbour", ROLES, pool=pool), files(**NEIGHBOUR)).shape
    planes = features()
    places = tuple(np.ascontiguousarray(one.transpose(1, 2, 0)).transpose(2, 0, 1) for one in planes)
    part = tuple(np.concatenate([one, one], axis=2)[:, :, : one.shape[2]] for one in planes)
    assert not any(one.flags.c_contiguous for one in (*places, *part))
    vectors, grid = embed(planes, shape)
    assert grid == (4, 6) and vectors.flags.c_contiguous
    if pool == 1:
        assert np.array_equal(vectors[:, :2], planes[0].transpose(1, 2, 0).reshape(24, 2))
    assert all(np.array_equal(vectors, embed(other, shape)[0]) for other in (places, part))


def as_if_usual(projected: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The vectors of a picture at the contrast of `POSITION`, and by how many spreads its own is another."""
    usual, spread = (float(one) for one in POSITION["contrast"])
    own = float(np.sqrt(projected.var(axis=0).mean()))
    return projected * usual / (own + 0.05 * usual), float(np.log(max(own, 0.05 * usual) / usual) / spread)


@pytest.mark.parametrize("gain", [0.0, 0.5, 1.0, 30.0])
def test_a_gaussian_of_positions_is_the_mahalanobis_distance_at_each_and_in_contrast(gain: float) -> None:
    scorer = load_scorer(entry("position_gaussian", POSITION_ROLES), files(**POSITION), (48, 32))
    maps = tuple(np.float32(gain) * one for one in features())
    vectors, grid = embed(maps, scorer.shape)
    found = scorer(maps)
    projected = (vectors - POSITION["mean"]).astype(np.float64) @ POSITION["projection"]
    alike, unusual = as_if_usual(projected)
    for place, (y, x) in enumerate(np.ndindex(grid)):
        triangle = np.zeros((4, 4))
        triangle[np.tril_indices(4)] = POSITION["factor"][place]
        inverse = triangle.T @ triangle
        away = alike[place] - POSITION["centre"][y, x]
        wanted = float(np.sqrt(away @ inverse @ away + unusual**2))
        assert found.map[y, x] == pytest.approx(wanted, rel=1e-4)
        assert found.residuals[0][place] == pytest.approx(away, rel=1e-4, abs=1e-5)


@settings(deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.0, 0.7]), st.sampled_from([0.0, 1e3, 1e9]))
def test_masked_places_have_no_share_in_the_contrast(seed: int, smoothing: float, loud: float) -> None:
    rng = np.random.default_rng(seed)
    scorer = load_scorer(entry("position_gaussian", POSITION_ROLES, smoothing_cells=smoothing), files(**POSITION))
    scoring = rng.random((4, 6)) < 0.6
    vectors = rng.normal(size=(24, 5)).astype(np.float32)
    changed = np.where(scoring.reshape(-1, 1), vectors, np.float32(loud))
    before, after = (scorer.of_vectors(one, (4, 6), scoring) for one in (vectors, changed))
    assert np.array_equal(before.map[scoring], after.map[scoring])
    assert np.array_equal(before.residuals[scoring.ravel()], after.residuals[scoring.ravel()])


def test_a_view_of_which_nothing_scores_has_a_distance_all_the_same() -> None:
    scorer = load_scorer(entry("position_gaussian", POSITION_ROLES), files(**POSITION))
    found = scorer.of_vectors(np.zeros((24, 5), np.float32), (4, 6), np.zeros((4, 6), np.bool_))
    assert np.isfinite(found.map).all()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"centre": POSITION["centre"].reshape(6, 4, 4)}, "6 positions|4x6"),
        ({"centre": POSITION["centre"].reshape(24, 4)}, "wrong type or shape"),
        ({"centre": POSITION["centre"][..., :3]}, "centre must be"),
        ({"centre": np.full((4, 6, 4), np.inf, np.float32)}, "no number"),
        ({"factor": POSITION["factor"].astype(np.float32)}, "wrong type or shape"),
        ({"factor": POSITION["factor"][:, :-1]}, "factor must be"),
        ({"factor": POSITION["factor"][:-1]}, "factor must be"),
        ({"factor": np.zeros((24, 10), np.float16)}, "diagonal"),
        ({"factor": np.full((24, 10), np.nan, np.float16)}, "no number"),
        ({"projection": np.ones(5, np.float32)}, "centre must be"),
        ({"contrast": np.ones(3, np.float32)}, "two positive"),
        ({"contrast": np.ones(1, np.float32)}, "two positive"),
        ({"contrast": np.ones((1, 2), np.float32)}, "two positive"),
        ({"contrast": np.array([0, 0.3], np.float32)}, "two positive"),
        ({"contrast": np.array([1.7, 0], np.float32)}, "two positive"),
        ({"contrast": np.array([-1.7, 0.3], np.float32)}, "two positive"),
        ({"contrast": np.array([1.7, -0.3], np.float32)}, "two positive"),
        ({"contrast": np.array([np.nan, 0.3], np.float32)}, "no number"),
        ({"contrast": np.array([1.7, 0.3])}, "wrong type or shape"),
        (positions(65), "too slow"),
    ],
)
def test_positions_a_station_cannot_use_are_refused(changed: dict[str, NDArray[Any]], said: str) -> None:
    with pytest.raises(PackageError, match=said):
        load_scorer(entry("position_gaussian", POSITION_ROLES), files(**(POSITION | changed)), (48, 32))


def test_too_many_positions_or_those_of_another_input_are_refused() -> None:
    wide = {
        "mean": np.zeros(64, np.float32),
        "projection": np.eye(64, dtype=np.float32),
        "centre": np.zeros((33, 32, 64), np.float32),
        "factor": np.ones((33 * 32, 64 * 65 // 2), np.float16),
        "contrast": np.ones(2, np.float32),
    }
    with pytest.raises(PackageError, match="too slow"):
        load_scorer(entry("position_gaussian", POSITION_ROLES), files(**wide), (256, 264))
    for size in ((32, 48), (56, 32), (48, 48)):
        with pytest.raises(PackageError, match="has others"):
            load_scorer(entry("position_gaussian", POSITION_ROLES), files(**POSITION), size)


def test_a_map_of_another_size_than_the_positions_is_an_error_and_no_score() -> None:
    scorer = load_scorer(entry("position_gaussian", POSITION_ROLES), files(**POSITION))
    fine, coarse = features()
    with pytest.raises(InferenceError, match="24"):
        scorer((fine[:, :, :4], coarse[:, :, :2]))


LEARNED = (
    {"known": RNG.normal(size=6).astype(np.float32)},
    {
        "discriminator_hidden": RNG.normal(size=(6, 8)).astype(np.float32),
        "discriminator_out": RNG.normal(size=9).astype(np.float32),
    },
)


@pytest.mark.parametrize("learned", LEARNED)
def test_known_defects_can_only_raise_a_score(learned: dict[str, Floats]) -> None:
    plain = load_scorer(entry("nearest_neighbour", ROLES), files(**NEIGHBOUR))
    taught = load_scorer(entry("nearest_neighbour", (*ROLES, *learned)), files(**NEIGHBOUR, **learned))
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

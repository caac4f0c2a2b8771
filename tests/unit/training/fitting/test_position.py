"""Gaussians of positions: what they tell that one Gaussian cannot, and what they make of few pictures or masks."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from models.scorers import MAX_GAUSSIAN_DIMENSIONS, Scorer, ScorerShape, load_scorer
from training.features import Seen
from training.fitting.candidates import POSITION, Candidate
from training.fitting.crossfit import cross_fit
from training.fitting.fit import fit
from training.fitting.position import MAX_FACTOR_BYTES, fit_positions, kept_dimensions
from training.fitting.sample import FitData, Sample

SHAPE = ScorerShape(16, (8, 16), 1, 0.0, 1e-6)
CANDIDATE = Candidate(POSITION, SHAPE, "whitened", "none", False)
PATTERN = np.random.default_rng(99).normal(0, 3, (8, 4, 6)).astype(np.float32)


def part(seed: int, defect: float = 0.0) -> Seen:
    """A part of 64 x 96 px that looks otherwise at each place, and the more it varies the farther right it is."""
    rng = np.random.default_rng(seed)
    spread = np.linspace(0.2, 2.0, 6, dtype=np.float32)
    coarse = PATTERN + spread * rng.normal(size=PATTERN.shape).astype(np.float32)
    coarse[:, 1, 1] += np.float32(defect)
    fine = rng.normal(size=(3, 8, 12)).astype(np.float32)
    # What stands first is never asked for.
    return Seen(((np.zeros((1, 16, 24), np.float32), fine, coarse),))


def raw(scorer: Scorer, seen: Seen) -> float:
    return scorer(seen.views[0][1:]).raw


@pytest.mark.parametrize("pictures", [1, 2, 12, 200])
def test_a_change_that_is_usual_elsewhere_is_told_in_its_place(pictures: int) -> None:
    fitted = fit(CANDIDATE, Sample([part(seed) for seed in range(pictures)], []), 0)
    good = [raw(fitted.scorer, part(1000 + seed)) for seed in range(20)]
    bad = [raw(fitted.scorer, part(2000 + seed, 4.0)) for seed in range(20)]
    assert np.isfinite(good).all() and np.isfinite(bad).all()
    if pictures >= 12:
        assert np.median(bad) > max(good)
    if pictures == 200:
        assert min(bad) > max(good)


def test_the_arrays_load_as_they_were_judged() -> None:
    fitted = fit(CANDIDATE, Sample([part(seed) for seed in range(30)], []), 0)
    assert {role: array.dtype for role, array in fitted.arrays.items()} == {
        "mean": np.float32,
        "projection": np.float32,
        "centre": np.float32,
        "factor": np.float16,
    }
    files = {}
    for role, array in fitted.arrays.items():
        buffer = BytesIO()
        np.save(buffer, array)
        files[f"{role}.npy"] = buffer.getvalue()
    loaded = load_scorer(fitted.entry({role: f"{role}.npy" for role in fitted.arrays}), files, (96, 64))
    assert raw(loaded, part(5)) == raw(fitted.scorer, part(5))


def test_it_is_the_mahalanobis_distance_of_the_samples_at_each_position() -> None:
    good = [part(seed) for seed in range(400)]
    found = fit_positions(good, replace(SHAPE, strides=(16,)))
    coarse = np.stack([seen.views[0][2] for seen in good]).astype(np.float64)
    at = coarse[:, :, 2, 4]
    away = part(7, 1.0).views[0][2].astype(np.float64)[:, 2, 4] - at.mean(axis=0)
    wanted = float(np.sqrt(away @ np.linalg.inv(np.cov(at.T)) @ away))
    scorer = Scorer(replace(SHAPE, strides=(16,)), found.mean, found.projection, found.distance, None)
    assert scorer((part(7, 1.0).views[0][2],)).map[2, 4] == pytest.approx(wanted, rel=0.03)


def test_what_is_masked_in_all_pictures_teaches_nothing_and_what_is_left_is_told() -> None:
    painted = np.zeros((64, 96), np.bool_)
    painted[:, 48:] = True
    good = [replace(part(seed), painted=(painted,)) for seed in range(30)]
    loud = []
    for seen in good:
        maps = tuple(one.copy() for one in seen.views[0])
        maps[2][:, :, 3:] = 1e4
        loud.append(replace(seen, views=(maps,)))
    quiet, noisy = fit_positions(good, SHAPE), fit_positions(loud, SHAPE)
    assert np.allclose(quiet.centre[:, :3], noisy.centre[:, :3], atol=1e-4)
    assert np.array_equal(quiet.factor.reshape(4, 6, -1)[:, :3], noisy.factor.reshape(4, 6, -1)[:, :3])
    assert np.isfinite(noisy.factor).all()


def test_a_held_out_score_comes_from_a_scorer_that_never_saw_the_picture_below_the_defect() -> None:
    good = [part(seed) for seed in range(16)]
    drawn = [(index, part(index, 4.0)) for index in range(16)]
    data = FitData(good, {"none": [[] for _ in good]}, [], [], (0, 1, 2, 3) * 4, synthetic=drawn)
    result = cross_fit(CANDIDATE, data, 0)
    assert len(result.defective) == 0 and len(result.synthetic) == 16 and len(result.good) == 16
    for index, seen in drawn:
        kept = [one for other, one in enumerate(good) if other % 4 != index % 4]
        assert result.synthetic[index] == raw(fit(CANDIDATE, Sample(kept, []), 0).scorer, seen)


@pytest.mark.parametrize(("positions", "channels"), [(256, 152), (1024, 176), (4096, 176), (65536, 152), (64, 20)])
def test_a_package_can_carry_what_is_kept(positions: int, channels: int) -> None:
    kept = kept_dimensions(positions, channels)
    assert 1 <= kept <= min(MAX_GAUSSIAN_DIMENSIONS, channels)
    assert positions * kept * (kept + 1) <= MAX_FACTOR_BYTES
    assert kept == min(MAX_GAUSSIAN_DIMENSIONS, channels) or positions * (kept + 1) * (kept + 2) > MAX_FACTOR_BYTES

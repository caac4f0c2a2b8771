"""Gaussians of positions: what they tell that one Gaussian cannot, and what they make of few pictures or masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray

from models.scorers import MAX_GAUSSIAN_DIMENSIONS, Floats, Scorer, ScorerShape, load_scorer
from training.features import Seen
from training.fitting.candidates import POSITION, Candidate
from training.fitting.crossfit import cross_fit
from training.fitting.fit import fit
from training.fitting.position import MAX_FACTOR_BYTES, fit_positions, kept_dimensions
from training.fitting.sample import FitData, Sample

SHAPE = ScorerShape(16, (8, 16), 1, 0.0, 1e-6)
CANDIDATE = Candidate(POSITION, SHAPE, "whitened", "none", False)
PATTERN = np.random.default_rng(99).normal(0, 3, (8, 8, 12)).astype(np.float32)


def part(seed: int, defect: float = 0.0) -> Seen:
    """A part of 128 x 192 px that looks otherwise at each place, and the more it varies the farther right it is."""
    rng = np.random.default_rng(seed)
    spread = np.linspace(0.2, 2.0, 12, dtype=np.float32)
    coarse = PATTERN + spread * rng.normal(size=PATTERN.shape).astype(np.float32)
    coarse[:, 1, 1] += np.float32(defect)
    fine = rng.normal(size=(3, 16, 24)).astype(np.float32)
    # What stands first is never asked for.
    return Seen(((np.zeros((1, 32, 48), np.float32), fine, coarse),))


def turned_up(seen: Seen, gain: float, middle: Floats) -> Seen:
    """The same with the vectors of all places `gain` times as far from `middle` `(11,)`, fine ones first."""
    first, *rest = seen.views[0]
    ends = np.split(middle[:, None, None], [len(rest[0])])
    changed = [end + np.float32(gain) * (one - end) for one, end in zip(rest, ends, strict=True)]
    return replace(seen, views=((first, *changed),))


def lit(seed: int) -> Seen:
    """A part under a lamp that is not always as bright."""
    gain = np.exp(np.random.default_rng([seed, 1]).normal(0, 0.2))
    return turned_up(part(seed), float(gain), np.zeros(11, np.float32))


def raw(scorer: Scorer, seen: Seen) -> float:
    return scorer(seen.views[0][1:]).raw


@pytest.mark.parametrize("pictures", [1, 2, 12, 200])
def test_a_change_that_is_usual_elsewhere_is_told_in_its_place(pictures: int) -> None:
    fitted = fit(CANDIDATE, Sample([part(seed) for seed in range(pictures)], []), 0)
    good = [raw(fitted.scorer, part(1000 + seed)) for seed in range(20)]
    bad = [raw(fitted.scorer, part(2000 + seed, 4.0)) for seed in range(20)]
    assert np.isfinite(good).all() and np.isfinite(bad).all()
    if pictures >= 12:
        assert min(bad) > max(good)


def test_the_arrays_load_as_they_were_judged() -> None:
    fitted = fit(CANDIDATE, Sample([part(seed) for seed in range(30)], []), 0)
    assert {role: array.dtype for role, array in fitted.arrays.items()} == {
        "mean": np.float32,
        "projection": np.float32,
        "centre": np.float32,
        "factor": np.float16,
        "contrast": np.float32,
    }
    assert fitted.arrays["contrast"].shape == (2,)
    files = {}
    for role, array in fitted.arrays.items():
        buffer = BytesIO()
        np.save(buffer, array)
        files[f"{role}.npy"] = buffer.getvalue()
    loaded = load_scorer(fitted.entry({role: f"{role}.npy" for role in fitted.arrays}), files, (192, 128))
    assert raw(loaded, part(5)) == raw(fitted.scorer, part(5))


def contrast(coarse: NDArray[np.float64], pooled: NDArray[np.float64]) -> float:
    """Of one picture `(8, h, w)`: how far its places are from its mean, in units of what varies between pictures."""
    away = (coarse - coarse.mean(axis=(1, 2), keepdims=True)).reshape(8, -1)
    return float(np.sqrt(np.einsum("dn,de,en->", away, np.linalg.inv(pooled), away) / away.size))


@pytest.mark.parametrize("gain", [0.8, 1.0, 1.7])
def test_it_is_the_mahalanobis_distance_of_the_samples_at_each_position_and_in_contrast(gain: float) -> None:
    good = [lit(seed) for seed in range(400)]
    found = fit_positions(good, replace(SHAPE, strides=(16,)))
    coarse = np.stack([seen.views[0][2] for seen in good]).astype(np.float64)
    middle = coarse.mean(axis=(0, 2, 3))[:, None, None]
    between = (coarse - coarse.mean(axis=0)).transpose(1, 0, 2, 3).reshape(8, -1)
    pooled = between @ between.T / (between.shape[1] - between.shape[1] / 400)
    own = np.array([contrast(one, pooled) for one in coarse])
    usual, spread = float(np.exp(np.log(own).mean())), float(np.log(own).std())
    at = ((coarse - middle) * (usual / (own + 0.05 * usual))[:, None, None, None])[:, :, 2, 4]

    asked = turned_up(part(7, 1.0), gain, found.mean[[0, 0, 0, *range(8)]]).views[0][2]
    seen = contrast(asked.astype(np.float64), pooled)
    away = ((asked - middle) * usual / (seen + 0.05 * usual))[:, 2, 4] - at.mean(axis=0)
    unusual = np.log(seen / usual) / spread
    wanted = float(np.sqrt(away @ np.linalg.inv(np.cov(at.T)) @ away + unusual**2))
    scorer = Scorer(replace(SHAPE, strides=(16,)), found.mean, found.projection, found.distance, None)
    assert found.contrast == pytest.approx([usual, spread], rel=0.02)
    assert scorer((asked,)).map[2, 4] == pytest.approx(wanted, rel=0.03)


def test_a_brighter_lamp_changes_little_at_each_place() -> None:
    fitted = fit(CANDIDATE, Sample([lit(seed) for seed in range(200)], []), 0)
    for seed in range(1000, 1010):
        usual, brighter = part(seed), turned_up(part(seed), 1.5, fitted.arrays["mean"])
        before, after = (fitted.scorer(one.views[0][1:]).map for one in (usual, brighter))
        assert (np.abs(after - before) < 1.5).all() and after.max() < 1.2 * before.max()
        bad = fitted.scorer(turned_up(part(seed, 4.0), 1.5, fitted.arrays["mean"]).views[0][1:]).map
        assert np.unravel_index(bad.argmax(), bad.shape) == (1, 1) and bad.max() > 2 * after.max()


@pytest.mark.parametrize("train", [part, lit])
@pytest.mark.parametrize("gain", [10.0, 1e4, 0.1, 0.0])
def test_what_is_rough_or_smooth_all_over_is_not_normalised_away(train: Callable[[int], Seen], gain: float) -> None:
    fitted = fit(CANDIDATE, Sample([train(seed) for seed in range(200)], []), 0)
    good = [raw(fitted.scorer, train(1000 + seed)) for seed in range(40)]
    for seed in range(10):
        changed = turned_up(part(2000 + seed), gain, fitted.arrays["mean"])
        found = fitted.scorer(changed.views[0][1:])
        # At each place: it is nowhere as it should be.
        assert found.raw > 1.5 * max(good) and found.map.min() > 1.5 * float(np.median(good))


def test_the_same_defect_at_every_place_is_not_normalised_away() -> None:
    fitted = fit(CANDIDATE, Sample([lit(seed) for seed in range(200)], []), 0)
    good = [raw(fitted.scorer, lit(1000 + seed)) for seed in range(40)]
    first, fine, coarse = part(5).views[0]
    shifted = replace(part(5), views=((first, fine, coarse + np.float32(4)),))
    plain = replace(part(5), views=((first, np.full_like(fine, 2), np.full_like(coarse, 2)),))
    assert raw(fitted.scorer, shifted) > 2 * max(good) and raw(fitted.scorer, plain) > 2 * max(good)


def test_a_good_picture_without_contrast_does_not_make_every_contrast_usual() -> None:
    flat = turned_up(part(5), 0.0, np.ones(11, np.float32))
    known = fit_positions([part(seed) for seed in range(60)], SHAPE).contrast
    found = fit_positions([*(part(seed) for seed in range(60)), flat], SHAPE).contrast
    assert found[0] == pytest.approx(known[0], rel=0.2) and found[1] < 0.5


def test_pictures_without_contrast_and_those_of_which_nothing_scores_are_survived() -> None:
    flat = turned_up(part(5), 0.0, np.ones(11, np.float32))
    hidden = replace(part(6), painted=(np.ones((128, 192), np.bool_),))
    for good in ([flat] * 12, [part(seed) for seed in range(12)] + [hidden]):
        fitted = fit(CANDIDATE, Sample(good, []), 0)
        assert (fitted.arrays["contrast"] > 0).all() and np.isfinite(raw(fitted.scorer, part(7)))


def test_what_is_masked_in_all_pictures_teaches_nothing_and_what_is_left_is_told() -> None:
    painted = np.zeros((128, 192), np.bool_)
    painted[:, 96:] = True
    good = [replace(part(seed), painted=(painted,)) for seed in range(30)]
    loud = []
    for seen in good:
        maps = tuple(one.copy() for one in seen.views[0])
        maps[2][:, :, 6:] = 1e4
        loud.append(replace(seen, views=(maps,)))
    quiet, noisy = fit_positions(good, SHAPE), fit_positions(loud, SHAPE)
    assert np.allclose(quiet.centre[:, :6], noisy.centre[:, :6], atol=1e-4)
    assert np.array_equal(quiet.factor.reshape(8, 12, -1)[:, :6], noisy.factor.reshape(8, 12, -1)[:, :6])
    assert np.array_equal(quiet.contrast, noisy.contrast)
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

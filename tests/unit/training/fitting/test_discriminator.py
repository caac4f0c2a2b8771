"""Discriminators: what they learn from, that nothing left out has a share in them, and what they do to scores."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from models.discriminator import HIDDEN, MAX_BYTES, OUT
from models.scorers import Floats, ScorerShape, embed
from training.features import Seen
from training.fitting import discriminator, network
from training.fitting.candidates import Candidate
from training.fitting.crossfit import cross_fit
from training.fitting.network import LESSON_PLACES, PLACES, UNITS, Layers, Lessons, drawn, learn
from training.fitting.sample import FitData, Mask, Shown, select
from training.fitting.taught import fit_taught
from training.metrics.ranking import auroc

SHAPE = ScorerShape(8, (8, 16), 1, 0.0, 1e-6)
TAUGHT = Candidate("gaussian", SHAPE, "whitened", "none", 1.0)
CHANNELS = {4: 2, 8: 12, 16: 12}
GOOD, FOLDS = 12, 4


def picture(seed: int, defect: float = 0.0) -> Seen:
    """Noise maps of a 64 x 64 input; a defect shifts one direction that good places vary in, too, at one place."""
    rng = np.random.default_rng(seed)
    maps = []
    for stride, channels in CHANNELS.items():
        side = 64 // stride
        feature = rng.normal(size=(channels, side, side)).astype(np.float32)
        feature[0, side // 2, side // 2] += np.float32(defect)
        maps.append(feature)
    return Seen((tuple(maps),))


def where() -> Mask:
    mask = np.zeros((64, 64), np.bool_)
    mask[32:40, 32:40] = True
    return mask


def data(real: int = 0, made: bool = True, masked: bool = True, defect: float = 4.0) -> FitData:
    made_of: list[list[Shown]] = [[(picture(1000 + index, defect), (where(),))] for index in range(GOOD)]
    return FitData(
        good=[picture(index) for index in range(GOOD)],
        views={"none": [[] for _ in range(GOOD)]},
        defective=[picture(500 + index, defect) for index in range(real)],
        masks=[(where() if masked else None,)] * real,
        fold_of=tuple(index % FOLDS for index in range(GOOD)) + tuple(index % FOLDS for index in range(real)),
        made=made_of if made else (),
    )


def fingerprints(rows: Floats) -> set[bytes]:
    return {hashlib.sha256(np.ascontiguousarray(row).tobytes()).digest() for row in rows.reshape(-1, rows.shape[-1])}


def places_of(seen: Seen) -> set[bytes]:
    vectors, _ = embed(select(seen, SHAPE.strides).views[0], SHAPE)
    return fingerprints(vectors)


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Lessons]]:
    """What every network was taught, in place of learning it."""
    taught: list[Lessons] = []

    def note(own: Lessons, _seed: int) -> Layers:
        taught.append(own)
        # Which lessons a network had can be read from it.
        width, number = own.good.shape[2], np.float32(len(taught) - 1)
        return Layers(np.full((width + 1, UNITS), number), np.ones(UNITS + 1, np.float32))

    monkeypatch.setattr(discriminator, "learn", note)
    yield taught


@pytest.mark.parametrize("masked", [True, False])
def test_no_picture_is_judged_by_what_saw_it_or_a_defect_drawn_on_it(lessons: list[Lessons], masked: bool) -> None:
    whole = data(real=8, masked=masked)
    for fold in range(FOLDS):
        hidden_layer = fit_taught(TAUGHT, whole, seed=0, without=fold).arrays[HIDDEN]
        used = [lessons[int(number)] for number in hidden_layer[0, ::UNITS]]
        assert len(used) == FOLDS - 1
        kept = [index for index in range(GOOD) if whole.fold_of[index] == fold]
        hidden = [whole.good[index] for index in kept] + [whole.made[index][0][0] for index in kept]
        hidden += [own for own, other in zip(whole.defective, whole.fold_of[GOOD:], strict=True) if other == fold]
        unseen = set().union(*(places_of(one) for one in hidden))
        for own in used:
            shown = fingerprints(own.good).union(*(fingerprints(rows) for rows in (*own.synthetic, *own.real)))
            assert shown and not shown & unseen


def test_what_raises_nothing_is_told_by_pictures_that_the_network_never_saw(
    lessons: list[Lessons], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, bytes]] = []
    plain = Layers.logits

    def note(self: Layers, vectors: Floats) -> Floats:
        asked.append((len(lessons) - 1, min(fingerprints(vectors))))
        return plain(self, vectors)

    monkeypatch.setattr(Layers, "logits", note)
    fit_taught(TAUGHT, data(), seed=0)
    assert len(lessons) == FOLDS and len(asked) == GOOD
    for asked_of, place in asked:
        assert place not in fingerprints(lessons[asked_of].good)


def test_the_networks_of_a_run_are_learned_once(lessons: list[Lessons]) -> None:
    whole = data()
    cross_fit(TAUGHT, whole, seed=0)
    # Those without two folds serve the scorers of both.
    assert len(lessons) == FOLDS * (FOLDS - 1) // 2
    cross_fit(replace(TAUGHT, shape=replace(SHAPE, smoothing_cells=1.0), taught=2.0), whole, seed=0)
    assert len(lessons) == FOLDS * (FOLDS - 1) // 2


def test_networks_of_other_pictures_are_never_taken_for_those_of_these(lessons: list[Lessons]) -> None:
    whole = data(real=8)
    fit_taught(TAUGHT, whole, seed=0)
    fewer = replace(whole, defective=whole.defective[:4], masks=whole.masks[:4], fold_of=whole.fold_of[: GOOD + 4])
    fit_taught(TAUGHT, fewer, seed=0)
    assert len(lessons) == 2 * FOLDS and len(lessons[0].real) == 6 and len(lessons[FOLDS].real) == 3


@pytest.mark.parametrize("masked", [True, False])
def test_lessons_are_places_of_the_defect_and_equally_many_of_each_good_picture(masked: bool) -> None:
    whole = data(real=2, masked=masked)
    found = discriminator.lessons_of(TAUGHT, whole.sample("none"), seed=0)
    assert found.good.shape == (GOOD, min(PLACES, 64), CHANNELS[8] + CHANNELS[16])
    assert len(found.synthetic) == GOOD and len(found.real) == 2
    assert all(1 <= len(rows) <= 4 * LESSON_PLACES for rows in (*found.synthetic, *found.real))
    for rows, (seen, _) in zip(found.synthetic, whole.sample("none").made, strict=True):
        vectors, (_, width) = embed(select(seen, SHAPE.strides).views[0], SHAPE)
        assert fingerprints(rows) == fingerprints(vectors[[4 * width + 4]])


def test_a_masked_place_of_a_good_picture_teaches_nothing() -> None:
    whole = data()
    painted = np.zeros((64, 64), np.bool_)
    painted[:32] = True
    half = replace(whole, good=[replace(one, painted=(painted,)) for one in whole.good])
    found = discriminator.lessons_of(TAUGHT, half.sample("none"), seed=0)
    vectors, _ = embed(select(whole.good[0], SHAPE.strides).views[0], SHAPE)
    assert not fingerprints(vectors[:32]) & fingerprints(found.good)
    assert fingerprints(vectors[32:]) <= fingerprints(found.good)


def test_without_a_lesson_or_a_second_fold_there_is_no_discriminator(lessons: list[Lessons]) -> None:
    nothing = fit_taught(TAUGHT, data(made=False), seed=0)
    alone = fit_taught(TAUGHT, replace(data(), fold_of=(0,) * GOOD), seed=0)
    one_real = fit_taught(TAUGHT, data(made=False, real=1), seed=0)
    assert not lessons and all(HIDDEN not in fitted.arrays for fitted in (nothing, alone, one_real))


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough steps for bytes to differ."""
    monkeypatch.setattr(network, "_STEPS", 20)


def test_it_finds_what_distances_do_not_and_raises_few_good_pictures() -> None:
    whole = data(real=8, defect=3.5)
    plain, taught = (cross_fit(replace(TAUGHT, taught=weight), whole, seed=0) for weight in (0.0, 1.0))
    assert auroc(taught.good, taught.defective) > auroc(plain.good, plain.defective)
    assert (taught.good >= plain.good - 1e-5).all() and (taught.defective >= plain.defective - 1e-5).all()
    assert (taught.good > plain.good + 1e-5).mean() <= 0.5


@pytest.mark.usefixtures("hurried")
def test_the_same_data_and_seed_give_the_same_bytes_and_a_station_can_afford_them() -> None:
    first, second = (fit_taught(TAUGHT, data(), seed=3).arrays for _ in range(2))
    assert first[HIDDEN].shape == (CHANNELS[8] + CHANNELS[16] + 1, FOLDS * UNITS)
    for role in (HIDDEN, OUT):
        assert first[role].dtype == np.float32 and first[role].tobytes() == second[role].tobytes()
    # The widest input there is, at the usual number of folds.
    assert 4 * ((24 + 40 + 112 + 1) * FOLDS * UNITS + FOLDS * UNITS + 1) <= MAX_BYTES


def test_real_defects_weigh_more_the_more_there_are() -> None:
    good = np.random.default_rng(0).normal(size=(4, 16, 3)).astype(np.float32)
    made = [np.full((1, 3), 1, np.float32)]
    shares = []
    for count in (0, 1, 20, 200):
        real = [np.full((1, 3), 2, np.float32)] * count
        rng = np.random.default_rng(0)
        rows = np.concatenate([drawn(Lessons(good, made, real), rng)[0][:, 0, 0] for _ in range(20)])
        shares.append(float((rows == 2).mean()))
    assert shares[0] == 0 and 0 < shares[1] < shares[2] < shares[3] < 0.8


def test_layers_apply_to_place_vectors_as_they_are() -> None:
    rng = np.random.default_rng(0)
    good = (rng.normal(size=(8, 16, 3)) * [1, 100, 0.01] + [5, -300, 0]).astype(np.float32)
    defects = [(one[:2] + np.array([0, 0, 0.1])).astype(np.float32) for one in good]
    layers = learn(Lessons(good, defects, []), seed=0)
    assert layers.logits(np.concatenate(defects)).mean() > 0 > layers.logits(good.reshape(-1, 3)).mean()

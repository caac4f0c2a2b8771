"""Which scorer is taken: by real defects, by drawn ones where there are none, and the cheaper one of two equals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from training.fitting import budget
from training.fitting import cost as reckoning
from training.fitting.candidates import DEFAULT, GAUSSIAN, KINDS, POSITION, WITHOUT_DEFECTS, Candidate
from training.fitting.choose import choose, choose_without_defects, clearly_better, merit, noise, ranked
from training.fitting.cost import BUDGET, affordable, cost, scorer_us
from training.fitting.crossfit import CrossFit

CHEAP = Candidate(GAUSSIAN, replace(DEFAULT.shape, grid_stride=16), "whitened", "none", False)
WITHIN = Candidate(*next(kind for kind in KINDS if kind[0] == POSITION), "none", 0.0)
FINE = replace(WITHIN, shape=next(kind[1] for kind in KINDS if kind[0] == POSITION and kind[1].grid_stride == 8))
SHORT = replace(CHEAP, shape=replace(DEFAULT.shape, strides=(4, 8)))
RNG = np.random.default_rng(0)
GOOD = RNG.normal(size=200)
BAD = RNG.normal(1.5, size=60)
JITTER = np.random.default_rng(2).normal(0, 0.5, 60)


def result(
    candidate: Candidate, good: NDArray[np.float64], bad: NDArray[np.float64], *, drawn: bool = False
) -> CrossFit:
    empty = np.zeros(0)
    return CrossFit(candidate, (), (), good, empty if drawn else bad, synthetic=bad if drawn else empty)


def test_gaussians_cost_less_than_a_bank_and_a_shorter_network_less_than_a_long_one() -> None:
    position = next(Candidate(*kind, "none", False) for kind in KINDS if kind[0] == POSITION)
    assert cost(CHEAP) < cost(position) < 0.8 * cost(DEFAULT)
    short = replace(DEFAULT, shape=replace(DEFAULT.shape, strides=(4, 8)))
    assert cost(short) < cost(DEFAULT) and cost(replace(DEFAULT, scaling="whitened")) < cost(DEFAULT)


@pytest.mark.parametrize("drawn", [False, True])
def test_of_two_that_differ_by_chance_alone_the_cheaper_one_is_taken(drawn: bool) -> None:
    dear = result(DEFAULT, GOOD, BAD, drawn=drawn)
    worse = result(CHEAP, GOOD, BAD + JITTER, drawn=drawn)
    assert 0 < merit(dear) - merit(worse) <= noise(dear, worse)
    assert ranked([dear, worse])[0] is worse and ranked([worse, dear])[0] is worse


def test_a_cheaper_one_that_is_worse_beyond_chance_is_not() -> None:
    dear, worse = result(DEFAULT, GOOD, BAD), result(CHEAP, GOOD, BAD - 0.7)
    assert merit(dear) - merit(worse) > noise(dear, worse)
    assert ranked([worse, dear])[0] is dear


def test_where_both_tell_all_the_wider_gap_counts_more_than_the_cost() -> None:
    dear, close = result(WITHIN, GOOD, BAD + 50), result(CHEAP, GOOD, BAD + 4)
    assert cost(WITHIN) > cost(CHEAP) and noise(dear, close) == 0 and ranked([close, dear])[0] is dear
    assert ranked([dear, result(SHORT, GOOD, BAD + 60)])[0].candidate is SHORT


def test_a_wider_gap_is_not_worth_more_work_than_judging_may_be() -> None:
    dear, close = result(DEFAULT, GOOD, BAD + 50), result(CHEAP, GOOD, BAD + 4)
    assert merit(dear) > merit(close) + 1 and ranked([dear, close])[0] is close


def test_the_budget_lies_between_gaussians_and_a_bank_on_the_fine_grid() -> None:
    assert affordable(CHEAP) and affordable(replace(CHEAP, taught=1.0)) and affordable(WITHIN)
    assert all(affordable(Candidate(*kind, "none", 0.0)) for kind in WITHOUT_DEFECTS[:3])
    assert not affordable(DEFAULT) and cost(DEFAULT) > 1.25 * BUDGET


def test_positions_on_the_fine_grid_are_within_the_budget_alone_and_with_a_discriminator_are_not() -> None:
    assert FINE in (Candidate(*kind, "none", 0.0) for kind in WITHOUT_DEFECTS)
    assert cost(WITHIN) < cost(FINE) <= BUDGET < cost(replace(FINE, taught=1.0))
    assert affordable(FINE) and not affordable(replace(FINE, taught=1.0))


def test_a_scorer_is_reckoned_with_as_it_is_between_two_runs_of_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    taught = replace(FINE, taught=1.0)
    between = scorer_us(taught)
    monkeypatch.setattr(reckoning, "_COLD", 1.0)
    # In a loop of its own it would be within the budget.
    assert between == pytest.approx(1.35 * scorer_us(taught)) and affordable(taught)


def test_one_beyond_the_budget_is_taken_only_where_it_is_clearly_better() -> None:
    shown, cheap = result(DEFAULT, GOOD, BAD), result(CHEAP, GOOD, BAD - 0.7)
    ahead = merit(shown) - merit(cheap)
    assert ahead > 1 and ahead > 2 * noise(shown, cheap) and ranked([cheap, shown])[0] is shown
    # Beyond chance, but by less than twice what chance explains.
    doubtful = result(CHEAP, GOOD, BAD - 0.09 + JITTER)
    ahead = merit(shown) - merit(doubtful)
    assert max(1.0, noise(shown, doubtful)) < ahead < 2 * noise(shown, doubtful)
    assert ranked([doubtful, shown])[0] is doubtful and ranked([doubtful, shown])[1] is shown
    # Beyond any doubt, but by less than a point.
    rng = np.random.default_rng(5)
    many = rng.normal(size=1000), rng.normal(1.5, size=1000)
    best, close = result(DEFAULT, *many), result(CHEAP, many[0], many[1] - 0.02)
    assert 2 * noise(best, close) < merit(best) - merit(close) < 1 and not clearly_better(best, close)
    assert ranked([best, close])[0] is close


def test_those_beyond_the_budget_stand_behind_all_others() -> None:
    dear, cheap = result(DEFAULT, GOOD, BAD + 0.01), result(CHEAP, GOOD, BAD)
    poor = result(WITHIN, GOOD, BAD - 2)
    assert [one.candidate for one in ranked([dear, poor, cheap])] == [CHEAP, WITHIN, DEFAULT]


def test_what_the_budget_changed_is_said() -> None:
    shown, cheap = result(DEFAULT, GOOD, BAD), result(CHEAP, GOOD, BAD - 0.7)
    left = budget.said([cheap, shown])
    assert left is not None and "was ahead by" in left.en and f"{cost(DEFAULT):.2f}" in left.zh
    taken = budget.said([shown, cheap])
    assert taken is not None and "is behind by" in taken.en and f"{cost(DEFAULT):.2f}" in taken.zh
    alone = budget.said([shown])
    assert alone is not None and "none that takes less was compared" in alone.en
    assert budget.said([cheap]) is None and budget.said([result(CHEAP, GOOD, BAD), result(DEFAULT, GOOD, BAD)]) is None


def test_the_noise_is_that_of_drawing_other_pictures() -> None:
    rng = np.random.default_rng(3)
    differences = []
    for _ in range(400):
        good, bad = rng.normal(size=80), rng.normal(1.5, size=40)
        one = result(DEFAULT, good, bad)
        other = result(CHEAP, good + rng.normal(size=80), bad + rng.normal(size=40))
        differences.append(merit_of_ranks(one) - merit_of_ranks(other))
    assert noise(one, other) == pytest.approx(float(np.std(differences)), rel=0.35)


def merit_of_ranks(one: CrossFit) -> float:
    return 100.0 * float((one.defective[:, None] > one.good[None]).mean())


def test_without_a_shown_defect_few_compete_by_drawn_ones() -> None:
    def try_one(candidate: Candidate) -> CrossFit:
        return result(candidate, GOOD, BAD + (5.0 if candidate.kind == POSITION else 0.0), drawn=True)

    found = choose_without_defects(try_one, "shifted", positions=True)
    assert len(found) == len(WITHOUT_DEFECTS) and {one.candidate.views for one in found} == {"shifted"}
    assert found[0].candidate.kind == POSITION


@pytest.mark.parametrize(("gap", "kind"), [(0.0, POSITION), (1.0, GAUSSIAN)])
def test_positions_are_taken_where_nothing_speaks_against_them_and_not_where_drawn_defects_do(
    gap: float, kind: str
) -> None:
    def try_one(candidate: Candidate) -> CrossFit:
        better = gap if candidate.kind == GAUSSIAN else 0.0
        return result(candidate, GOOD, BAD + JITTER * (candidate.kind == POSITION) + better, drawn=True)

    assert choose_without_defects(try_one, "none", positions=True)[0].candidate.kind == kind


def test_where_a_picture_has_several_views_no_scorer_of_positions_is_tried() -> None:
    tried = []

    def try_one(candidate: Candidate) -> CrossFit:
        tried.append(candidate.kind)
        return result(candidate, GOOD, BAD)

    choose(try_one, ("none",), can_know=True, positions=False)
    choose_without_defects(try_one, "none", positions=False)
    assert tried and POSITION not in tried
    choose(try_one, ("none",), can_know=True, positions=True)
    assert POSITION in tried


@pytest.mark.parametrize(
    ("gain", "spread", "ships"),
    [(1.5, 1.0, True), (0.0, 1.0, False), (3.0, 2.0, False), (-1.0, 1.0, False)],
)
def test_what_synthetic_defects_taught_ships_where_it_finds_more_and_leaves_good_pictures_as_they_are(
    gain: float, spread: float, ships: bool
) -> None:
    def try_one(candidate: Candidate) -> CrossFit:
        taught = bool(candidate.taught)
        good = np.where(taught & (GOOD > 1), 1 + spread * (GOOD - 1), GOOD)
        return result(candidate, good + 10, BAD + 10 + (gain if taught else 0.0), drawn=True)

    found = choose_without_defects(try_one, "none", positions=True, can_know=True)
    assert len(found) == len(WITHOUT_DEFECTS) + 1 and bool(found[0].candidate.taught) is ships
    assert sum(bool(one.candidate.taught) for one in found) == 1
    assert not any(one.candidate.taught for one in choose_without_defects(try_one, "none", positions=True))

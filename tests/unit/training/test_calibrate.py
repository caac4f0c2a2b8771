"""Maps and limits from held-out scores: monotone, honest, and never on the unsafe side of a known defect."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decision import Outcome, outcome_of
from training.calibrate import (
    Raws,
    limits_in_unit,
    map_through_line,
    raw_limits,
    reference_map,
    refuse_constant,
    scores_in_unit,
)
from training.errors import RefusedForSafety
from training.text import Text

NONE = np.zeros(0)
SCORES = st.lists(st.floats(0.1, 50), min_size=12, max_size=300, unique=True).map(np.array)


def good_scores(count: int = 60) -> Raws:
    return np.random.default_rng(0).normal(5, 0.5, count)


@given(SCORES, st.one_of(st.just(NONE), SCORES))
def test_limits_are_ordered(good: Raws, bad: Raws) -> None:
    limits, score_map = raw_limits(good, bad), reference_map(good)
    assert limits.ok_below <= limits.ng_from
    unit = limits_in_unit(limits, score_map)
    assert 0 <= unit.ok_below <= unit.ng_from <= 1


REACHES = st.one_of(st.none(), st.floats(-10, 500), st.floats())


@given(SCORES, st.one_of(st.just(NONE), SCORES), REACHES)
def test_limits_are_ordered_whatever_a_scorer_reaches(good: Raws, bad: Raws, reach: float | None) -> None:
    limits = raw_limits(good, bad, reach)
    assert limits.ok_below <= limits.ng_from
    unit = limits_in_unit(limits, reference_map(good))
    assert 0 <= unit.ok_below <= unit.ng_from <= 1


@given(SCORES, REACHES)
def test_what_a_scorer_reaches_brings_the_ng_limit_down_and_touches_nothing_else(
    good: Raws, reach: float | None
) -> None:
    plain, found = raw_limits(good, NONE), raw_limits(good, NONE, reach)
    assert (found.ok_below, found.spare_rank) == (plain.ok_below, plain.spare_rank)
    assert found.ok_below <= found.ng_from <= plain.ng_from
    if reach is not None and reach > found.ok_below:
        # Half-way at most, so that what no part looks like is NG itself.
        assert found.ng_from == min(plain.ng_from, (plain.ok_below + reach) / 2) and found.ng_from <= reach


@given(SCORES, SCORES, REACHES)
def test_known_defects_tell_more_than_what_a_scorer_reaches(good: Raws, bad: Raws, reach: float | None) -> None:
    assert raw_limits(good, bad, reach) == raw_limits(good, bad)


@pytest.mark.parametrize(("of_spread", "ng_of_spread"), [(0.25, 0.2), (0.95, 0.55), (1.05, 0.6), (9, 0.6), (0.1, 0.6)])
def test_the_ng_limit_stands_at_most_half_way_to_what_no_part_looks_like(of_spread: float, ng_of_spread: float) -> None:
    good = np.linspace(1.0, 2.0, 101)
    limits = raw_limits(good, NONE, 2.0 + of_spread * 0.5)
    assert limits.ok_below == pytest.approx(2.0 + 0.15 * 0.5)
    assert limits.ng_from == pytest.approx(2.0 + ng_of_spread * 0.5)


@given(SCORES, SCORES)
def test_known_defects_never_raise_the_ok_limit_past_them(good: Raws, bad: Raws) -> None:
    limits = raw_limits(good, bad)
    assert limits.ok_below <= max(bad.min(), np.quantile(good, 0.90))
    assert limits.ok_below <= np.sort(good)[-1] + max((bad.min() - good.max()) * 0.5, 0) + 1e-6


def test_without_defects_every_good_score_is_ok() -> None:
    good = good_scores()
    limits = raw_limits(good, NONE)
    assert limits.spare_rank == 0 and limits.ok_below > good.max()


def test_a_defect_among_good_scores_makes_a_recheck_band() -> None:
    good = good_scores()
    lowest = float(np.quantile(good, 0.95))
    limits = raw_limits(good, np.array([lowest, 20.0]))
    unit, score_map = limits_in_unit(limits, reference_map(good)), reference_map(good)
    assert limits.ok_below <= lowest and limits.spare_rank is None
    assert outcome_of(float(np.interp(lowest, score_map.raw, score_map.score)), unit) is Outcome.RECHECK


def test_a_good_picture_that_looks_like_a_defect_does_not_keep_all_defects_from_being_ng() -> None:
    good, bad = np.append(good_scores(99), 20.0), np.linspace(15, 21, 31)
    limits = raw_limits(good, np.append(bad, 5.0))
    assert float(np.sort(good)[-2]) < limits.ng_from < 10
    assert raw_limits(good, np.append(bad, 5.0) + 5).ng_from > 20, "most defects are above it anyway"
    few = np.append(good_scores(30), 20.0)
    assert raw_limits(few, np.append(bad, 5.0)).ng_from > 20, "one of so few is more than one in a hundred"


@given(SCORES, SCORES)
def test_no_more_than_one_good_score_in_a_hundred_is_left_above_the_ng_limit(good: Raws, bad: Raws) -> None:
    limits = raw_limits(good, bad)
    left = int((good >= limits.ng_from).sum())
    assert left <= max(len(good) // 200, round(len(good) / 100))
    if left > len(good) // 200:
        assert (bad >= limits.ng_from).mean() >= 0.5


def test_one_outlier_among_many_good_pictures_does_not_move_the_limit() -> None:
    good = np.append(good_scores(399), 100.0)
    assert raw_limits(good, NONE).ok_below < 10 and raw_limits(good, NONE).spare_rank == 2


@given(SCORES)
def test_maps_keep_order_and_anchor_on_good_scores(good: Raws) -> None:
    score_map = reference_map(good)
    found = np.interp(np.sort(good), score_map.raw, score_map.score)
    assert (np.diff(found) >= 0).all()
    assert np.interp(np.median(good), score_map.raw, score_map.score) == pytest.approx(0.25)


def test_another_runtime_on_a_straight_line_gets_the_same_scores() -> None:
    good = good_scores()
    own = good * 1.07 + 0.3
    maps = {"onnxruntime": reference_map(good), "openvino": map_through_line(reference_map(good), own, good)}
    scores = scores_in_unit({"onnxruntime": good, "openvino": own}, maps)
    assert scores["openvino"] == pytest.approx(scores["onnxruntime"], abs=1e-6)


def test_a_runtime_off_the_line_is_refused() -> None:
    good = good_scores()
    with pytest.raises(RefusedForSafety, match="differently"):
        map_through_line(reference_map(good), np.random.default_rng(1).permutation(good), good)


@pytest.mark.parametrize("raws", [np.zeros(9), np.full(9, 3.7), np.array([1.0, np.nan]), np.array([1.0, np.inf])])
def test_scores_that_say_nothing_are_refused(raws: Raws) -> None:
    with pytest.raises(RefusedForSafety):
        refuse_constant(raws, Text("the network", "网络"))


@given(st.lists(st.floats(0.1, 50), min_size=12, max_size=700).map(np.array))
def test_the_rule_spares_no_more_good_scores_than_it_says(good: Raws) -> None:
    limits = raw_limits(good, NONE)
    assert limits.spare_rank is not None
    assert int((good >= limits.ok_below).sum()) <= limits.spare_rank == len(good) // 200


def test_defects_make_the_limit_one_that_was_chosen_on_the_scores() -> None:
    assert raw_limits(good_scores(), np.array([1000.0])).spare_rank is None

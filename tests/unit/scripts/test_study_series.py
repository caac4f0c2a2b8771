"""The figures of the study are what their definitions say, and rendered parts are judged by them."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from scripts import study_series
from scripts.study_series import Labels, Study, Truth, halves, judged, leaking, runs


def _by_definition(found: Labels, truth: Labels) -> float:
    """(index - expected) / (largest - expected), every pair looked at (Hubert and Arabie, 1985)."""
    pairs = list(combinations(range(len(found)), 2))
    ours = sum(found[one] == found[other] for one, other in pairs)
    theirs = sum(truth[one] == truth[other] for one, other in pairs)
    both = sum(found[one] == found[other] and truth[one] == truth[other] for one, other in pairs)
    expected = ours * theirs / len(pairs)
    return float((both - expected) / ((ours + theirs) / 2 - expected))


@pytest.mark.parametrize("seed", range(5))
def test_the_adjusted_rand_index_is_that_of_its_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found, truth = rng.integers(6, size=40), rng.integers(4, size=40)
    assert judged(found, truth).rand == pytest.approx(_by_definition(found, truth))


def test_equal_groups_score_one_whatever_they_are_called() -> None:
    said = judged(np.array([5, 5, 2, 2, 2, 9]), np.array([0, 0, 1, 1, 1, 4]))
    assert (said.rand, said.precision, said.recall, said.wrong) == (1.0, 1.0, 1.0, 0)


def test_false_pairs_are_counted_where_all_differ() -> None:
    said = judged(np.array([0, 0, 0, 3]), np.arange(4))
    assert (said.wrong, said.apart, said.precision) == (3, 6, 0.0)


def test_a_leak_is_a_test_picture_whose_part_was_trained_on() -> None:
    assert leaking(np.array([0, 0, 1, 2]), ("train", "test", "test", "test")) == pytest.approx(1 / 3)


def test_numbers_of_one_folder_that_rise_with_the_exposure_are_one_part() -> None:
    names = ["A/x/exp1_num_10.jpg", "A/x/exp2_num_30.jpg", "A/x/exp1_num_40.jpg", "A/x/exp3_num_45.jpg"]
    assert runs([*names, "B/x/exp3_num_32.jpg", "A/x/exp2_num_60.jpg"]).tolist() == [0, 0, 2, 0, 1, 2]


def test_halves_share_no_part() -> None:
    truth = Truth("parts", np.array([0, 0, 1, 2, 3]))
    first, second = halves(Study("set", Path(), ("a", "b", "c", "d", "e"), (truth,)))
    assert (first.names, second.names) == (("a", "b", "d"), ("c", "e"))


def test_rendered_parts_make_no_false_pair() -> None:
    summary, figures = study_series.rendered(12)
    assert summary.startswith("rendered flanges: 12 pictures, 0 series")
    assert "0 of 66 pairs false" in figures

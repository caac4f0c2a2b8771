"""Folds never cut a group, cover everything and are alike in size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from training.data.split import folds_by_group

GROUPS = st.lists(st.sampled_from([f"lot {index}" for index in range(12)]), min_size=1, max_size=80)


@given(GROUPS, st.integers(0, 5))
def test_a_group_is_in_one_fold_only(groups: list[str], seed: int) -> None:
    folds = folds_by_group(groups, seed)
    assert len(folds) == len(groups) and set(folds) <= {0, 1, 2, 3}
    assert all(len({fold for fold, name in zip(folds, groups, strict=True) if name == one}) == 1 for one in groups)


def test_single_pictures_are_spread_evenly_and_seeds_differ() -> None:
    names = [str(index) for index in range(31)]
    folds = folds_by_group(names, 0)
    assert sorted(folds.count(fold) for fold in range(4)) == [7, 8, 8, 8]
    assert folds == folds_by_group(names, 0) != folds_by_group(names, 1)

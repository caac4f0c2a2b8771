"""What is kept from a network that learns: by group, of every class, or as a split says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.training.test_modes import data
from training.data.dataset import DataSet
from training.errors import BadData
from training.splits.parted import Parted
from training.validation import held_out_of


def parted(seen: DataSet, validation: frozenset[str] = frozenset()) -> Parted[DataSet]:
    none = replace(seen, pictures=())
    return Parted(seen, none, none, validation=validation)


def grouped(seen: DataSet, size: int) -> DataSet:
    own = (replace(one, group=f"{one.label}{at // size}") for at, one in enumerate(seen.pictures))
    return replace(seen, pictures=tuple(own))


def test_a_quarter_of_each_class_is_kept_and_no_group_is_torn() -> None:
    seen = grouped(data(64, 32), 4)
    kept, told = held_out_of(parted(seen), 0)
    assert len(kept.good) == 16 and len(kept.defective) == 8 and "a quarter of the pictures" in told
    names = {one.name for one in kept.pictures}
    sides = {(one.group, one.name in names) for one in seen.pictures}
    assert len(sides) == len({group for group, _ in sides})
    assert held_out_of(parted(seen), 0)[0] == kept


def test_a_class_of_one_group_is_only_learned_from() -> None:
    seen = data(40, 20, classes=2)
    one_lot = tuple(replace(one, group="lot") if one.label == "dent1" else one for one in seen.pictures)
    for seed in range(6):
        kept, _ = held_out_of(parted(replace(seen, pictures=one_lot)), seed)
        assert {one.label for one in kept.pictures} == {"good", "dent0"}


def test_good_pictures_of_one_lot_are_parted_one_by_one() -> None:
    seen = data(40, 8)
    one_lot = tuple(replace(one, group="lot") if one.good else one for one in seen.pictures)
    kept, _ = held_out_of(parted(replace(seen, pictures=one_lot)), 0)
    assert len(kept.good) == 10


def test_a_split_says_what_is_kept() -> None:
    seen = data(20, 10)
    names = frozenset(one.name for one in (*seen.good[:9], *seen.defective[:2]))
    kept, told = held_out_of(parted(seen, names), 0)
    assert {one.name for one in kept.pictures} == names and "11 validation and calibration pictures" in told
    seen = data(40, 10)
    few, told = held_out_of(parted(seen, frozenset({seen.good[0].name})), 0)
    assert len(few.pictures) > 1 and "a quarter" in told


@pytest.mark.parametrize("seen", [data(20, 10), data(80, 1)])
def test_too_few_to_keep_any_is_told(seen: DataSet) -> None:
    with pytest.raises(BadData, match=r"8 and 1 are the least.*--mode mixed"):
        held_out_of(parted(seen), 0)


def test_the_root_is_kept() -> None:
    assert held_out_of(parted(data(40, 8)), 0)[0].root == Path("parts")

"""How pictures are dealt: groups whole, classes everywhere, near the best there is, and the same every time."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from training.data.subsets import SHARES, SplitRow, Subset, counted, propose, read_split, split_text
from training.errors import BadData, NotThere

TRAIN, VALIDATION, CALIBRATION, TEST = Subset.TRAIN, Subset.VALIDATION, Subset.CALIBRATION, Subset.TEST
HALVES = {TRAIN: 0.5, TEST: 0.5}

pictures = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12).map(str)), min_size=1, max_size=60)
some_shares = st.sampled_from([SHARES, HALVES, {TRAIN: 6, TEST: 4}, {TRAIN: 0.7, CALIBRATION: 0.2, TEST: 0.1}])


def subsets_of_groups(groups: Sequence[str], dealt: Sequence[Subset]) -> dict[str, set[Subset]]:
    found = defaultdict(set)
    for group, subset in zip(groups, dealt, strict=True):
        found[group].add(subset)
    return found


def cost(labels: Sequence[str], dealt: Sequence[Subset], shares: Mapping[Subset, float]) -> float:
    """The squared misfit of every class, and of all together as much as of all classes."""
    classes = sorted(set(labels))
    total = 0.0
    for name in (*classes, None):
        of_class = [subset for label, subset in zip(labels, dealt, strict=True) if name in (None, label)]
        off = sum((of_class.count(subset) / len(of_class) - share) ** 2 / share for subset, share in shares.items())
        total += off * (len(classes) if name is None else 1)
    return total


@settings(max_examples=40, deadline=None)
@given(pictures, some_shares, st.integers(0, 5))
def test_a_group_is_never_torn_and_only_what_was_asked_for_is_given(
    rows: list[tuple[str, str]], shares: dict[Subset, float], seed: int
) -> None:
    labels, groups = zip(*rows, strict=True)
    dealt = propose(labels, groups, shares, seed)
    assert all(len(subsets) == 1 for subsets in subsets_of_groups(groups, dealt).values())
    assert set(dealt) <= set(shares) and len(dealt) == len(rows)


@settings(max_examples=30, deadline=None)
@given(pictures, st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_pictures_decides_nothing(rows: list[tuple[str, str]], seed: int, chance: random.Random) -> None:
    turned = list(enumerate(rows))
    chance.shuffle(turned)
    first = propose([label for label, _ in rows], [group for _, group in rows], SHARES, seed)
    again = propose([label for _, (label, _) in turned], [group for _, (_, group) in turned], SHARES, seed)
    assert [first[at] for at, _ in turned] == list(again)


@settings(max_examples=30, deadline=None)
@given(pictures, st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 25).map(str)), max_size=30))
def test_what_was_dealt_stays_when_pictures_come(rows: list[tuple[str, str]], more: list[tuple[str, str]]) -> None:
    labels, groups = zip(*rows, strict=True)
    first = propose(labels, groups, SHARES, 1)
    both = [*rows, *more]
    fixed = dict(zip(groups, first, strict=True))
    again = propose([label for label, _ in both], [group for _, group in both], SHARES, 1, fixed)
    assert again[: len(rows)] == first
    assert all(len(found) == 1 for found in subsets_of_groups([group for _, group in both], again).values())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9)), min_size=1, max_size=8))
# A dozen starts all end where three groups would have to move at once.
@example([("a", 1), ("a", 1), ("a", 1), ("b", 3), ("b", 3), ("b", 7)])
def test_it_is_near_the_best_that_trying_everything_finds(sizes: list[tuple[str, int]]) -> None:
    labels = [label for label, size in sizes for _ in range(size)]
    groups = [str(at) for at, (_, size) in enumerate(sizes) for _ in range(size)]
    shares = {TRAIN: 0.6, TEST: 0.4}
    many = Counter(label for label, _ in sizes)

    def allowed(choice: Sequence[Subset]) -> bool:
        """As asked: both subsets in a class of two groups or more."""
        return all(
            {subset for (of, _), subset in zip(sizes, choice, strict=True) if of == label} == set(shares)
            for label in many
            if many[label] > 1
        )

    spread = [choice for choice in product(shares, repeat=len(sizes)) if allowed(choice)]
    full = [choice for choice in spread if len(sizes) == 1 or set(choice) == set(shares)]
    best = min(cost(labels, [choice[int(group)] for group in groups], shares) for choice in full)
    assert cost(labels, propose(labels, groups, shares, 0), shares) <= best + 0.05


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_a_rare_class_is_in_training_and_test_both(count: int) -> None:
    labels = ["good"] * 40 + ["crack"] * count
    dealt = propose(labels, [str(at) for at in range(len(labels))], SHARES, 0)
    assert {TRAIN, TEST} <= set(dealt[40:])


def test_a_rare_class_is_spread_even_where_its_groups_hold_other_classes() -> None:
    labels = ["good"] * 100 + ["crack"] * 2
    groups = [f"lot {at // 10}" for at in range(100)] + ["lot 0", "lot 1"]
    assert set(propose(labels, groups, SHARES, 0)[100:]) == {TRAIN, TEST}


def test_a_class_of_one_group_is_trained_on() -> None:
    labels = ["good"] * 40 + ["crack"] * 6
    dealt = propose(labels, [*map(str, range(40)), *["part"] * 6], SHARES, 0)
    assert set(dealt[40:]) == {TRAIN}


def test_singles_come_in_proportion() -> None:
    labels = ["good"] * 400 + ["crack"] * 60 + ["stain"] * 20
    dealt = propose(labels, [str(at) for at in range(480)], SHARES, 3)
    for label, size in Counter(labels).items():
        own = Counter(subset for of, subset in zip(labels, dealt, strict=True) if of == label)
        assert all(abs(own[subset] - share * size) <= 1 for subset, share in SHARES.items())


def test_one_huge_group_is_trained_on_and_the_rest_is_shared_out() -> None:
    labels, groups = ["good"] * 1000, ["lot 1"] * 900 + [str(at) for at in range(100)]
    dealt = Counter(propose(labels, groups, SHARES, 0))
    assert dealt[TRAIN] == 900 and dealt[VALIDATION] >= 20 and min(dealt[CALIBRATION], dealt[TEST]) >= 35


@pytest.mark.parametrize(("classes", "groups"), [(50, 50), (200, 7)])
def test_with_more_classes_than_groups_no_subset_is_empty(classes: int, groups: int) -> None:
    labels = [f"class {at}" for at in range(classes)]
    assert set(propose(labels, [str(at % groups) for at in range(classes)], SHARES, 0)) == set(SHARES)


def test_many_rare_classes_together_leave_no_subset_poor() -> None:
    labels = [f"class {at // 4}" for at in range(120)]
    dealt = Counter(propose(labels, [str(at) for at in range(120)], SHARES, 0))
    # Each class has one test picture at least, so that test is larger than asked.
    assert dealt[TEST] == 30 and dealt[VALIDATION] >= 7 and abs(dealt[TRAIN] - 66) <= 6 and dealt[CALIBRATION] >= 15


def test_lots_of_all_sizes_come_near_the_shares() -> None:
    chance = random.Random(5)
    groups = [f"lot {int(chance.paretovariate(0.9))}" for _ in range(2000)]
    labels = [chance.choices(["good", "crack", "stain"], [8, 1, 1])[0] for _ in groups]
    dealt = propose(labels, groups, SHARES, 0)
    for label, subsets in counted(
        SplitRow(str(at), label, subset, group)
        for at, (label, subset, group) in enumerate(zip(labels, dealt, groups, strict=True))
    ).items():
        size = labels.count(label)
        assert all(abs(subsets.get(subset, 0) / size - share) < 0.03 for subset, share in SHARES.items())


def test_another_seed_deals_other_groups() -> None:
    labels, groups = ["good"] * 50, [str(at) for at in range(50)]
    assert propose(labels, groups, SHARES, 0) == propose(labels, groups, SHARES, 0)
    assert propose(labels, groups, SHARES, 0) != propose(labels, groups, SHARES, 1)


def test_the_draw_is_this_one_for_ever() -> None:
    # A split made by an earlier okng must come out again: whoever changes this changes everybody's test sets.
    dealt = propose(["good"] * 8 + ["crack"] * 4, [f"part {at}" for at in range(12)], SHARES, 0)
    assert "".join(subset.value[0] for subset in dealt) == "tttcttvtttct"


def test_groups_kept_outside_the_asked_subsets_are_left_there() -> None:
    dealt = propose(["good"] * 6, list("aabbcd"), HALVES, 0, {"a": Subset.REGRESSION})
    assert dealt[:2] == (Subset.REGRESSION,) * 2 and Counter(dealt[2:]) == {TRAIN: 2, TEST: 2}


@pytest.mark.parametrize(
    "shares",
    [{}, {TRAIN: 0.0}, {TRAIN: -1.0, TEST: 2.0}, {TRAIN: float("nan")}, {TRAIN: float("inf")}, {Subset.REGRESSION: 1}],
)
def test_shares_that_are_none_are_refused(shares: dict[Subset, float]) -> None:
    with pytest.raises(ValueError, match="share"):
        propose(["good"], ["a"], shares, 0)


def test_nothing_is_dealt_to_nobody() -> None:
    assert propose([], [], SHARES, 0) == ()


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    rows = (SplitRow('good/a,"b".png', "good", TRAIN, "批次 1"), SplitRow("划痕/a.png", "划痕", TEST, "2"))
    path = tmp_path / "a.csv"
    path.write_text(split_text(reversed(rows)), encoding="utf-8")
    assert read_split(path) == rows
    assert split_text(rows).splitlines()[0] == "image,label,split,group"


def test_a_table_may_call_its_group_anything_or_have_none(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("﻿image, label ,split,tile\r\na.png,good,val,t1\r\n".encode())
    assert read_split(path) == (SplitRow("a.png", "good", VALIDATION, "t1"),)
    path.write_text("image,label,split\na.png,good,Train\n")
    assert read_split(path) == (SplitRow("a.png", "good", TRAIN, "a.png"),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "needs the columns image,label,split"),
        ("image,split\na,train\n", "needs the columns image,label,split"),
        ("image,image,label,split\n", "each once"),
        ("image,label,split\n", "names no picture"),
        ("image,label,split\na,good,train\na,good,test\n", "line 3 .* names a a second time"),
        ("image,label,split\na,good,teach\n", "line 2 .* 'teach', which is none of train, validation"),
        ("image,label,split\na,good\n", "line 2 .* does not have a cell for each column"),
        ("image,label,split\na,good,train,x\n", "line 2 .* does not have a cell for each column"),
        ("image,label,split\n,good,train\n", "line 2 .* says no image"),
        ("image,label,split\na,,train\n", "line 2 .* says no label"),
        ('image,label,split\n"a"b,good,train\n', "is no CSV"),
        ("image,label,split\ndéfaut,good,train\n", "is not written in UTF-8"),
    ],
)
def test_a_table_that_is_wrong_says_where(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadData, match=says):
        read_split(path)


def test_a_table_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="okng split"):
        read_split(tmp_path / "a.csv")

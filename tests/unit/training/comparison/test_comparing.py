"""What two packages' answers say of the difference between them, and how that is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.decision import Outcome
from training.comparison.figures import Figure, Verdicts, compare
from training.comparison.pairs import Answer, Pair
from training.comparison.wording import sentence, told
from training.data.dataset import Picture

OK, NG, RECHECK, NO_PART = Outcome.OK, Outcome.NG, Outcome.RECHECK, Outcome.NO_PART


def answer(good: bool, outcome: Outcome, score: float, named: str = "", ms: float = 1.0) -> Answer:
    wrong = outcome is NG if good else outcome in (OK, NO_PART)
    return Answer(score, outcome, named, wrong, ms)


def pair(number: int, label: str, a: tuple[Outcome, float], b: tuple[Outcome, float], group: str = "") -> Pair:
    name = f"{label}/{number}.png"
    picture = Picture(Path(name), name, label, group or name, f"{number:064x}", (8, 8))
    good = label == "good"
    return Pair(picture, good, answer(good, *a), answer(good, *b))


def fewer_escapes(escapes: int, group: int = 1) -> list[Pair]:
    """60 defects, of which `a` alone misses some, and 40 good parts; `group` of them share a lot."""
    bad = [
        pair(at, "scratch", (OK, 0.1) if at < escapes else (NG, 0.9), (NG, 0.8), f"lot {at // group}")
        for at in range(60)
    ]
    return bad + [pair(at, "good", (OK, 0.2), (OK, 0.2), f"lot {20 + at // group}") for at in range(40)]


def verdicts(pairs: list[Pair], key: str) -> Verdicts:
    return next(one for one in compare(pairs, draws=300).verdicts if one.key == key)


def figure(pairs: list[Pair], key: str) -> Figure:
    return next(one for one in compare(pairs, draws=300).figures if one.key == key)


def test_three_fewer_escapes_of_sixty_can_be_chance() -> None:
    found = verdicts(fewer_escapes(3), "escapes")
    assert (found.total, found.a, found.b, found.only_a, found.only_b) == (60, 3, 0, 3, 0)
    assert found.p == pytest.approx(0.25) and not found.told_apart
    assert sentence(found).en == "B misses 3 fewer of 60 defective parts (3 → 0); this can be chance (p = 0.25)"
    assert sentence(found).zh == "B 比 A 少漏检 3 个（共 60 个缺陷件，3 → 0）；这可能只是偶然（p = 0.25）"


def test_ten_fewer_are_hardly_chance_unless_they_are_of_one_lot() -> None:
    alone = verdicts(fewer_escapes(10), "escapes")
    assert alone.told_apart and alone.interval is not None and alone.interval[1] < 0
    assert sentence(alone).en.endswith("this is hardly chance (p = 0.002)")
    together = verdicts(fewer_escapes(10, group=10), "escapes")
    assert together.p == alone.p and not together.told_apart


def test_auroc_of_both_with_the_interval_of_the_difference() -> None:
    found = figure(fewer_escapes(10), "auroc")
    assert (found.a, found.b) == (pytest.approx(50 / 60), 1.0) and found.difference == pytest.approx(1 / 6)
    assert found.interval is not None and 0 < found.interval[0] < 1 / 6 < found.interval[1] < 0.35
    assert found.told_apart and told(found).en.startswith("AUROC of B is +16.67 points from A's (95 % between +")
    same = figure(fewer_escapes(0), "auroc")
    assert same.interval == (0.0, 0.0) and not same.told_apart and told(same).en.endswith("can be chance")


def test_the_same_seed_gives_the_same_intervals() -> None:
    pairs = fewer_escapes(10)
    assert compare(pairs, seed=3, draws=50) == compare(pairs, seed=3, draws=50)
    assert compare(pairs, seed=3, draws=50) != compare(pairs, seed=4, draws=50)


def test_every_kind_of_mistake_is_counted_for_what_it_is() -> None:
    pairs = [
        pair(0, "good", (NG, 0.9), (OK, 0.1)),
        pair(1, "good", (OK, 0.1), (RECHECK, 0.5)),
        pair(2, "good", (NG, 0.9), (NG, 0.9)),
        pair(3, "dent", (NO_PART, 0.9), (RECHECK, 0.5)),
        pair(4, "dent", (NG, 0.9), (OK, 0.1)),
        pair(5, "dent", (RECHECK, 0.5), (NG, 0.9)),
    ]
    found = {one.key: (one.total, one.a, one.b, one.only_a, one.only_b) for one in compare(pairs, draws=300).verdicts}
    assert found == {
        "wrong": (6, 3, 2, 2, 1),
        "escapes": (3, 1, 1, 1, 1),
        "overkill": (3, 2, 1, 1, 0),
        "recheck": (6, 1, 2, 1, 2),
    }
    assert sentence(verdicts(pairs, "escapes")).en == (
        "A and B miss 1 of 3 defective parts, 1 of them others; no difference was seen"
    )


def test_of_defects_alone_it_is_their_names_that_count() -> None:
    def named(number: int, label: str, a: str, b: str) -> Pair:
        one = pair(number, label, (NG, 1.0), (NG, 1.0))
        return Pair(one.picture, False, answer(False, NG, 1.0, a), answer(False, NG, 1.0, b))

    pairs = [named(0, "a", "a", "a"), named(1, "a", "unknown_defect", "a"), named(2, "b", "a", "b")]
    found = {one.key: (one.a, one.b) for one in compare(pairs, draws=300).figures}
    assert found == {"accuracy": (pytest.approx(1 / 3), 1.0), "macro_f1": (pytest.approx(0.25), 1.0)}
    assert "overkill" not in {one.key for one in compare(pairs, draws=300).verdicts}


def test_one_lot_proves_nothing() -> None:
    pairs = fewer_escapes(10, group=1000)
    only = [Pair(one.picture, one.good, one.a, one.b) for one in pairs if one.picture.group == "lot 0"]
    found = compare(only, draws=300)
    assert all(one.interval is None and not one.told_apart for one in found.verdicts)
    assert all("too few parts or lots" in told(one).en for one in found.figures)

"""Which pictures are suggested, for which reason, and that the random share stays random."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from models.decision import Limits, Outcome
from models.scorers import Floats
from training.suggestion.choose import Suggestion, Why, shares_of, suggest
from training.suggestion.seen import Candidate, Seen

LIMITS = Limits(0.5, 0.7)
NOTHING: Floats = np.zeros((0, 0), np.float32)


def seen(index: int, score: float, look: tuple[float, ...], unfit: str = "", outcome: Outcome = Outcome.OK) -> Seen:
    return Seen(Candidate(Path(f"{index}.png"), f"{index}.png"), score, outcome, unfit, np.array(look, np.float32))


def cloud(count: int, seed: int = 0) -> list[Seen]:
    rng = np.random.default_rng(seed)
    return [seen(index, float(rng.uniform(0, 1)), tuple(rng.normal(size=4))) for index in range(count)]


def names(found: list[Suggestion], why: Why) -> list[str]:
    return [one.seen.candidate.name for one in found if one.why is why]


def test_shares_add_up_to_the_count_whatever_they_are() -> None:
    assert shares_of(50, {Why.AUDIT: 20, Why.NEAR: 40, Why.NOVEL: 40}) == {Why.AUDIT: 10, Why.NEAR: 20, Why.NOVEL: 20}
    for count in range(1, 30):
        assert sum(shares_of(count, {Why.AUDIT: 1, Why.NEAR: 1, Why.NOVEL: 1}).values()) == count


def test_the_audit_is_drawn_from_all_with_the_probability_it_states_and_looks_at_nothing() -> None:
    everything = cloud(40)
    for index in (3, 7):
        everything[index] = seen(index, 0.1, (0, 0, 0, 0), unfit="blurred")
    everything[11] = seen(11, 0.1, (0, 0, 0, 0), outcome=Outcome.NO_PART)
    counts: Counter[str] = Counter()
    for seed in range(2000):
        found = suggest(everything, NOTHING, LIMITS, {Why.AUDIT: 4}, seed)
        assert {one.probability for one in found} == {0.1}
        counts.update(names(found, Why.AUDIT))
    # 2000 draws at 0.1: mean 200, deviation 13.4; five deviations to each side.
    assert len(counts) == 40 and all(133 <= counts[f"{index}.png"] <= 267 for index in range(40))


def test_the_audit_does_not_change_with_scores_or_looks() -> None:
    one, other = cloud(30, 1), cloud(30, 2)
    counts = {Why.AUDIT: 5, Why.NEAR: 5, Why.NOVEL: 5}
    first, second = (suggest(rows, NOTHING, LIMITS, counts, seed=9) for rows in (one, other))
    assert names(first, Why.AUDIT) == names(second, Why.AUDIT)


def test_near_takes_what_lies_at_the_limits_and_only_states_a_probability_for_the_audit() -> None:
    scores = [0.05] * 20 + [0.49, 0.55, 0.6, 0.71] + [0.99] * 20
    rows = [seen(index, score, (float(index % 5), 1.0)) for index, score in enumerate(scores)]
    found = suggest(rows, NOTHING, LIMITS, {Why.NEAR: 1}, 0)
    assert found[0].seen.score in (0.49, 0.55, 0.6, 0.71) and found[0].probability is None


def test_near_does_not_fill_up_with_copies_of_one_picture() -> None:
    copies = [seen(index, 0.6, (5.0, 5.0)) for index in range(6)]
    others = [seen(10 + index, 0.6, (float(index), -float(index))) for index in range(3)]
    found = suggest([*copies, *others], NOTHING, LIMITS, {Why.NEAR: 4}, 0)
    assert sum(one.seen.look[1] == 5.0 for one in found) == 1


def test_novel_is_what_is_unlike_everything_labelled_and_unlike_each_other() -> None:
    rng = np.random.default_rng(0)
    usual = [seen(index, 0.1, (*rng.normal(0, 0.1, 2), 0.0)) for index in range(30)]
    strange = [seen(90 + index, 0.1, (9.0 if index % 2 else -9.0, 0.0, 9.0)) for index in range(4)]
    labelled = np.stack([one.look for one in usual[:10]])
    found = suggest([*usual, *strange], labelled, LIMITS, {Why.NOVEL: 2}, 0)
    assert {float(one.seen.look[0]) for one in found} == {9.0, -9.0}
    assert found[0].distance > 1.0


def test_what_was_labelled_already_is_not_novel() -> None:
    rows = [seen(0, 0.1, (9.0, 9.0)), *(seen(index, 0.1, (0.1 * index, 0.0)) for index in range(1, 9))]
    known = np.array([[9.0, 9.0]], np.float32)
    assert names(suggest(rows, NOTHING, LIMITS, {Why.NOVEL: 1}, 0), Why.NOVEL) == ["0.png"]
    assert "0.png" not in names(suggest(rows, known, LIMITS, {Why.NOVEL: 2}, 0), Why.NOVEL)


@pytest.mark.parametrize("why", [Why.NEAR, Why.NOVEL])
def test_unfit_and_empty_pictures_are_suggested_by_the_audit_alone(why: Why) -> None:
    rows = [seen(0, 0.6, (9.0, 9.0), unfit="blurred"), seen(1, 0.6, (-9.0, 9.0), outcome=Outcome.NO_PART)]
    rows += [seen(index, 0.2, (0.0, float(index))) for index in range(2, 6)]
    assert not {"0.png", "1.png"} & set(names(suggest(rows, NOTHING, LIMITS, {why: 6}, 0), why))
    assert len(names(suggest(rows, NOTHING, LIMITS, {Why.AUDIT: 6}, 0), Why.AUDIT)) == 6


def test_no_picture_is_suggested_twice_and_too_few_candidates_are_all_suggested() -> None:
    found = suggest(cloud(7), NOTHING, LIMITS, {Why.AUDIT: 3, Why.NEAR: 30, Why.NOVEL: 30}, 0)
    assert len({one.seen.candidate.name for one in found}) == len(found) == 7


def test_a_single_picture_and_equal_pictures_are_no_trouble() -> None:
    counts = {Why.AUDIT: 0, Why.NEAR: 1, Why.NOVEL: 1}
    assert len(suggest(cloud(1), NOTHING, LIMITS, counts, 0)) == 1
    same = [seen(index, 0.5, (1.0, 1.0)) for index in range(3)]
    assert all(np.isfinite(one.distance) for one in suggest(same, NOTHING, LIMITS, counts, 0))

"""The table tells what the records say: means, spread, what INT8 costs, and never a number that nobody measured."""

from __future__ import annotations

import pytest

from scripts.measured.figures import by_class, figure_of
from scripts.measured.records import Ratio, Record, Seen, Training
from scripts.measured.rows import ACCURACY, AUROC, MACRO_F1, MIOU, Drawn, Goal, Row
from scripts.measured.table import Result, as_dict, as_text, missed

_GOAL = Goal(AUROC, 90.0, 99.0)
ROW = Row("toy/set", "a toy", Drawn(1, 1, 1), (_GOAL,), good_only=True)
Pixels = tuple[tuple[int, ...], ...]


def seen(label: str, score: float, number: int, named: str = "", pixels: Pixels | None = None) -> Seen:
    return Seen(
        name=f"{label}/{number}", label=label, group=f"g{number}", score=score, outcome="NG", named=named, pixels=pixels
    )


def ranked(good: list[float], bad: list[float]) -> tuple[Seen, ...]:
    scores = [("good", score) for score in good] + [("crack", score) for score in bad]
    return tuple(seen(label, score, number) for number, (label, score) in enumerate(scores))


def record(int8: tuple[Seen, ...], fp32: tuple[Seen, ...], seed: int = 0, wall_s: float | None = 60.0) -> Record:
    return Record(
        row="toy/set",
        seed=seed,
        key="k",
        date="2026-01-31",
        machine="a machine",
        cores=2,
        training=Training(wall_s=wall_s, cpu_s=wall_s, load=0.5, good=4, defective=0, package_bytes=1_500_000),
        classes=(),
        int8=int8,
        fp32=fp32,
        ratios=(Ratio(runtime="openvino-cpu 1", ratio=0.45), Ratio(runtime="onnxruntime-cpu 1", ratio=0.95)),
    )


PERFECT = ranked([0.1, 0.2, 0.3, 0.2], [0.8, 0.9, 0.7, 0.9])
ONE_WRONG = ranked([0.1, 0.2, 0.75, 0.2], [0.8, 0.9, 0.7, 0.9])


def test_auroc_is_the_mean_of_the_seeds_with_what_int8_costs() -> None:
    found = figure_of(_GOAL, [record(ONE_WRONG, PERFECT), record(PERFECT, PERFECT, seed=1)])
    assert found.int8 == pytest.approx((93.75, 100.0)) and found.fp32 == pytest.approx((100.0, 100.0))
    assert found.cost == pytest.approx(-3.125)
    assert found.interval is not None and found.interval[0] < -3.125 < found.interval[1] <= 0
    assert found.reached == "must"


def test_what_misses_its_must_is_said_and_listed() -> None:
    worst = ranked([0.9, 0.8, 0.9, 0.8], [0.1, 0.2, 0.1, 0.9])
    result = Result(ROW, (record(worst, PERFECT),))
    assert missed([result]) == ("toy/set AUROC: MISSED",)
    assert missed([Result(ROW, (record(PERFECT, PERFECT),))]) == ()


def test_a_row_without_records_shows_why_and_no_number() -> None:
    text = as_text([Result(ROW, (), "stopped: no data here")])
    assert "| toy/set | AUROC | 90 | 99 | - | - | - | stopped: no data here |" in text
    assert missed([Result(ROW, (), "stopped: no data here")])


def test_pixels_that_nothing_calls_are_not_built() -> None:
    found = figure_of(Goal(MIOU, 50.0, 60.0), [record(PERFECT, PERFECT)])
    assert (found.int8, found.reached) == ((), "not built")


def test_miou_is_of_one_table_and_pictures_without_known_pixels_count_nothing() -> None:
    known = (
        seen("good", 0.1, 0, pixels=((90, 10), (0, 0))),
        seen("crack", 0.9, 1, pixels=((0, 0), (20, 80))),
        seen("crack", 0.9, 2),
    )
    found = figure_of(Goal(MIOU, 50.0, 60.0), [record(known, known)])
    assert found.int8 == pytest.approx((100 * (90 / 120 + 80 / 110) / 2,))


def test_names_outside_the_classes_are_wrong() -> None:
    named = tuple(seen(*row) for row in (("a", 1, 0, "a"), ("a", 1, 1, "b"), ("b", 1, 2, "b"), ("b", 1, 3, "unknown")))
    records = [record(named, named)]
    assert figure_of(Goal(ACCURACY, 90.0, 95.0), records).int8 == pytest.approx((50.0,))
    # a: 1 right of 2, named once; b: 1 right of 2, named twice
    assert figure_of(Goal(MACRO_F1, 90.0, 95.0), records).int8 == pytest.approx((100 * (2 / 3 + 0.5) / 2,))


def test_what_a_classifier_hands_to_a_person_is_wrong_and_told_apart() -> None:
    rows = [("a", "a", "a"), ("a", "unknown_defect", "a"), ("b", "b", "b"), ("b", "unknown_defect", "a")]
    found = tuple(
        seen(label, 0.6, at, named).model_copy(
            update={"likeliest": likeliest, "outcome": "RECHECK" if named == "unknown_defect" else "NG"}
        )
        for at, (label, named, likeliest) in enumerate(rows)
    )
    row = Row("toy/classes", "", ROW.data, (Goal(ACCURACY, 95.0, 98.0), Goal(MACRO_F1, 94.0, 97.0)))
    text = as_text([Result(row, (record(found, found),))])
    assert "| toy/classes | accuracy | 95 | 98 | 50.00 | 50.00 | +0.00 (+0.00 to +0.00) aim | MISSED |" in text
    assert "50.00 % are handed to a person" in text and "accuracy 75.00, macro F1 73.33" in text
    assert as_dict(Result(row, (record(found, found),)))["names_unforced"] == {
        "accuracy": pytest.approx(75.0),
        "macro_f1": pytest.approx(100 * (0.8 + 2 / 3) / 2),
        "unsure": pytest.approx(50.0),
    }
    # Without a good picture there is nothing to rank against.
    assert "AUROC" not in text


def test_classes_are_told_apart_each_against_all_good_pictures() -> None:
    both = (*PERFECT, seen("dent", 0.25, 9))
    assert by_class([record(both, both)]) == pytest.approx({"crack": 100.0, "dent": 75.0})


def test_costs_stand_beside_what_they_must_be() -> None:
    text = as_text([Result(ROW, (record(PERFECT, PERFECT, wall_s=120.0),))])
    assert (
        "| toy/set | 1 | 2.0 min of 3 must | 120 s | 4 + 0 | 1.5 MB of 6 aim "
        "| openvino 0.45 aim, onnxruntime 0.95 MISSED |" in text
    )
    assert "2026-01-31, a machine, 2 cores, load 0.5 before training" in text


def test_every_machine_and_the_days_it_took_are_told() -> None:
    first = record(PERFECT, PERFECT)
    busy = first.training.model_copy(update={"load": 3.0})
    later = first.model_copy(update={"date": "2026-02-02", "training": busy})
    other = first.model_copy(update={"machine": "other"})
    told = as_text([Result(ROW, (first,)), Result(ROW, (later,)), Result(ROW, (other,))]).splitlines()
    assert "2026-01-31 to 2026-02-02, a machine, 2 cores, load 0.5 to 3.0 before training" in told
    assert "2026-01-31, other, 2 cores, load 0.5 before training" in told


def test_an_interrupted_training_has_no_time() -> None:
    assert "| interrupted | - |" in as_text([Result(ROW, (record(PERFECT, PERFECT, wall_s=None),))])


def test_programs_get_the_same_without_the_pictures() -> None:
    told = as_dict(Result(ROW, (record(PERFECT, PERFECT),)))
    assert told["row"] == "toy/set" and "int8" not in told["runs"][0]  # type: ignore[index]

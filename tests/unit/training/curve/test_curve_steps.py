"""What a learning curve says: nested sets by group, intervals that are none too narrow, and no promise out of noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.intervals import two_sided
from tests.fakes.curves import measured, picture
from training.curve.points import Kept, Point, counts_of, nested
from training.curve.steps import outlook, steps
from training.curve.tell import as_dict, as_page, as_text


def test_larger_sets_hold_smaller_ones_and_groups_come_together() -> None:
    pictures = [picture(index, "dent", f"lot{index % 4}") for index in range(12)]
    order = nested(pictures, repeat=0)
    assert sorted(order) == list(range(12)) and order == nested(pictures, repeat=0)
    groups = [pictures[index].group for index in order]
    assert all(len(set(groups[start : start + 3])) == 1 for start in (0, 3, 6, 9))
    assert any(nested(pictures, repeat) != order for repeat in range(1, 5))


def test_no_count_is_above_what_is_there_and_all_stands_once() -> None:
    assert counts_of((1, 5, 10, 25, None), 8) == (1, 5, 8) and counts_of((0, None), 8) == (0, 8)


def test_a_difference_beyond_noise_is_projected_and_called_the_most() -> None:
    found = steps(measured({5: 0.02, 25: 0.15}))
    assert found[1].brought is not None and found[1].brought.interval is not None
    assert found[1].brought.interval[0] > 0 and found[1].auroc.value > found[0].auroc.value
    told = outlook(found)
    assert "10 more would bring" in told.en and "take that as the most" in told.en and "上限" in told.zh


def test_of_noise_nothing_is_promised() -> None:
    found = steps(measured({5: 0.05, 25: 0.05}))
    assert "cannot be said whether 10 more would help" in outlook(found).en and "无法判断" in outlook(found).zh
    assert "nothing can be said" in outlook(found[:1]).en


def test_which_points_taught_a_network_is_told_and_two_ways_are_not_taken_for_one() -> None:
    of = measured({5: 0.02, 25: 0.15}, repeats=2, taught=(25,))
    found = steps(of)
    assert [step.taught for step in found] == [0.0, 1.0]
    told, text, shown = outlook(found), as_text(of, found), as_page(of, found)
    assert "cannot be told from these two" in told.en and "无法据此判断" in told.zh
    assert "5 defective, network frozen" in text and "25 defective, network taught" in text
    for part in ("cross-fitting prefers", "a whole training with a seed of its own", "固定", "训练网络时"):
        assert part in shown
    of = measured({25: 0.15}, repeats=3, taught=(25,))
    assert "taught in 67% of the repeats" in as_text(of, steps(of)) and "67% 的重复中训练" in as_page(of, steps(of))


def test_perfect_answers_keep_the_interval_that_so_many_pictures_can_prove() -> None:
    (found,) = steps(measured({5: 2.0}, each=10))
    exact = two_sided(0, 10)
    assert found.auroc.interval == (two_sided(10, 10)[0], 1.0)
    assert found.escapes.value == 0.0 and found.escapes.interval == exact
    assert found.overkill.value == 0.0 and found.overkill.interval == exact


def test_text_figures_and_page_say_it_in_both_languages() -> None:
    of = measured({1: 0.05, 5: 0.06, 25: 0.15})
    found = steps(of)
    assert as_text(of, found).count("defective, network frozen: AUROC") == 3 and "a note" in as_text(of, found)
    figures = json.loads(json.dumps(as_dict(of, found)))
    assert [row["defective"] for row in figures["points"]] == [1, 5, 25]
    assert all(len(row["escapes"]["interval_95"]) == 2 for row in figures["points"])
    shown = as_page(of, found)
    for part in ("What more defective pictures bring", "增加缺陷图像的作用", "<svg", "a note"):
        assert part in shown
    assert "<script" not in shown


def test_a_kept_point_comes_back_and_nothing_else_does(tmp_path: Path) -> None:
    point = Point(5, 1, "x", ("a", "b"), (0.1, 0.123456789), 0.4, 0.5)
    kept = Kept(tmp_path / "curves", {"seen": "1"})
    assert kept.get(5, 1) is None
    kept.put(point)
    assert kept.get(5, 1) == point and kept.get(5, 2) is None and kept.get(4, 1) is None
    assert Kept(tmp_path / "curves", {"seen": "2"}).get(5, 1) is None
    for file in (tmp_path / "curves").iterdir():
        file.write_text("{")
    assert kept.get(5, 1) is None
    nowhere = Kept(None, {})
    nowhere.put(point)
    assert nowhere.get(5, 1) is None


def test_a_point_that_is_kept_needs_no_checkpoint_any_more(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "curves", {})
    own, other = kept.checkpoint(5, 1), kept.checkpoint(5, 2)
    assert own is not None and other is not None and own.load() is None
    own.save({"done": 1})
    other.save({"done": 2})
    assert own.load() == {"done": 1} and other.load() == {"done": 2}
    kept.put(Point(5, 1, "x", ("a",), (0.1,), 0.4, 0.5, True))
    assert own.load() is None and other.load() == {"done": 2} and Kept(None, {}).checkpoint(5, 1) is None


def test_other_code_takes_no_point_of_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(tmp_path, {})
    kept.put(Point(5, 1, "x", ("a",), (0.1,), 0.4, 0.5))
    monkeypatch.setattr("training.curve.points.code_hash", lambda: "other")
    assert kept.get(5, 1) is None

"""Classifiers of named regions: what they learn, and that whole parts are held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.decision import Outcome
from tests.fakes.boards import write_boards
from training.data.dataset import Picture
from training.errors import BadData
from training.rois.dataset import open_assembly
from training.rois.figures import RegionJudged, by_part, by_region
from training.rois.fit import Sample, answers, as_expected, cross_fit, fit_classifier, questions, refuse_too_few

CENTRES = {"screw": 0.0, "hole": 4.0, "nut": -4.0}


def sample(labels: list[str], folds: list[int], regions: int = 1) -> Sample:
    """Vectors of four numbers around each class's centre, three views each."""
    rng = np.random.default_rng(3)
    centres = np.array([CENTRES[label] for label in labels])[:, None, None]
    vectors = (rng.normal(0, 0.5, (len(labels), 3, 4)) + centres).astype(np.float32)
    count = len(labels) // regions
    return Sample(
        vectors,
        tuple(labels),
        ("screw",) * len(labels),
        np.array(folds, np.intp),
        np.tile(np.arange(regions), count),
        np.repeat(np.arange(count), regions),
    )


def test_a_view_is_nearest_to_its_own_class() -> None:
    shown = sample(["screw", "hole"] * 15, [0] * 30)
    classifier = fit_classifier(shown.vectors, shown.labels)
    assert classifier.classes == ("hole", "screw")
    for vector, label in zip(shown.vectors[:, 0], shown.labels, strict=True):
        assert classifier.classes[int(classifier(vector).argmin())] == label


def test_one_class_alone_refuses_what_is_far_from_it() -> None:
    shown = sample(["screw"] * 20, [0] * 20)
    classifier = fit_classifier(shown.vectors, shown.labels)
    own = max(classifier(vector)[0] for vector in shown.vectors[:, 0])
    assert classifier(np.full(4, 9, np.float32))[0] > 3 * own


def test_every_view_is_asked_for_every_class_that_twelve_show() -> None:
    shown = sample(["screw"] * 14 + ["hole"] * 12 + ["nut"] * 2, [0, 1] * 14)
    asked = questions(shown)
    assert {question.expected for question in asked} == {"screw", "hole"}
    assert len(asked) == 2 * 28 and [question.good for question in asked] == [True] * 26 + [False] * 30


def test_answers_come_from_classifiers_that_never_saw_the_fold() -> None:
    """One fold holds all the holes: whoever judges them has never seen one."""
    shown = sample(["screw"] * 16 + ["hole"] * 12, [0, 1] * 8 + [2] * 12)
    held_out = cross_fit(shown)
    assert [one["screw"].classes for one in held_out.classifiers] == [("hole", "screw")] * 2 + [("screw",)]
    strange = [raw for question, raw in zip(held_out.questions, held_out.raws, strict=True) if question.view >= 16]
    usual = held_out.raws[[q.good and q.view < 16 for q in held_out.questions]]
    assert min(strange) > usual.max(), "what was never seen is as far off as can be told, even from its own class"


def test_a_part_is_as_bad_as_its_worst_region(tmp_path: Path) -> None:
    data = open_assembly(write_boards(tmp_path / "boards", 14))
    labels = ["screw" if label == "bolt" else "hole" for one in data.pictures for label in one.labels]
    rois = [type(roi)(roi.name, roi.box, "screw", "screw", roi.row) for roi in data.rois]
    shown = sample(labels, [fold for fold in (0, 1) for _ in range(28)], regions=4)
    held_out = cross_fit(shown)
    raws = as_expected(held_out, shown, rois, answers(held_out, shown, shown.vectors[:, 0]))
    assert raws.shape == (14, 4)
    worst = raws.max(axis=1)
    complete = [data.complete(one) for one in data.pictures]
    assert worst[complete].max() < worst[np.logical_not(complete)].min()


def test_an_expected_class_that_too_few_views_show_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="top_left expects 'bolt', which only 6 labelled views"):
        refuse_too_few(open_assembly(write_boards(tmp_path / "boards", 2)))


def judged(picture: str, roi: str, label: str, outcome: Outcome, seen: str, score: float) -> RegionJudged:
    taken = Picture(Path(picture), picture, "", picture, "", (1, 1))
    return RegionJudged(taken, roi, "screw", label, score, outcome, seen)


FOUND = (
    judged("a", "left", "screw", Outcome.OK, "screw", 0.1),
    judged("a", "right", "hole", Outcome.OK, "screw", 0.2),
    judged("b", "left", "screw", Outcome.NG, "hole", 0.9),
    judged("b", "right", "screw", Outcome.RECHECK, "screw", 0.5),
    judged("c", "left", "hole", Outcome.NG, "hole", 0.9),
    judged("c", "right", "hole", Outcome.NG, "unknown_defect", 0.8),
)


def test_escapes_overkill_and_rechecks_are_counted_by_region() -> None:
    left, right, everything = by_region(FOUND)
    assert (left.name, left.right.count, left.right.total) == ("left", 2, 3)
    assert (left.overkill.count, left.overkill.total, left.escapes.count) == (1, 2, 0)
    assert (right.escapes.count, right.escapes.total, right.recheck_good.count) == (1, 2, 1)
    assert (everything.name, everything.right.count, everything.right.total) == ("all regions", 3, 6)


def test_a_part_escapes_only_where_all_its_regions_are_ok() -> None:
    parts = by_part(FOUND)
    assert (parts.escapes.count, parts.escapes.total) == (1, 2)
    assert (parts.overkill.count, parts.overkill.total, parts.right.count) == (1, 1, 0)

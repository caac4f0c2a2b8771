"""From a score map to detections: which regions, where, and never an NG without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.decision import Box, DefectClass, Limits, Outcome, Scores, Severity
from models.errors import InferenceError
from models.geometry_entry import GeometrySpec
from models.layout import Layout
from models.regions import MAX_DETECTIONS, Region, decide, find_regions
from models.scorers import Floats
from models.way_back import WayBack

ROW = DefectClass("unknown_defect", 1, "Unknown defect", "未知缺陷", Severity.MAJOR)
LIMITS = Limits(0.4, 0.7)
MAPS = arrays.arrays(np.float32, (8, 8), elements=st.floats(0, 1, width=32))


def name(_region: Region) -> DefectClass:
    return ROW


def back(
    roi: tuple[int, int, int, int] | None = None, size: tuple[int, int] = (80, 80)
) -> Callable[[tuple[int, int]], WayBack]:
    layout = Layout(GeometrySpec(roi=roi), size, (64, 64))
    return lambda grid: WayBack(layout.roi, layout.canvas, grid, size)


def scores(image: float, score_map: Floats | None = None) -> Scores:
    return Scores(image, image, np.full((8, 8), image, np.float32) if score_map is None else score_map)


@pytest.mark.parametrize(
    ("image", "outcome", "reason"),
    [
        (0.0, Outcome.OK, "score_below_limit"),
        (np.nextafter(0.4, 0), Outcome.OK, "score_below_limit"),
        (0.4, Outcome.RECHECK, "score_between_limits"),
        (np.nextafter(0.7, 0), Outcome.RECHECK, "score_between_limits"),
        (0.7, Outcome.NG, "score_above_limit"),
        (1.0, Outcome.NG, "score_above_limit"),
    ],
)
def test_a_score_on_a_limit_is_on_its_worse_side(image: float, outcome: Outcome, reason: str) -> None:
    decision = decide(scores(float(image)), LIMITS, back(), name)
    assert (decision.outcome, decision.reasons, decision.limits) == (outcome, (reason,), LIMITS)


@pytest.mark.parametrize("image", [float("nan"), float("inf"), -0.01, 1.01])
def test_a_score_outside_the_unit_is_no_evidence(image: float) -> None:
    with pytest.raises(InferenceError):
        decide(scores(image), LIMITS, back(), name)


@given(st.floats(0, 1), MAPS, st.floats(0, 1), st.floats(0, 1))
def test_every_ng_points_somewhere_and_no_ok_does(image: float, score_map: Floats, a: float, b: float) -> None:
    decision = decide(scores(image, score_map), Limits(min(a, b), max(a, b)), back(size=(80, 160)), name)
    assert (len(decision.detections) == 0) is (decision.outcome is Outcome.OK)
    for detection in decision.detections:
        box = detection.box
        assert 0 <= box.x < box.x + box.w <= 80 and 0 <= box.y < box.y + box.h <= 160
        assert 0 < detection.mask_area_px <= box.w * box.h and 0 <= detection.score <= 1


@given(MAPS, st.floats(0.01, 1))
def test_regions_are_the_cells_at_or_above_the_limit(score_map: Floats, limit: float) -> None:
    regions = find_regions(score_map, limit)
    cells = sorted(int(cell) for region in regions for cell in region.cells)
    assert cells == np.flatnonzero(score_map >= np.float32(limit)).tolist()
    assert [region.peak for region in regions] == sorted((region.peak for region in regions), reverse=True)


def test_at_most_so_many_detections_the_highest_kept() -> None:
    score_map = np.zeros((40, 40), np.float32)
    score_map[::2, ::2] = np.linspace(0.71, 0.99, 400, dtype=np.float32).reshape(20, 20)
    decision = decide(scores(0.99, score_map), LIMITS, back(size=(400, 400)), name)
    assert len(decision.detections) == MAX_DETECTIONS
    assert decision.detections[0].score == pytest.approx(0.99) and decision.detections[-1].score > 0.9


def test_two_defects_are_two_boxes_in_camera_pixels() -> None:
    score_map = np.zeros((8, 8), np.float32)
    score_map[1, 1:3], score_map[6, 6] = 0.9, 0.8
    decision = decide(scores(0.9, score_map), LIMITS, back((100, 50, 80, 160), (900, 640)), name)
    assert [found.box for found in decision.detections] == [Box(110, 70, 20, 20), Box(160, 170, 10, 20)]
    assert [found.mask_area_px for found in decision.detections] == [400, 200]


def test_detections_are_complete_unless_some_were_cut_off_or_one_was_made_up() -> None:
    spotted = np.zeros((40, 40), np.float32)
    spotted[::2, ::2] = 0.9  # 400 pieces, of which MAX_DETECTIONS are listed
    one = np.zeros((8, 8), np.float32)
    one[2, 3] = 0.9
    none = np.full((8, 8), 0.1, np.float32)
    judged = [decide(scores(0.9, each), LIMITS, back(), name) for each in (one, spotted, none)]
    assert [len(decision.detections) for decision in judged] == [1, MAX_DETECTIONS, 1]
    assert [decision.complete for decision in judged] == [True, False, False]


def test_marked_places_are_regions_whatever_they_score() -> None:
    score_map, marked = np.zeros((4, 4), np.float32), np.zeros((4, 4), np.bool_)
    score_map[0, 0] = 0.9
    marked[0, 1] = marked[3, 3] = True
    first, second = find_regions(score_map, 0.5, None, marked)
    assert (first.box, first.peak) == (Box(0, 0, 2, 1), pytest.approx(0.9))
    assert (second.box, second.peak) == (Box(3, 3, 1, 1), 0.0)
    seen = ~marked
    assert [one.box for one in find_regions(score_map, 0.5, seen, marked)] == [Box(0, 0, 1, 1)]


def test_what_a_head_marks_changes_no_outcome() -> None:
    classes = np.full((2, 8, 8), 9, np.float32)
    seen = replace(scores(0.1), classes=classes)
    assert decide(seen, LIMITS, back(), name, 0.0).detections == ()
    assert decide(seen, LIMITS, back(), name, 0.0).outcome is Outcome.OK

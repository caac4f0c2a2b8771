"""What named regions show, and that a part is OK only where every one of them is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.assembly import Assembly, Classifier, View, decide_assembly, load_assembly, pooled
from models.assembly_entry import AssemblyEntry, RoiEntry
from models.decision import Box, DefectClass, Limits, Outcome, Severity
from models.errors import InferenceError, PackageError
from models.manifest import UNKNOWN_DEFECT, ScoreMap
from models.scorers import Floats
from tests.fakes.packages import npy

LIMITS = Limits(0.3, 0.6)
MAP = ScoreMap(raw=(0.0, 10.0), score=(0.0, 1.0))
ROIS = tuple(
    RoiEntry(name=name, box=(x, 20, 30, 40), expect="screw", kind="screw") for name, x in (("left", 10), ("right", 60))
)
ROWS = {
    "left": DefectClass("left", 2, "Left screw", "左螺钉", Severity.CRITICAL),
    "right": DefectClass("right", 3, "Right screw", "右螺钉", Severity.MINOR),
}
SCREW, HOLE = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


def classifier(weights: float = 0.0) -> Classifier:
    """Screws lie at (1, 0), holes at (0, 1), a distance of 0.2 being usual."""
    return Classifier(
        classes=("hole", "screw"),
        projection=np.eye(2, dtype=np.float32),
        centres=np.stack([HOLE, SCREW]),
        radius=np.full(2, 0.2, np.float32),
        weights=np.array([[-weights, weights, 0], [weights, -weights, 0]], np.float32),
    )


def looked(*vectors: Floats, weights: float = 0.0) -> list[View]:
    assembly = Assembly(ROIS, {"screw": classifier(weights)})
    return [assembly.look(vector, index) for index, vector in enumerate(vectors)]


def test_a_complete_part_is_ok_without_a_detection() -> None:
    scores, decision = decide_assembly(looked(SCREW, SCREW), MAP, LIMITS, ROWS)
    assert decision.outcome is Outcome.OK and decision.detections == () and decision.reasons == ("score_below_limit",)
    assert scores.image == decision.score == 0.0 and scores.map.shape == (2, 1)


def test_one_missing_screw_makes_the_part_ng_and_is_named_with_its_place() -> None:
    scores, decision = decide_assembly(looked(SCREW, HOLE), MAP, LIMITS, ROWS)
    (found,) = decision.detections
    assert decision.outcome is Outcome.NG and (found.label, found.code, found.seen) == ("right", 3, "hole")
    assert (found.box, found.mask_area_px, found.severity) == (Box(60, 20, 30, 40), 1200.0, Severity.MINOR)
    assert found.score == decision.score == pytest.approx(0.9071, abs=1e-4)
    assert scores.map.ravel() == pytest.approx([0.0, 0.9071], abs=1e-4)


def test_what_is_like_no_class_is_unknown_and_never_ok() -> None:
    strange = np.array([3, 3], np.float32)
    _, decision = decide_assembly(looked(strange, SCREW), MAP, LIMITS, ROWS)
    assert decision.outcome is Outcome.NG and decision.detections[0].seen == UNKNOWN_DEFECT


def test_what_only_looks_a_little_odd_is_for_a_person() -> None:
    odd = np.array([1.0, 0.8], np.float32)
    _, decision = decide_assembly(looked(odd, SCREW), MAP, LIMITS, ROWS)
    assert decision.outcome is Outcome.RECHECK and decision.detections[0].label == "left"


def test_no_rule_may_explain_a_missing_piece_away() -> None:
    _, decision = decide_assembly(looked(HOLE, HOLE), MAP, LIMITS, ROWS)
    assert not decision.complete and len(decision.detections) == 2


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=2, max_size=2), st.floats(0, 1), st.floats(0, 1)
)
def test_a_part_is_ok_only_where_every_region_is(places: list[tuple[float, float]], one: float, other: float) -> None:
    limits = Limits(min(one, other), max(one, other))
    views = looked(*(np.array(place, np.float32) for place in places))
    _, decision = decide_assembly(views, MAP, limits, ROWS)
    alone = [decide_assembly([view], MAP, limits, ROWS)[1].outcome for view in views]
    order = (Outcome.OK, Outcome.RECHECK, Outcome.NG)
    assert decision.outcome is max(alone, key=order.index)
    assert len(decision.detections) == sum(outcome is not Outcome.OK for outcome in alone)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0, 5))
def test_knowing_other_classes_only_ever_raises_a_score(x: float, y: float, weights: float) -> None:
    vector = np.array([x, y], np.float32)
    assert (classifier(weights)(vector) >= classifier()(vector) - 1e-6).all()


def test_known_classes_speak_against_what_is_like_them() -> None:
    plain, taught = classifier()(HOLE), classifier(4.0)(HOLE)
    assert taught[1] == pytest.approx(plain[1] + 4.0) and taught[0] == plain[0]


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_view_that_is_more_like_another_class_is_raised_and_no_other(x: float, y: float) -> None:
    vector = np.array([x, y], np.float32)
    raws = classifier()(vector)
    distances = np.linalg.norm(vector - classifier().centres, axis=1) / 0.2
    lower, higher = np.sort(distances)
    assert raws.min() == pytest.approx(lower, rel=1e-4)
    assert raws.max() == pytest.approx(higher + min(4 * (higher - lower), 2), rel=1e-3)


def test_a_strange_hole_is_no_odd_screw() -> None:
    """Both classes are about as far off; limits that let odd screws pass do not let this one."""
    hole_in_odd_light = np.array([0.40, 0.55], np.float32)
    (view,) = looked(hole_in_odd_light)
    _, decision = decide_assembly([view], MAP, Limits(0.45, 0.6), ROWS)
    assert np.linalg.norm(hole_in_odd_light - SCREW) < 0.2 * 4.5 and decision.outcome is not Outcome.OK


def test_a_kind_with_one_class_alone_is_judged_by_distance() -> None:
    alone = Classifier(
        ("screw",), np.eye(2, dtype=np.float32), SCREW[None], np.full(1, 0.2, np.float32), np.zeros((1, 3), np.float32)
    )
    assert alone(HOLE) == pytest.approx([7.0711], abs=1e-3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_no_numbers_are_refused(value: float) -> None:
    with pytest.raises(InferenceError, match="no number"):
        classifier()(np.array([value, 0], np.float32))


def test_a_region_becomes_means_then_maxima_stride_after_stride() -> None:
    fine = np.array([[[0, 2], [4, 6]]], np.float32)
    coarse = np.array([[[5]], [[-1]]], np.float32)
    assert pooled([fine, coarse]).tolist() == [3, 6, 5, -1, 5, -1]


ARRAYS = {
    "projection": np.eye(2, dtype=np.float32),
    "centres": np.zeros((2, 2), np.float32),
    "radius": np.ones(2, np.float32),
    "weights": np.zeros((2, 3), np.float32),
}


def entry(**changes: object) -> AssemblyEntry:
    kind = {"name": "screw", "classes": ("hole", "screw"), "arrays": {role: f"{role}.npy" for role in ARRAYS}}
    roi = {"name": "left", "box": (0, 0, 9, 9), "expect": "screw", "kind": "screw"}
    data = {"kind": "assembly", "strides": (16,), "rois": (roi,), "kinds": (kind,)}
    return AssemblyEntry.model_validate(data | changes)


def test_a_package_gives_back_its_classifiers() -> None:
    loaded = load_assembly(entry(), {f"{role}.npy": npy(array) for role, array in ARRAYS.items()})
    view = loaded([np.ones((1, 2, 2), np.float32)], 0)
    assert view.raw == pytest.approx(2**0.5) and loaded.dimensions == 2 and view.classes == ("hole", "screw")


@pytest.mark.parametrize(
    "changed",
    [
        {"centres": np.zeros((3, 2), np.float32)},
        {"radius": np.zeros(2, np.float32)},
        {"radius": np.ones(3, np.float32)},
        {"weights": np.zeros((2, 2), np.float32)},
        {"projection": np.ones(2, np.float32)},
        {"projection": np.full((2, 2), np.nan, np.float32)},
        {"projection": np.eye(2)},
        {"projection": np.zeros((2, 2000), np.float32)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(changed: dict[str, Floats]) -> None:
    with pytest.raises(PackageError, match="export the package again"):
        load_assembly(entry(), {f"{role}.npy": npy(array) for role, array in (ARRAYS | changed).items()})


ROI = {"name": "left", "box": (0, 0, 9, 9), "expect": "screw", "kind": "screw"}
KIND = {"name": "screw", "classes": ("hole", "screw"), "arrays": {role: f"{role}.npy" for role in ARRAYS}}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rois": (ROI, ROI)}, "two regions are called left"),
        ({"kinds": (KIND, KIND)}, "two kinds are called screw"),
        ({"rois": (ROI | {"expect": "nut"},)}, "expects 'nut'"),
        ({"rois": (ROI | {"kind": "nut"},)}, "its kind nut never learned"),
        ({"rois": (ROI | {"box": (0, 0, 0, 9)},)}, "at least 1 pixel"),
        ({"rois": ()}, "at least 1 item"),
        ({"kinds": (KIND | {"classes": ("screw", "screw")},)}, "must be unique"),
        ({"kinds": (KIND | {"arrays": {"centres": "c.npy"}},)}, "needs the arrays"),
    ],
)
def test_entries_that_contradict_themselves_are_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        entry(**changes)

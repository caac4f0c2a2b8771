"""A classifier: how sure it is, that it never says OK, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.classifier import Classifier, class_of, decide_class, load_classifier
from models.decision import Box, DefectClass, Limits, Outcome, Scores, Severity
from models.errors import InferenceError, PackageError
from models.manifest import ClassifierEntry, ScoreMap
from models.rules import ClassRule, Fate, RuleSet
from models.scorers import Floats, calibrated
from tests.fakes.class_packages import FAMILIAR, class_files, class_manifest
from tests.fakes.packages import npy, parsed

IDENTITY = ScoreMap(raw=(0.0, 1.0), score=(0.0, 1.0))
REGION = Box(10, 20, 30, 40)
LABELS = ("unknown_defect", "a", "b", "c")
ROWS = {label: DefectClass(label, code, label, label, Severity.MINOR) for code, label in enumerate(LABELS, 1)}


def entry(**changes: Any) -> ClassifierEntry:
    return ClassifierEntry.model_validate(
        {"kind": "classifier", "classes": ("a", "b", "c"), "temperature": 2.0} | changes, strict=False
    )


def logits(*values: float) -> tuple[Floats]:
    return (np.array(values, np.float32).reshape(-1, 1, 1),)


def scores(*values: float) -> Scores:
    return calibrated(Classifier(entry())(logits(*values)), IDENTITY)


def test_the_confidence_is_the_highest_share_at_the_temperature() -> None:
    found = Classifier(entry())(logits(2.0, 6.0, -1.0))
    odds = np.exp(np.array([1.0, 3.0, -0.5]))
    assert found.raw == pytest.approx(odds[1] / odds.sum()) and found.map.shape == (1, 1)
    assert found.classes is not None and found.classes.ravel() == pytest.approx(odds / odds.sum())


@given(
    st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=3, max_size=3),
    st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda pair: Limits(min(pair), max(pair))),
    st.booleans(),
)
def test_no_part_is_ever_ok(values: list[float], limits: Limits, ruled: bool) -> None:
    """Whatever the logits, the limits in force and the rules that would suppress what was found."""
    seen = scores(*values)
    decision = decide_class(seen, entry(), limits, ROWS, REGION)
    suppress = RuleSet(
        tuple(ClassRule(label, label, min_area_px=1e9, otherwise=Fate.SUPPRESSED) for label in ("a", "b", "c"))
    )
    outcome = (suppress.apply(decision) if ruled else decision).outcome
    assert outcome in (Outcome.RECHECK, Outcome.NG) and len(decision.detections) == 1
    sure = seen.image >= limits.ng_from
    assert decision.outcome is (Outcome.NG if sure else Outcome.RECHECK)
    assert (decision.detections[0].label == "unknown_defect") is not sure


def test_who_is_sure_names_the_class_and_where() -> None:
    (found,) = decide_class(scores(9.0, 0.0, 0.0), entry(), Limits(0.0, 0.9), ROWS, REGION).detections
    assert (found.label, found.code, found.box, found.mask_area_px) == ("a", 2, REGION, 1200.0)
    assert class_of(scores(9.0, 0.0, 8.0), entry(), Limits(0.0, 0.9)) == "unknown_defect"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [0, 1])
def test_what_is_no_number_raises(value: float, where: int) -> None:
    outputs = [np.ones((3, 4, 4), np.float32), np.ones((2, 1, 1), np.float32)]
    outputs[where][-1, 0, 0] = value
    classifier = load_classifier(entry(classes=("a", "b"), **FAMILIAR), class_files(strides=True))
    with pytest.raises(InferenceError, match="no number"):
        classifier(outputs)


def test_a_part_like_none_of_the_classes_makes_nobody_sure() -> None:
    """Centres lie 73 brighter in one colour; a radius is 20, so that 2 of them are far and 4 too far."""
    classifier = load_classifier(entry(classes=("a", "b"), **FAMILIAR), class_files(strides=True))

    def confidence(distance: float) -> float:
        colours = np.full((3, 4, 4), 127, np.float32)
        colours[0] = 200 + distance / 2**0.5  # pooled twice, as mean and as maximum
        return classifier([colours, np.array([50, 0], np.float32).reshape(2, 1, 1)]).raw

    assert [confidence(one) for one in (0, 39, 60, 81)] == pytest.approx([1, 1, 0.5, 0], abs=1e-4)


@pytest.mark.parametrize("outputs", [logits(1, 2), (*logits(1, 2, 3), *logits(1, 2, 3)), (np.ones(3, np.float32),)])
def test_outputs_that_do_not_fit_are_refused(outputs: Any) -> None:
    with pytest.raises(ValueError, match="instead of 3 logits"):
        Classifier(entry())(outputs)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"classes": ("a",)}, "classes"),
        ({"classes": ("a", "a")}, "unique"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"strides": (16,)}, "together"),
        ({"max_distance": 1.0}, "together"),
        (FAMILIAR | {"arrays": {"centres": "a.npy"}}, "together"),
        (FAMILIAR | {"strides": ()}, "together"),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        entry(**changes)


@pytest.mark.parametrize("wrong", [{"centres": np.ones((3, 6))}, {"radius": np.ones(3)}, {"radius": np.zeros(2)}])
def test_arrays_that_do_not_fit_the_classes_are_refused(wrong: dict[str, Any]) -> None:
    files = class_files(strides=True) | {
        f"scorer/{name}.npy": npy(value.astype(np.float32)) for name, value in wrong.items()
    }
    with pytest.raises(PackageError, match="do not fit the classes"):
        load_classifier(entry(classes=("a", "b"), **FAMILIAR), files)


def changed(**changes: Any) -> dict[str, Any]:
    return class_manifest(class_files(), **changes)


def frames(*labels: str, outcome: str = "NG") -> dict[str, Any]:
    data = class_manifest(class_files())["golden"]
    for frame, label in zip(data["frames"], labels, strict=False):
        for expected in frame["expected"].values():
            expected |= {"label": label, "outcome": outcome}
    return data | {"frames": data["frames"][: len(labels)]}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"task": "anomaly"}, "classifier is none for the task anomaly"),
        ({"limits": {"ok_below": 0.1, "ng_from": 0.9}}, "no good class: its ok_below is 0"),
        ({"score_maps": {"onnxruntime": {"raw": [0.0, 1.0], "score": [0.9, 1.0]}}}, "never falls below ng_from"),
        ({"score_maps": {"onnxruntime": {"raw": [0.0, 1.0], "score": [0.0, 0.95]}}}, "must end at 1"),
        ({"golden": frames("blue", "blue")}, "golden frames of two classes"),
        ({"golden": frames("blue", "unknown_defect")}, "golden frames of two classes"),
        ({"golden": frames("blue", "")}, "golden frames of two classes"),
        ({"golden": frames("blue", "red", outcome="OK")}, "frame that is OK"),
        (
            {"scorer": {"kind": "classifier", "classes": ["blue", "green"], "temperature": 1.0}},
            "class green has no row",
        ),
        (
            {"scorer": {"kind": "classifier", "classes": ["blue", "unknown_defect"], "temperature": 1.0}},
            "class unknown_defect has no row",
        ),
    ],
)
def test_a_manifest_of_a_classifier_that_proves_nothing_is_refused(changes: dict[str, Any], says: str) -> None:
    parsed(changed())
    with pytest.raises(ValidationError, match=says):
        parsed(changed(**changes))

"""Two real packages that look at one picture, on two runtimes, under limits of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.combine import DISAGREE, Combine
from models.decision import Fate, Limits, Outcome
from models.detector import Detector
from models.ensemble import Ensemble
from models.errors import BadPicture, InferenceError
from models.geometry_entry import GeometrySpec
from models.rules import SUPPRESSED, ClassRule, RuleSet
from tests.fakes.packages import gray_frame, white_block_frame, write_small_package

TIMID = {name: {"raw": [0.0, 20.0], "score": [0.0, 1.0]} for name in ("onnxruntime", "openvino")}
# White scores 0.64 with the first package and 0.32 with the timid one.
LENIENT = Limits(0.4, 0.8)
WHITE_OK = RuleSet((ClassRule("spots", "bright", min_score=0.9, otherwise=Fate.SUPPRESSED),))


def timid_golden() -> dict[str, Any]:
    """The golden frames of the timid package: the same pictures, half the scores."""
    ok = {"raw": 0.0, "score": 0.0, "map_mean": 0.0, "outcome": "OK"}
    ng = {"raw": 6.4, "score": 0.32, "map_mean": 0.02, "outcome": "NG"}
    runtimes = ("onnxruntime", "openvino")
    return {
        "frames": [
            {"file": "golden/00.png", "expected": dict.fromkeys(runtimes, ok)},
            {"file": "golden/01.png", "expected": dict.fromkeys(runtimes, ng)},
        ],
        "score_tolerance": 0.01,
    }


@pytest.fixture(scope="module")
def detectors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Detector, Detector]]:
    folder: Path = tmp_path_factory.mktemp("packages")
    timid = write_small_package(
        folder / "timid.okng",
        id="timid",
        score_maps=TIMID,
        limits={"ok_below": 0.1, "ng_from": 0.3},
        golden=timid_golden(),
    )
    pair = (
        Detector.load(write_small_package(folder / "blocks.okng"), runtime="onnxruntime"),
        Detector.load(timid, runtime="openvino"),
    )
    yield pair
    for each in pair:
        each.close()


@pytest.mark.parametrize("how", Combine)
def test_a_part_that_both_find_good_is_ok(detectors: tuple[Detector, Detector], how: Combine) -> None:
    seen = Ensemble(*detectors, None, how).inspect(gray_frame())
    assert seen.decision is not None
    assert (seen.decision.outcome, seen.decision.detections) == (Outcome.OK, ())
    assert [one.decision.outcome for one in seen.members if one.decision] == [Outcome.OK, Outcome.OK]


def test_each_model_has_its_own_limits_and_the_combination_decides(detectors: tuple[Detector, Detector]) -> None:
    white = white_block_frame()
    found = {}
    for name, limits, how in (
        ("both", None, Combine.WORST),
        ("both agree", None, Combine.AGREE),
        ("one", LENIENT, Combine.WORST),
        ("one disagrees", LENIENT, Combine.AGREE),
    ):
        decision = Ensemble(*detectors, limits, how).inspect(white).decision
        assert decision is not None
        found[name] = (decision.outcome, [one.model for one in decision.detections])
    assert found == {
        "both": (Outcome.NG, ["blocks", "timid"]),
        "both agree": (Outcome.NG, ["blocks", "timid"]),
        "one": (Outcome.NG, ["blocks"]),
        "one disagrees": (Outcome.RECHECK, ["blocks"]),
    }


def test_a_disagreement_is_said(detectors: tuple[Detector, Detector]) -> None:
    decision = Ensemble(*detectors, LENIENT, Combine.AGREE).inspect(white_block_frame()).decision
    assert decision is not None and decision.reasons == (DISAGREE,)
    assert [member.limits for member in decision.members] == [Limits(0.3, 0.6), LENIENT]


def test_rules_are_each_models_own_business(detectors: tuple[Detector, Detector]) -> None:
    decision = Ensemble(*detectors, None, Combine.WORST).inspect(white_block_frame(), None, WHITE_OK).decision
    assert decision is not None
    assert (decision.outcome, decision.reasons) == (Outcome.OK, (SUPPRESSED,))
    assert [(one.model, one.fate) for one in decision.detections] == [
        ("blocks", Fate.SUPPRESSED),
        ("timid", Fate.SUPPRESSED),
    ]


def test_a_dark_picture_is_judged_by_neither(detectors: tuple[Detector, Detector]) -> None:
    seen = Ensemble(*detectors, None, Combine.WORST).inspect(np.zeros((64, 64, 3), np.uint8))
    assert seen.decision is None and seen.prepared.unfit is not None
    assert (seen.infer_ns, seen.score_ns) == (0, 0)
    assert [one.decision for one in seen.members] == [None, None]


def test_the_time_of_both_counts(detectors: tuple[Detector, Detector]) -> None:
    seen = Ensemble(*detectors, None, Combine.WORST).inspect(gray_frame())
    assert seen.infer_ns == sum(one.infer_ns for one in seen.members) > max(one.infer_ns for one in seen.members)
    assert seen.score_ns == sum(one.score_ns for one in seen.members) > 0
    assert seen.preprocess_ns > 0


@pytest.mark.parametrize("failing", [0, 1])
def test_one_model_that_fails_is_the_failure_of_both(
    detectors: tuple[Detector, Detector], failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise InferenceError("the runtime failed; certify the model again")

    monkeypatch.setattr(detectors[failing], "judge", fail)
    with pytest.raises(InferenceError):
        Ensemble(*detectors, None, Combine.WORST).inspect(gray_frame())


def test_what_is_no_picture_is_refused(detectors: tuple[Detector, Detector]) -> None:
    with pytest.raises(BadPicture):
        Ensemble(*detectors, None, Combine.WORST).inspect(np.zeros((64, 64, 4), np.uint8))


def test_both_are_named(detectors: tuple[Detector, Detector]) -> None:
    info = Ensemble(*detectors, None, Combine.WORST).info
    assert info.id == "blocks+timid"
    assert [one.hash for one in info.members] == [one.info.hash for one in detectors]
    assert "onnxruntime" in info.runtime and "openvino" in info.runtime


def test_rules_in_millimetres_measure_on_the_cameras_picture(tmp_path: Path) -> None:
    spec = GeometrySpec(mm_per_px=0.5)
    measured = write_small_package(
        tmp_path / "measured.okng", geometry={"roi": None, "mm_per_px": 0.5, "hash": spec.digest()}
    )
    detector = Detector.load(measured, runtime="onnxruntime")
    try:
        # One white block of 16 x 16 pixels: 8 mm long, 64 mm².
        for least, outcome in (
            ({"min_length_mm": 8.0}, Outcome.NG),
            ({"min_length_mm": 8.1}, Outcome.OK),
            ({"min_area_mm2": 64.0}, Outcome.NG),
            ({"min_area_mm2": 64.1}, Outcome.OK),
            ({"min_length_mm": 8.1, "min_area_mm2": 64.0}, Outcome.NG),
        ):
            rules = RuleSet((ClassRule("spots", "bright", otherwise=Fate.SUPPRESSED, **least),))  # type: ignore[arg-type]
            decision = detector.inspect(white_block_frame(), None, rules).decision
            assert decision is not None
            assert (decision.outcome, least) == (outcome, least)
            (spot,) = decision.detections
            assert (spot.length_mm, spot.area_mm2) == (8.0, 64.0)
    finally:
        detector.close()

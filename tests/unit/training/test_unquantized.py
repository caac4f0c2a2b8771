"""The twin of a classifier's package: its own network, confidence and limit, and a self-test recorded anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from models.decision import Limits
from models.detector import Detector
from models.manifest import ClassifierEntry, ScoreMap
from models.package import open_package
from models.scorers import Floats
from tests.fakes.class_packages import class_network, picture, write_class_package
from training.unquantized import Unquantized, write_unquantized


@dataclass(frozen=True, slots=True)
class Taught:
    """The same classes, with a confidence fitted to another network's logits."""

    temperature: float
    arrays: dict[str, Floats] = field(default_factory=dict)

    def entry(self, _files: dict[str, str]) -> ClassifierEntry:
        return ClassifierEntry(kind="classifier", classes=("blue", "red"), temperature=self.temperature)


def test_a_classifiers_twin_names_by_its_own_confidence_and_limit(tmp_path: Path) -> None:
    package = write_class_package(tmp_path / "int8.okng")
    plain = class_network(divisor=40.0)
    parts = Unquantized(plain, Taught(2.0), ScoreMap(raw=(0.0, 1.0), score=(0.0, 1.0)), Limits(0.0, 0.6))
    write_unquantized(package, parts, tmp_path / "fp32.okng")
    twin = open_package(tmp_path / "fp32.okng").manifest
    assert [(one.quantization, one.certified) for one in twin.artefacts] == [("float32", {})]
    assert isinstance(twin.scorer, ClassifierEntry) and twin.scorer.temperature == 2.0
    assert twin.limits.limits() == Limits(0.0, 0.6)
    # Both classes are still named, and gray, between the two, is nobody's.
    recorded = [one.expected["onnxruntime"] for one in twin.golden.frames]
    assert [(one.label, one.outcome.value) for one in recorded] == [
        ("blue", "NG"),
        ("red", "NG"),
        ("unknown_defect", "RECHECK"),
    ]
    detector = Detector.load(tmp_path / "fp32.okng", runtime="onnxruntime")
    try:
        score = detector.judge_anyway(picture(blue=200)).decision.score
    finally:
        detector.close()
    # The network says 73 / 40 for blue and as much less for red.
    assert score == pytest.approx(1 / (1 + np.exp(-2 * 73 / 40 / 2)), abs=1e-4)

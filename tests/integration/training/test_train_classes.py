"""Parts of which every one has a defect: a package that names classes and never says OK, from pictures to verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest
from click.testing import CliRunner

from models.decision import Limits, Outcome
from models.detector import Detector
from models.manifest import ClassifierEntry
from models.package import open_package
from models.picture_file import read_picture
from tests.fakes.discs import disc
from training import tuning
from training.cli import evaluate, train

# Whole trainings: minutes where the machine has other things to do.
pytestmark = pytest.mark.timeout(900)
CLASSES = {"scratch": 16, "stain": 16}


def write(root: Path, first_seed: int, **counts: int) -> Path:
    for label, count in counts.items():
        (root / label).mkdir(parents=True)
        for index in range(count):
            image, _ = disc(first_seed + index + 1000 * len(label), label)
            (root / label / f"{index}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return root


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("classes"), 0, **CLASSES)


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("package")
    (folder / "t.toml").write_text('[train]\nsize_px = 64\nepochs = 6\nquantization = "aware"\n')
    out = folder / "a.okng"
    asked = [str(data), "--out", str(out), "--config", str(folder / "t.toml"), "--runtimes", "openvino", "--no-cache"]
    asked += ["--fp32", str(folder / "fp32.okng")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "STEPS", 4)
        done = CliRunner().invoke(train, [*asked, "--created", "2026-01-31T08:00:00Z", "--json"])
    assert done.exit_code == 0, done.stderr
    assert "it never says OK" in done.stderr
    assert "INT8, taught on with INT8 in sight: accuracy" in done.stderr
    return out, json.loads(done.stdout)


def test_the_package_names_pictures_that_it_never_saw(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    out, figures = trained
    assert open_package(out).manifest.task == "classification"
    assert figures["mode"] == "classification" and set(figures["names_held_out"]) == {"onnxruntime", "openvino"}
    assert (figures["good"], figures["defective"]) == (0, sum(CLASSES.values()))
    unseen = write(tmp_path / "unseen", 500, **dict.fromkeys(CLASSES, 6))
    done = CliRunner().invoke(evaluate, [str(out), str(unseen), "--json", "--runtime", "onnxruntime"])
    assert done.exit_code == 0, done.stderr
    (judged,) = json.loads(done.stdout)
    assert judged["escapes"]["count"] == 0
    assert judged["names"]["accuracy"]["count"] >= 9


def test_every_rung_of_int8_is_told(trained: tuple[Path, dict[str, Any]]) -> None:
    out, figures = trained
    rungs = figures["networks"]["quantization"]
    assert rungs["asked"] == "aware" and [one["rung"] for one in rungs["tried"]] == ["static", "aware"]
    right = figures["names_held_out"]["onnxruntime"]["accuracy"]
    assert rungs["taken"]["int8"] == pytest.approx(right["count"] / right["total"])
    for told in (out.with_name("a.report.html"), out.with_name("a.MODEL_CARD.md")):
        text = told.read_text(encoding="utf-8")
        assert "INT8 as used here" in text and "INT8 that was tried, too" in text and "此处使用的 INT8" in text


def test_no_limits_make_a_part_ok(trained: tuple[Path, dict[str, Any]], data: Path) -> None:
    detector = Detector.load(trained[0], runtime="onnxruntime")
    try:
        image = read_picture(data / "stain" / "0.png")
        decisions = [detector.inspect(image, limits).decision for limits in (Limits(0.99, 1.0), Limits(1.0, 1.0))]
    finally:
        detector.close()
    assert len(decisions) == 2
    assert all(one is not None and one.outcome is not Outcome.OK for one in decisions)


def test_the_report_tells_both_languages_and_the_card_no_certificate(trained: tuple[Path, dict[str, Any]]) -> None:
    out = trained[0]
    html = out.with_name("a.report.html").read_text(encoding="utf-8")
    for text in ("the package never says OK", "本模型包从不判 OK", "What was taken for what", "混淆矩阵"):
        assert text in html
    card = out.with_name("a.MODEL_CARD.md").read_text(encoding="utf-8")
    assert "task classification" in card and "Certificate" not in card


def test_a_class_of_which_nothing_would_be_left_is_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "few", 0, scratch=16, stain=1)
    done = CliRunner().invoke(train, [str(data), "--out", str(tmp_path / "a.okng"), "--no-cache"])
    assert done.exit_code == 2
    assert "of stain" in done.stderr and "add some of other parts or lots" in done.stderr
    assert not (tmp_path / "a.okng").exists()


def test_the_twin_without_quantization_names_by_a_confidence_of_its_own(
    trained: tuple[Path, dict[str, Any]], data: Path
) -> None:
    package, twin = (open_package(trained[0].with_name(name)).manifest for name in ("a.okng", "fp32.okng"))
    assert [one.quantization for one in twin.artefacts] == ["float32"]
    assert not any(one.certified for one in twin.artefacts)
    assert isinstance(package.scorer, ClassifierEntry) and isinstance(twin.scorer, ClassifierEntry)
    assert twin.scorer.classes == package.scorer.classes and twin.limits.ok_below == 0.0
    # What the self-test expects was recorded with the twin's network: it passes, and says what its parts show.
    assert {one.expected["onnxruntime"].label for one in twin.golden.frames} <= {*CLASSES, "unknown_defect"}
    named = []
    for name in ("a.okng", "fp32.okng"):
        detector = Detector.load(trained[0].with_name(name), runtime="onnxruntime")
        try:
            found = [detector.judge_anyway(read_picture(path)) for path in sorted(data.glob("*/*.png"))]
        finally:
            detector.close()
        assert all(one.decision.outcome is not Outcome.OK for one in found)
        named.append([int(one.scores.classes.argmax()) for one in found if one.scores.classes is not None])
    alike = [first == second for first, second in zip(*named, strict=True)]
    assert len(alike) == sum(CLASSES.values()) and sum(alike) >= 0.9 * len(alike)

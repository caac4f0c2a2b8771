"""A training on drawn boards by the commands, judged by the station's own code."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from models.assembly_entry import AssemblyEntry
from models.decision import Box, Outcome, Severity
from models.detector import Detector
from models.package import open_package
from tests.fakes.boards import PLACES, board, write_boards
from tests.fakes.discs import write_discs
from training.cli import evaluate, train
from training.commands.regression import regression
from training.commands.split import split
from training.progress import Progress
from training.rois.dataset import open_assembly
from training.rois.parted import REGIONS, labelled, part_assembly
from training.splits.unseen import judge_unseen

OPTIONS = ["--size", "64", "--created", "2026-01-31T08:00:00Z", "--runtimes", "openvino"]


def call_train(data: Path, *options: str) -> Result:
    return CliRunner().invoke(train, [str(data), *OPTIONS, *options])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_boards(tmp_path_factory.mktemp("boards") / "data")


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Package and figures of one training."""
    out = tmp_path_factory.mktemp("trained") / "boards.okng"
    done = call_train(data, "--out", str(out), "--json")
    assert done.exit_code == 0, done.stderr
    return out, json.loads(done.stdout)


@pytest.fixture(scope="module")
def detector(trained: tuple[Path, dict[str, Any]]) -> Detector:
    return Detector.load(trained[0], runtime="openvino")


def test_the_package_judges_boards_that_it_never_saw(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    unseen = write_boards(tmp_path / "unseen", 12, first_seed=900)
    done = CliRunner().invoke(evaluate, [str(trained[0]), str(unseen), "--json"])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert {row["name"].split()[0] for row in found} == {"onnxruntime-cpu", "openvino-cpu"}
    for row in found:
        assert row["regions"]["all regions"]["right"]["count"] >= 47 and row["unfit"] == 0
        assert row["regions"]["whole parts"]["escapes"]["count"] == 0


def test_boards_of_a_split_are_judged_and_a_missed_one_is_named(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    root = write_boards(tmp_path / "dealt", 12, first_seed=900)
    assert CliRunner().invoke(split, [str(root), "--shares", "train=50,test=50"]).exit_code == 0
    lacking = next(one.name for one in labelled(open_assembly(root)) if one.label == "incomplete")
    assert CliRunner().invoke(regression, ["add", str(root), lacking, "--why", "a bolt was missing"]).exit_code == 0
    parted, package = part_assembly(open_assembly(root), "default"), open_package(trained[0])
    unseen = judge_unseen(parted, REGIONS, package.manifest, package.files, "", Progress(io.StringIO()))
    assert [(one.defective, one.missed) for one in unseen.regression] == [(1, ()), (1, ())]
    assert unseen.pictures == len(parted.test.pictures) and dict(unseen.test[0].rows)["whole parts, escapes"]
    done = CliRunner().invoke(evaluate, [str(trained[0]), str(root), "--split", "default", "--json"])
    assert done.exit_code == 0 and "not trained with this very split" in done.stderr
    total = json.loads(done.stdout)[0]["regions"]["all regions"]["right"]["total"]
    assert total == 4 * len(parted.test.pictures) < 4 * 12
    done = CliRunner().invoke(regression, ["check", str(trained[0]), str(root)])
    assert done.exit_code == 0 and done.stdout.count("1 of 1 old escapes are caught.") == 2


def test_a_missing_bolt_is_ng_with_the_name_and_place_of_its_region(detector: Detector) -> None:
    decision = detector.judge_anyway(board(("bolt", "bolt", "hole", "bolt"), 700)).decision
    (found,) = decision.detections
    assert decision.outcome is Outcome.NG and (found.label, found.code, found.seen) == ("bottom_left", 13, "hole")
    assert found.box == Box(*PLACES["bottom_left"], 88, 88) and found.severity is Severity.CRITICAL


def test_what_is_neither_bolt_nor_hole_is_never_ok(detector: Detector) -> None:
    for seed in range(710, 716):
        decision = detector.judge_anyway(board(("bolt", "rivet", "bolt", "bolt"), seed)).decision
        assert decision.outcome is not Outcome.OK and "top_right" in {found.label for found in decision.detections}


def test_the_figures_say_what_was_done(trained: tuple[Path, dict[str, Any]]) -> None:
    figures = trained[1]
    assert (figures["pictures"], figures["complete"]) == (20, 10)
    assert set(figures["regions"]) == {*PLACES, "all regions", "whole parts"}
    assert figures["regions"]["all regions"]["right"]["total"] == 80
    assert figures["overkill_bound_95"] >= 0.25
    assert figures["parity"] == {"openvino": {"flips": 0, "moves": 0}}


def test_the_manifest_carries_regions_catalogue_and_calibration_of_parts(
    trained: tuple[Path, dict[str, Any]],
) -> None:
    manifest = open_package(trained[0]).manifest
    assert manifest.task == "assembly" and isinstance(manifest.scorer, AssemblyEntry)
    assert [roi.name for roi in manifest.scorer.rois] == list(PLACES)
    assert [(row.label, row.code) for row in manifest.classes][:3] == [
        ("unknown_defect", 1),
        ("top_left", 11),
        ("top_right", 12),
    ]
    assert len(manifest.calibration.scores) == 10 and all("板" in group for group in manifest.calibration.groups)
    assert {frame.view for frame in manifest.golden.frames} > {0} and len(manifest.golden.frames) == 16


def test_the_report_stands_alone(trained: tuple[Path, dict[str, Any]]) -> None:
    report = trained[0].with_name("boards.report.html").read_text()
    for part in ("top_left", "overkill (good parts", "<svg", "data:image/jpeg", "openvino", "fp32", "taken for"):
        assert part in report
    assert not re.search(r"(src|href)=[\"'](?!data:)|url\(|<script|@import", report)


def test_the_same_data_and_seed_give_the_same_bytes(
    trained: tuple[Path, dict[str, Any]], data: Path, tmp_path: Path
) -> None:
    again = call_train(data, "--out", str(tmp_path / "boards.okng"))
    assert again.exit_code == 0, again.stderr
    assert (tmp_path / "boards.okng").read_bytes() == trained[0].read_bytes()


def test_too_few_examples_of_what_is_expected_are_refused(tmp_path: Path) -> None:
    root = write_boards(tmp_path / "few", 8)
    rois = (root / "rois.toml").read_text(encoding="utf-8").replace('kind = "bolt"\n', "", 1)
    (root / "rois.toml").write_text(rois, encoding="utf-8")
    refused = call_train(root, "--out", str(tmp_path / "few.okng"))
    assert refused.exit_code == 2 and re.search(
        r"top_left expects 'bolt', which only \d labelled views", refused.stderr
    )
    assert not (tmp_path / "few.okng").exists()


def test_a_region_option_does_not_go_with_named_regions(data: Path, tmp_path: Path) -> None:
    refused = call_train(data, "--out", str(tmp_path / "a.okng"), "--roi", "0,0,96,90")
    assert refused.exit_code == 2 and "leave --roi and --geometry out" in refused.stderr


def test_a_package_is_named_or_folds_are(data: Path) -> None:
    refused = call_train(data)
    assert refused.exit_code == 2 and "--out" in refused.stderr


def test_package_and_data_set_must_be_of_one_kind(
    trained: tuple[Path, dict[str, Any]], data: Path, tmp_path: Path
) -> None:
    discs = write_discs(tmp_path / "discs", good=2, scratches=0, stains=0)
    refused = CliRunner().invoke(evaluate, [str(trained[0]), str(discs)])
    assert refused.exit_code == 2 and "judges named regions" in refused.stderr
    other = write_boards(tmp_path / "other", 2)
    text = (other / "rois.toml").read_text(encoding="utf-8").replace("top_left", "upper_left")
    (other / "rois.toml").write_text(text, encoding="utf-8")
    labels = (other / "labels.csv").read_text(encoding="utf-8").replace("top_left", "upper_left")
    (other / "labels.csv").write_text(labels, encoding="utf-8")
    refused = CliRunner().invoke(evaluate, [str(trained[0]), str(other)])
    assert refused.exit_code == 2 and "upper_left" in refused.stderr


def test_folds_are_judged_by_packages_that_never_saw_them(data: Path) -> None:
    done = call_train(data, "--folds", "2", "--json")
    assert done.exit_code == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["regions"]["all regions"]["right"]["total"] == 80 and found["name"] == "seed 0, 2 folds, openvino"
    assert found["regions"]["all regions"]["right"]["count"] >= 77


def test_more_folds_than_parts_are_refused(tmp_path: Path) -> None:
    refused = call_train(write_boards(tmp_path / "few", 3), "--folds", "4")
    assert refused.exit_code == 2 and "3 groups of pictures, too few for 4 folds" in refused.stderr

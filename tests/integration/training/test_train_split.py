"""`okng train --split` and the regression set, from dealing to a package that is written or refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from models.detector import Detector
from models.package import open_package
from tests.fakes.discs import disc, write_discs
from training import features as features_module
from training.cli import evaluate, train
from training.commands.regression import regression
from training.commands.split import split
from training.data.dataset import open_dataset
from training.evaluate import judge_pictures, scores_of
from training.fitting import candidates
from training.splits.parted import part_dataset
from training.splits.regression import read_regression

# Whole trainings: minutes where the machine has other things to do.
pytestmark = pytest.mark.timeout(900)
OPTIONS = ("--size", "64", "--created", "2026-01-31T08:00:00Z", "--runtimes", "openvino")
REASON = "the scratch is within the customer's limit since May"


def call_train(data: Path, out: Path, *options: str) -> Result:
    return CliRunner().invoke(train, [str(data), "--out", str(out), *OPTIONS, *options])


@pytest.fixture(scope="module", autouse=True)
def few_scorers() -> Iterator[None]:
    """One kind of scorer and few views are enough here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "KINDS", candidates.KINDS[:1])
        patch.setattr(features_module, "VIEWS_WANTED", 20)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A split data set whose regression set holds a scratch, and a "stain" that no model can see."""
    root = write_discs(tmp_path_factory.mktemp("split") / "discs", good=24, scratches=9, stains=6)
    (root / "stain" / "invisible.png").write_bytes(cv2.imencode(".png", disc(4321)[0])[1].tobytes())
    assert CliRunner().invoke(split, [str(root)]).exit_code == 0
    caught = sorted(path.relative_to(root).as_posix() for path in (root / "scratch").iterdir())[0]
    added = CliRunner().invoke(regression, ["add", str(root), caught, "stain/invisible.png", "--why", "escaped"])
    assert added.exit_code == 0, added.stderr
    return root


@pytest.fixture(scope="module")
def accepted(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Package and figures of a training whose missed escape somebody answered for."""
    out = tmp_path_factory.mktemp("accepted") / "discs.okng"
    kept = ("--fp32", str(out.with_name("fp32.okng")))
    done = call_train(data, out, "--split", "default", "--accept-escapes", REASON, "--json", *kept)
    assert done.exit_code == 0, done.stderr
    return out, json.loads(done.stdout)


def test_a_package_that_calls_an_old_escape_ok_is_not_written(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "discs.okng"
    done = call_train(data, out, "--runtimes", "onnxruntime")
    assert done.exit_code == 4, done.stderr
    assert "the package was not written: it calls 1 old escapes good: stain/invisible.png" in done.stderr
    assert "--accept-escapes" in done.stderr and not list(tmp_path.iterdir())


def test_test_pictures_are_never_trained_on_and_judged_afterwards(
    data: Path, accepted: tuple[Path, dict[str, Any]]
) -> None:
    parted = part_dataset(open_dataset(data), "default")
    figures, training = accepted[1], open_package(accepted[0]).manifest.training
    assert figures["good"] == len(parted.seen.good) == training.good_pictures < 24
    assert figures["defective"] == len(parted.seen.defective) == training.defective_pictures
    assert figures["data_sha256"] == parted.seen.sha256() != open_dataset(data).sha256()
    unseen = figures["unseen"]
    assert unseen["pictures"] == len(parted.test.pictures) and unseen["split"] == "default"
    assert [one["runtime"].split()[0] for one in unseen["test"]] == ["openvino-cpu", "onnxruntime-cpu"]
    for one in unseen["test"]:
        assert one["escapes"]["total"] == len(parted.test.defective) and len(one["escapes"]["interval_95"]) == 2
        assert one["overkill"]["total"] == len(parted.test.good)
    assert training.split_sha256 == unseen["split_sha256"] == parted.split_sha256
    assert training.regression_sha256 == read_regression(data)[-1].hash


def test_who_answered_for_a_missed_escape_stands_in_figures_and_report(accepted: tuple[Path, dict[str, Any]]) -> None:
    unseen = accepted[1]["unseen"]
    assert unseen["accepted_escapes"] == REASON
    for one in unseen["regression"]:
        assert (one["defective"], one["missed"]) == (2, ["stain/invisible.png"])
    report = accepted[0].with_name("discs.report.html").read_text()
    for part in ("that was accepted: the scratch is within", "stain/invisible.png", "that nothing was chosen on"):
        assert part in report


def test_eval_judges_the_very_test_pictures(data: Path, accepted: tuple[Path, dict[str, Any]]) -> None:
    done = CliRunner().invoke(
        evaluate, [str(accepted[0]), str(data), "--split", "default", "--runtime", "onnxruntime", "--json"]
    )
    assert done.exit_code == 0 and done.stderr == ""
    (found,) = json.loads(done.stdout)
    trained = next(one for one in accepted[1]["unseen"]["test"] if one["runtime"] == found["runtime"])
    for name in ("auroc", "escapes", "overkill", "recheck_good", "escapes_per_class"):
        assert found[name] == trained[name]
    seen = CliRunner().invoke(
        evaluate,
        [str(accepted[0]), str(data), "--split", "default", "--subset", "train", "--runtime", "onnxruntime"],
    )
    assert "these figures are no test" in seen.stderr


def test_the_package_without_quantization_judges_the_same_pictures_almost_alike(
    data: Path, accepted: tuple[Path, dict[str, Any]]
) -> None:
    package, test = accepted[0], part_dataset(open_dataset(data), "default").test
    twin = package.with_name("fp32.okng")
    assert [one.quantization for one in open_package(twin).manifest.artefacts] == ["float32"]
    scores = []
    for path in (package, twin):
        detector = Detector.load(path, runtime="onnxruntime")
        scores.append(scores_of(judge_pictures(detector, test.pictures)))
        certified = detector.info.certified
        detector.close()
    assert not certified
    apart = np.abs(scores[0] - scores[1])
    assert 0 < np.median(apart) < 0.1, apart


def test_where_the_fp32_package_cannot_be_written_is_told_before_the_training(data: Path, tmp_path: Path) -> None:
    done = call_train(data, tmp_path / "discs.okng", "--fp32", str(tmp_path / "gone" / "fp32.okng"))
    assert done.exit_code == 2 and "there is no folder" in done.stderr


def test_regression_check_names_what_is_missed(data: Path, accepted: tuple[Path, dict[str, Any]]) -> None:
    done = CliRunner().invoke(regression, ["check", str(accepted[0]), str(data)])
    assert done.exit_code == 1
    assert done.stdout.count("1 of 2 old escapes are caught; missed: stain/invisible.png.") == 2


def test_an_empty_reason_answers_for_nothing(data: Path, tmp_path: Path) -> None:
    done = call_train(data, tmp_path / "a.okng", "--accept-escapes", " ")
    assert done.exit_code == 2 and "say with --accept-escapes why" in done.stderr

"""A network that learns, end to end: mode, what is held out, heads in the package, and going on after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from models.detector import Detector
from models.manifest import ScorerEntry
from models.package import open_package
from models.picture_file import read_picture
from tests.fakes.discs import write_discs
from tests.fakes.waiting import until
from training.cli import train
from training.resuming import checkpoint_folder

# Whole trainings: minutes where the machine has other things to do.
pytestmark = pytest.mark.timeout(900)
_EPOCHS = 2


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_discs(tmp_path_factory.mktemp("discs"), good=36, scratches=12, stains=0)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    file = tmp_path_factory.mktemp("config") / "train.toml"
    file.write_text(f'[train]\nmode = "segmentation"\nsize_px = 64\nepochs = {_EPOCHS}\n')
    fixed = ["--id", "a", "--created", "2026-01-31T08:00:00Z", "--runtimes", "onnxruntime", "--no-cache"]
    return ["--config", str(file), *fixed]


def call(data: Path, out: Path, *options: str) -> Result:
    return CliRunner().invoke(train, [str(data), "--out", str(out), *options])


@pytest.fixture(scope="module")
def trained(
    data: Path, options: list[str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any], str]:
    out = tmp_path_factory.mktemp("package") / "a.okng"
    done = call(data, out, *options, "--json")
    assert done.exit_code == 0, done.stderr
    return out, json.loads(done.stdout), done.stderr


def test_a_network_is_taught_and_judged_on_what_was_kept_from_it(trained: tuple[Path, dict[str, Any], str]) -> None:
    out, figures, said = trained
    assert "Mode segmentation, as asked: 36 good and 12 defective pictures, 12 of them marked." in said
    manifest = open_package(out).manifest
    scorer = manifest.scorer
    assert isinstance(scorer, ScorerEntry) and scorer.head is not None and scorer.head.classes == ("scratch",)
    assert scorer.grid_stride == 16, "a distance on the fine grid costs more than heads leave of the time"
    held = manifest.calibration
    assert (len(held.scores), len(held.defects["scratch"].scores)) == (9, 3)
    assert sum(figures["outcomes"]["good"].values()) == 9
    assert (manifest.training.good_pictures, manifest.training.defective_pictures) == (36, 12)
    assert figures["auroc_held_out_fp32"] is not None
    assert not checkpoint_folder(out).exists()


def test_how_int8_came_about_is_told_and_allowed_for(trained: tuple[Path, dict[str, Any], str]) -> None:
    out, figures, said = trained
    rungs = figures["networks"]["quantization"]
    assert rungs["asked"] == "auto" and rungs["tried"][0]["rung"] == "static"
    assert "INT8, rounding alone: AUROC" in said
    assert rungs["taken"]["fp32"] == figures["auroc_held_out_fp32"]
    assert ("WARNING: INT8 LOSES" in said) is not rungs["taken"]["bearable"]
    compared = open_package(out).manifest.calibration.scorers
    assert compared is not None and compared > len(figures["tried"])
    for told in (out.with_name("a.report.html"), out.with_name("a.MODEL_CARD.md")):
        assert "INT8 as used here: " in told.read_text(encoding="utf-8")


def test_the_station_judges_by_the_heads(data: Path, trained: tuple[Path, dict[str, Any], str]) -> None:
    detector = Detector.load(trained[0], runtime="onnxruntime")
    scratched = sorted((data / "scratch").glob("*.png"))[0]
    found = detector.inspect(read_picture(scratched))
    detector.close()
    assert found.scores is not None and found.scores.classes is not None and found.scores.classes.shape == (2, 32, 32)


def test_a_killed_run_goes_on_and_writes_the_same_package(
    data: Path, options: list[str], trained: tuple[Path, dict[str, Any], str], tmp_path: Path
) -> None:
    out = tmp_path / "a.okng"
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-m", "appliance.cli", "train", str(data), "--out", str(out), *options]
    child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(root)}, stderr=subprocess.DEVNULL)
    kept = checkpoint_folder(out) / "learning.pt"
    try:
        until(kept.exists, "the first epoch is kept", 300)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not out.exists() and kept.exists()
    refused = call(data, out, *options)
    assert refused.exit_code == 2 and "go on with --resume, or delete" in refused.stderr
    other = call(data, out, *options, "--seed", "1", "--resume")
    assert other.exit_code == 2 and "is of other pictures, settings or code" in other.stderr
    done = call(data, out, *options, "--resume")
    assert done.exit_code == 0 and "goes on after" in done.stderr, done.stderr
    assert out.read_bytes() == trained[0].read_bytes() and not checkpoint_folder(out).exists()

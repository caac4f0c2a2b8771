"""A network of torchvision in the place of the trunk: exported, quantized, judged. Its weights are random."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from models.detector import Detector
from models.package import open_package
from models.picture_file import read_picture
from tests.fakes.discs import write_discs
from training import features as features_module
from training.cli import train
from training.config import BackboneFile
from training.export import export_trunk
from training.features import ALL_STRIDES
from training.fitting import candidates
from training.networks import torchvision_import
from training.networks.backbones import weights_sha256
from training.networks.torchvision_import import import_torchvision

# A whole training: minutes where the machine has other things to do.
pytestmark = pytest.mark.timeout(900)
NAME = "mobilenet_v3_small"
OPTIONS = ("--size", "64", "--created", "2026-01-31T08:00:00Z", "--runtimes", "onnxruntime", "--no-cache")


@pytest.fixture(scope="module", autouse=True)
def few_scorers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "WITHOUT_DEFECTS", candidates.WITHOUT_DEFECTS[:1])
        patch.setattr(features_module, "VIEWS_WANTED", 20)
        yield


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.manual_seed(3)
    torch.save(getattr(import_torchvision().models, NAME)(weights=None).state_dict(), path)
    return path


def test_a_package_of_another_network_is_proven_says_what_it_is_and_judges(weights: Path, tmp_path: Path) -> None:
    data = write_discs(tmp_path / "discs", good=14, scratches=0, stains=0)
    out = tmp_path / "discs.okng"
    asked = ("--backbone", NAME, "--weights", str(weights))
    done = CliRunner().invoke(train, [str(data), "--out", str(out), *OPTIONS, *asked])
    assert done.exit_code == 0, done.stderr
    manifest = open_package(out).manifest
    assert manifest.training.tools[f"weights of {NAME}"] == f"sha256:{weights_sha256(weights)}"
    assert "torchvision" in manifest.training.tools and set(manifest.artefacts[0].certified) == {"onnxruntime"}
    assert "LiteRT left out, it is made of okng's own trunk alone" in done.stdout
    detector = Detector.load(out, runtime="onnxruntime")
    try:
        found = detector.inspect(read_picture(next((data / "good").iterdir())))
    finally:
        detector.close()
    assert found.decision is not None


def test_pictures_make_no_other_network_narrower(weights: Path) -> None:
    backbone, rng = BackboneFile(NAME, weights, weights_sha256(weights)), np.random.default_rng(0)
    frames = [rng.integers(0, 256, (1, 64, 64, 3), np.uint8) for _ in range(4)]
    assert export_trunk((64, 64), ALL_STRIDES, backbone, frames) == export_trunk((64, 64), ALL_STRIDES, backbone)


def test_modes_that_teach_a_network_refuse_another_one(weights: Path, tmp_path: Path) -> None:
    data = write_discs(tmp_path / "discs", good=14, scratches=6, stains=0)
    asked = ("--backbone", NAME, "--weights", str(weights), "--mode", "segmentation")
    done = CliRunner().invoke(train, [str(data), "--out", str(tmp_path / "a.okng"), *OPTIONS, *asked])
    assert done.exit_code == 2 and "leave --backbone out, or ask for --mode mixed" in done.stderr


class _Runs:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (self.mark,))


def test_a_hostile_file_of_weights_is_refused_and_nothing_in_it_runs(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    torch.save({"conv1.weight": _Runs(tmp_path / "was run")}, tmp_path / "evil.pth")
    asked = ("--backbone", NAME, "--weights", str(tmp_path / "evil.pth"))
    done = CliRunner().invoke(train, [str(tmp_path), "--out", str(tmp_path / "a.okng"), *asked])
    assert done.exit_code == 2 and "is no file of weights" in done.stderr
    assert not (tmp_path / "was run").exists() and not (tmp_path / "a.okng").exists()


def test_a_missing_extra_is_told_with_its_name(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good").mkdir()

    def missing(_name: str) -> ModuleType:
        raise ImportError("No module named 'torchvision'")

    monkeypatch.setattr(torchvision_import, "import_module", missing)
    asked = ("--backbone", NAME, "--weights", str(weights))
    done = CliRunner().invoke(train, [str(tmp_path), "--out", str(tmp_path / "a.okng"), *asked])
    assert done.exit_code == 3 and "okng[backbones]" in done.stderr


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--backbone", NAME), 2, "--weights"),
        (("--weights", "w.pth"), 2, "--backbone"),
        (("--backbone", NAME, "--weights", "gone.pth"), 3, "there is no file"),
        (("--backbone", "vgg", "--weights", "gone.pth"), 2, "choose from"),
    ],
)
def test_wrong_use_is_told_before_any_picture_is_read(
    tmp_path: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "good").mkdir()
    done = CliRunner().invoke(train, [str(tmp_path), "--out", str(tmp_path / "a.okng"), *options])
    assert done.exit_code == code and words in done.stderr

"""`okng train` and `okng eval` from a folder of pictures to a package that judges others."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

import training.contest as contest_module
import training.gate as gate_module
import training.run as run_module
from models.detector import Detector
from models.package import open_package
from tests.fakes.discs import write_discs
from tests.fakes.opened import files_opened
from training.cli import evaluate, train
from training.commands.synth import synth
from training.features import Extractor, Features
from training.fitting import candidates
from training.networks.pruning import KEPT
from training.quantized import read_quantized

OPTIONS = ["--size", "64", "--created", "2026-01-31T08:00:00Z"]
LITE = ("--runtimes", "openvino,symmetric,tflite")


def call_train(data: Path, out: Path, *options: str) -> Result:
    """A training without LiteRT, whose conversion takes longer than all else, unless `options` ask for it."""
    few = () if "--runtimes" in options else ("--runtimes", "openvino,symmetric")
    return CliRunner().invoke(train, [str(data), "--out", str(out), *OPTIONS, *few, *options])


# Whole trainings: minutes where the machine has other things to do.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module", autouse=True)
def few_scorers() -> Iterator[None]:
    """Three kinds of scorers are enough to choose from; all of them would take minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "KINDS", candidates.KINDS[:3])
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Discs, and synthetic defects of every kind beside them."""
    root = write_discs(tmp_path_factory.mktemp("discs"), empty=16)
    done = CliRunner().invoke(synth, [str(root), "--count", "20"])
    assert done.exit_code == 0, done.output
    return root


@pytest.fixture(scope="module")
def opened() -> set[Path]:
    """Every file that the training of `trained` opened."""
    return set()


@pytest.fixture(scope="module")
def trained(data: Path, opened: set[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Package and figures of one training."""
    out = tmp_path_factory.mktemp("trained") / "discs.okng"
    with files_opened() as files:
        done = call_train(data, out, "--json", *LITE)
    opened |= files
    assert done.exit_code == 0, done.stderr
    return out, json.loads(done.stdout)


def test_the_package_tells_unseen_parts_apart_on_every_runtime(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    unseen = write_discs(tmp_path / "unseen", good=20, scratches=10, stains=10, first_seed=500, empty=20)
    done = CliRunner().invoke(evaluate, [str(trained[0]), str(unseen), "--json"])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert {row["runtime"].split()[0] for row in found} == {"openvino-cpu", "onnxruntime-cpu", "tflite-cpu"}
    for row in found:
        assert row["auroc"] >= 0.97 and row["escapes"]["count"] <= 1 and row["escapes"]["total"] == 20
        assert row["gaps"]["count"] >= 15 and row["gaps"]["total"] == 20
        assert row["overlooked"]["count"] == 0 and row["overlooked"]["total"] == 40


def test_no_synthetic_picture_calibrated_set_limits_or_was_tested(
    trained: tuple[Path, dict[str, Any]], data: Path, opened: set[Path]
) -> None:
    def contents(files: Iterable[Path]) -> set[str]:
        return {hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    with files_opened() as tested:
        done = CliRunner().invoke(evaluate, [str(trained[0]), str(data), "--runtime", "onnxruntime", "--json"])
    assert done.exit_code == 0, done.stderr
    synthetic = sorted((data / "synthetic").rglob("*.png"))
    taken = [*data.glob("good/*"), *data.glob("scratch/*"), *data.glob("stain/*"), *data.glob("empty/*")]
    for seen in (opened, tested):
        read = contents(file for file in seen if file.is_relative_to(data) and file.is_file())
        assert len(synthetic) == 40 and not read & contents(synthetic)
        # Else it would be no proof: what calibrated, set limits and was tested is what was read.
        assert read >= contents(taken)
    manifest = open_package(trained[0]).manifest
    good = {picture.relative_to(data).as_posix() for picture in data.glob("good/*")}
    assert set(manifest.calibration.groups) == good and trained[1]["good"] == len(good)
    assert json.loads(done.stdout)[0]["overkill"]["total"] == len(good)


def test_the_figures_say_what_was_done(trained: tuple[Path, dict[str, Any]]) -> None:
    figures = trained[1]
    assert (figures["good"], figures["defective"]) == (14, 11)
    assert sum(figures["outcomes"]["good"].values()) == 14
    assert 0.19 <= figures["overkill_bound_95"] <= figures["stopped_bound_95"]
    assert figures["certificate"]["scorers"] == len(figures["tried"]) > 1
    assert set(figures["parity"]) == {"openvino", "tflite"}
    assert all(one["flips"] == 0 for one in figures["parity"].values())
    assert figures["package_bytes"] == trained[0].stat().st_size <= 6_000_000


def test_the_manifest_carries_calibration_catalogue_and_origin(trained: tuple[Path, dict[str, Any]]) -> None:
    manifest = open_package(trained[0]).manifest
    calibration = manifest.calibration
    assert len(calibration.scores) == 14 and len(set(calibration.groups)) == 14
    assert {label: len(one.scores) for label, one in calibration.defects.items()} == {"scratch": 6, "stain": 5}
    assert set(calibration.others) == {"openvino", "tflite"} and calibration.spare_rank is None
    for other in calibration.others.values():
        assert len(other.good.scores) == 14 and set(other.defects) == {"scratch", "stain"}
    assert [(row.code, row.label, row.name_zh) for row in manifest.classes] == [
        (1, "unknown_defect", "未知缺陷"),
        (2, "scratch", "划痕"),
        (3, "stain", "污渍"),
    ]
    assert set(manifest.score_maps) == {"onnxruntime", "openvino", "tflite"} and len(manifest.golden.frames) == 16
    assert manifest.training.data_sha256 == trained[1]["data_sha256"] and manifest.created == "2026-01-31T08:00:00Z"


def test_the_network_of_the_package_is_narrower_inside(trained: tuple[Path, dict[str, Any]]) -> None:
    package = open_package(trained[0])
    layers = read_quantized(package.files[package.manifest.artefacts[0].file]).layers
    widths = {block: layers.get(f"blocks.{block}.layers.1") for block in KEPT}
    inside = {block: len(layer.weight) for block, layer in widths.items() if layer is not None}
    assert {1, 2} <= inside.keys() and inside.items() <= KEPT.items()


def test_what_presence_was_taught_is_in_figures_package_and_report(trained: tuple[Path, dict[str, Any]]) -> None:
    presence = open_package(trained[0]).manifest.presence
    assert presence is not None and presence.pictures == 16 and presence.picture_size == (96, 96)
    told = trained[1]["presence"]
    assert (told["taught"], told["empty"], told["nearest_part"]) == (True, 16, presence.nearest_part)
    report = trained[0].with_name("discs.report.html").read_text()
    assert "Presence was taught by 16 empty pictures" in report and "<td>empty</td><td>16</td>" in report


def test_the_report_stands_alone(trained: tuple[Path, dict[str, Any]]) -> None:
    report = trained[0].with_name("discs.report.html").read_text()
    for part in ("AUROC", "can be certified", "<svg", "data:image/jpeg", "openvino", "fp32", "零件"):
        assert part in report
    assert not re.search(r"(src|href)=[\"'](?!data:)|url\(|<script|@import", report)


def test_the_same_data_and_seed_give_the_same_bytes(
    trained: tuple[Path, dict[str, Any]], data: Path, tmp_path: Path
) -> None:
    again = call_train(data, tmp_path / "discs.okng", *LITE)
    assert again.exit_code == 0, again.stderr
    assert (tmp_path / "discs.okng").read_bytes() == trained[0].read_bytes()


def test_good_pictures_alone_are_enough(tmp_path: Path) -> None:
    root = write_discs(tmp_path / "good only", scratches=0, stains=0, empty=3)
    done = call_train(root, tmp_path / "a.okng", "--roi", "0,0,96,90")
    assert done.exit_code == 0, done.stderr
    assert "no defective picture was shown" in done.stdout and "A rule fixed the limits" in done.stdout
    assert "No presence check was taught: empty/ holds 3 different pictures" in done.stdout
    assert open_package(tmp_path / "a.okng").manifest.presence is None
    detector = Detector.load(tmp_path / "a.okng", runtime="onnxruntime")
    assert [row.label for row in detector.info.classes] == ["unknown_defect"]
    detector.close()


class Disturbed(Extractor):
    """An extractor whose OpenVINO gives some pictures' features to others."""

    def __init__(self, model: bytes, runtime: str, threads: int) -> None:
        super().__init__(model, runtime, threads)
        self._broken = runtime == "openvino"

    def __call__(self, tensors: Iterable[NDArray[np.uint8]]) -> Iterator[Features]:
        found = list(super().__call__(tensors))
        yield from reversed(found) if self._broken else found


class Silent(Extractor):
    """An extractor whose network says the same of everything."""

    def __call__(self, tensors: Iterable[NDArray[np.uint8]]) -> Iterator[Features]:
        for maps in super().__call__(tensors):
            yield tuple(np.zeros_like(one) for one in maps)


class NotANumber(Extractor):
    def __call__(self, tensors: Iterable[NDArray[np.uint8]]) -> Iterator[Features]:
        for maps in super().__call__(tensors):
            yield tuple(np.full_like(one, np.nan) for one in maps)


@pytest.mark.parametrize(
    ("extractor", "code", "says"),
    [
        (Silent, 4, "the same score"),
        (NotANumber, 4, "no number"),
    ],
)
def test_a_network_that_cannot_be_trusted_is_refused_and_nothing_is_written(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extractor: type[Extractor], code: int, says: str
) -> None:
    for module in (contest_module, gate_module):
        monkeypatch.setattr(module, "Extractor", extractor)
    done = call_train(data, tmp_path / "a.okng")
    assert done.exit_code == code and says in done.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def proven_on(package: Path) -> set[str]:
    """The runtimes that a package has anything to say about."""
    manifest = open_package(package).manifest
    certified = {name for artefact in manifest.artefacts for name in artefact.certified}
    expected = {name for frame in manifest.golden.frames for name in frame.expected}
    assert certified == expected == set(manifest.score_maps)
    return certified


def test_a_runtime_that_judges_otherwise_is_left_out_of_the_package(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (contest_module, gate_module):
        monkeypatch.setattr(module, "Extractor", Disturbed)
    done = call_train(data, tmp_path / "a.okng")
    assert done.exit_code == 0, done.stderr
    assert "OPENVINO LEFT OUT" in done.stderr and "score the same pictures differently" in done.stderr
    assert proven_on(tmp_path / "a.okng") == {"onnxruntime"}


def test_a_runtime_that_flips_a_verdict_is_left_out(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = gate_module.compare

    def one_flipped(runtime: str, names: list[str], reference: Any, own: Any, limits: Any) -> Any:
        return compare(runtime, names, reference, np.append(own[:-1], 0.0), limits)

    monkeypatch.setattr(gate_module, "compare", one_flipped)
    done = call_train(data, tmp_path / "a.okng")
    assert done.exit_code == 0, done.stderr
    assert "OPENVINO LEFT OUT: openvino turns OK into NG or NG into OK on 1 of 25" in done.stderr
    assert "warning: Nothing says which pictures belong together" in done.stderr and "okng check-data" in done.stderr
    assert proven_on(tmp_path / "a.okng") == {"onnxruntime"}


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--roi", "1,2,3"], 2, "x,y,w,h"),
        (["--roi", "50,50,90,90"], 2, "does not fit the picture"),
        (["--seed", "-1"], 2, "--seed"),
        (["--id", "../up"], 2, "begin with a letter"),
        (["--model-version", "1 2"], 2, "begin with a letter"),
        (["--created", "yesterday"], 2, "2026-01-31T08:00:00Z"),
    ],
)
def test_wrong_use_is_told_in_one_sentence(
    data: Path, tmp_path: Path, options: list[str], code: int, says: str
) -> None:
    done = call_train(data, tmp_path / "a.okng", *options)
    assert done.exit_code == code and says in done.stderr.splitlines()[-1]


def test_what_is_not_there_is_exit_3(tmp_path: Path, trained: tuple[Path, dict[str, Any]]) -> None:
    assert call_train(tmp_path / "nothing", tmp_path / "a.okng").exit_code == 3
    assert CliRunner().invoke(evaluate, [str(tmp_path / "no.okng"), str(tmp_path)]).exit_code == 3
    assert CliRunner().invoke(evaluate, [str(trained[0]), str(tmp_path / "nothing")]).exit_code == 3


def test_a_damaged_package_is_exit_4(tmp_path: Path, data: Path) -> None:
    (tmp_path / "a.okng").write_bytes(b"PK\x03\x04 no package")
    done = CliRunner().invoke(evaluate, [str(tmp_path / "a.okng"), str(data)])
    assert done.exit_code == 4 and done.stderr.count("\n") == 1


def test_without_torch_the_command_says_what_to_install(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = sys.modules["importlib.util"].find_spec
    monkeypatch.setattr("training.guard.find_spec", lambda name: None if name == "torch" else find(name))
    done = call_train(data, tmp_path / "a.okng")
    assert done.exit_code == 2 and "install okng[train]" in done.stderr


def test_stopping_is_clean(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_root: Path, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "open_dataset", stop)
    done = call_train(data, tmp_path / "a.okng")
    assert done.exit_code == 130 and not list(tmp_path.iterdir())


def test_a_package_is_judged_on_the_runtimes_it_was_proven_on_and_on_no_other(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "one.okng"
    assert call_train(data, out, "--runtimes", "onnxruntime", "--no-cache").exit_code == 0
    done = CliRunner().invoke(evaluate, [str(out), str(data), "--json"])
    assert done.exit_code == 0, done.stderr
    (figures,) = json.loads(done.stdout)
    assert figures["runtime"].startswith("onnxruntime")

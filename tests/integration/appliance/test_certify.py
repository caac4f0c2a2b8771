"""`okng certify`, its record, and the station that believes it: real runtimes, real processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest
from click.testing import CliRunner, Result

from appliance.certify import certify, placement_of, records_of
from appliance.cli import okng as command
from appliance.config.load import load_config
from appliance.opening import load_detector
from models.certification import Finding
from models.errors import ModelError, PackageError, SelfTestFailed
from models.instructions import instruction_set
from models.package import open_package
from models.runtimes.onnx import OnnxRuntime
from tests.fakes.line import okng, write_config
from tests.fakes.nvidia import FakeLibraries, FakeOnnxRuntime
from tests.fakes.packages import gray_frame, small_files, small_manifest, small_network, write_small_package


def call(*arguments: object) -> Result:
    """The command line, its exit code being that of the exception `okng` turns into one."""
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def make_station(folder: Path, package: Path, **model: object) -> Path:
    return write_config(
        folder / "station.toml",
        station={"state_dir": folder / "state", "armed": True},
        camera={"type": "folder", "path": folder},
        trigger={"source": "interval"},
        model={"package": package, "runtime": "onnxruntime"} | model,
    )


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """It lists no instruction set: certified nowhere by itself."""
    return write_small_package(tmp_path / "a.okng")


@pytest.fixture
def station(tmp_path: Path, package: Path) -> Path:
    return make_station(tmp_path, package)


def loaded(station: Path) -> tuple[bool, str]:
    """What the station finds when it starts: certified or not, and by what or why not."""
    config = load_config(station)[0]
    detector = load_detector(config, config.inline_recipe())
    assert detector is not None
    detector.close()
    return detector.info.certified, detector.info.certification


def record(station: Path) -> Path:
    (found,) = (station.parent / "state" / "certified").glob("*.json")
    return found


def test_a_model_certified_here_is_believed_by_the_station(station: Path, package: Path) -> None:
    certified, reason = loaded(station)
    assert (certified, "nor was it certified here" in reason) == (False, True)
    done = call("certify", "--config", station)
    assert done.exit_code == 0, done.output
    assert "golden/00.png  OK 0.0000, expected OK 0.0000" in done.output
    assert "golden/01.png  NG 0.6400, expected NG 0.6400" in done.output
    assert loaded(station) == (True, "by okng certify on this machine")
    written = Finding.model_validate(
        {name: value for name, value in json.loads(record(station).read_text()).items() if name != "seal"}, strict=False
    )
    assert (written.package, written.instruction_set) == (open_package(package).hash, instruction_set())
    assert (written.runtime.split(" ")[0], written.outcome, len(written.frames)) == ("onnxruntime-cpu", "passed", 2)


def test_verify_shows_the_same_truth(station: Path, package: Path) -> None:
    without = call("package", "verify", package, "--runtime", "onnxruntime")
    assert "not certified on this machine: monitor mode" in without.output
    assert "--config also asks a station's records" in without.output
    assert "monitor mode" in call("package", "verify", package, "--config", station).output
    call("certify", "--config", station)
    assert "certified here by okng certify" in call("package", "verify", package, "--config", station).output


def test_without_a_station_nothing_is_recorded(package: Path, tmp_path: Path) -> None:
    done = call("certify", package, "--runtime", "onnxruntime")
    assert done.exit_code == 0, done.output
    assert "not recorded: name a station with --config" in done.output
    assert not (tmp_path / "state").exists()


def other_expectations(**changes: Any) -> dict[str, Any]:
    """Golden frames of which the second expects something else on every runtime."""
    golden: dict[str, Any] = small_manifest(small_files())["golden"]
    told = {name: one | changes for name, one in golden["frames"][1]["expected"].items()}
    return golden | {"frames": [golden["frames"][0], golden["frames"][1] | {"expected": told}]}


@pytest.mark.parametrize("changes", [{"score": 0.62}, {"map_mean": 0.08}, {"outcome": "RECHECK"}])
def test_frames_that_come_out_otherwise_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    package = write_small_package(tmp_path / "a.okng", golden=other_expectations(**changes), artefacts=[UNLISTED])
    done = call("certify", package, "--config", make_station(tmp_path, package))
    assert isinstance(done.exception, SelfTestFailed)
    assert "REFUSED" in done.output
    assert json.loads(record(tmp_path / "station.toml").read_text())["outcome"] == "refused"


UNLISTED = small_manifest(small_files())["artefacts"][0] | {"certified": {}}


def test_a_refusal_takes_back_an_earlier_pass(station: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call("certify", "--config", station)
    honest = OnnxRuntime.infer
    # The machine goes wrong: all maps are darker by 30, a white block is no longer NG.
    monkeypatch.setattr(OnnxRuntime, "infer", lambda self, tensor: tuple(m - 30 for m in honest(self, tensor)))
    done = call("certify", "--config", station)
    assert isinstance(done.exception, SelfTestFailed)
    monkeypatch.undo()
    certified, reason = loaded(station)
    assert (certified, "okng certify refused it" in reason) == (False, True)


def test_a_package_that_no_longer_loads_loses_its_record(station: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call("certify", "--config", station)
    path = record(station)

    def dies(*_arguments: object, **_options: object) -> None:
        raise PackageError("it kills the inference runtime; do not use this package")

    monkeypatch.setattr("appliance.certify.probe", dies)
    assert isinstance(call("certify", "--config", station).exception, PackageError)
    assert not path.exists()


def test_a_package_that_kills_its_reader_kills_only_a_child(tmp_path: Path) -> None:
    broken = write_small_package(tmp_path / "a.okng", files={"model.onnx": small_network(divisor=0.0)})
    config = load_config(make_station(tmp_path, broken))[0]
    with pytest.raises(ModelError, match="no number"):
        certify(broken, placement_of(config), records_of(config))
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("key", ["runtime", "instruction_set", "machine", "time", "package"])
def test_a_record_edited_in_any_place_does_not_certify(station: Path, key: str) -> None:
    call("certify", "--config", station)
    path = record(station)
    data = json.loads(path.read_text())
    value = "sha256:" + "0" * 64 if key == "package" else "2027-01-01T00:00:00Z" if key == "time" else data[key] + "0"
    path.write_text(json.dumps(data | {key: value}))
    certified, reason = loaded(station)
    assert (certified, "changed" in reason) == (False, True)


def test_another_runtime_threads_or_version_is_another_thing(
    station: Path, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("certify", "--config", station)
    certified, reason = loaded(make_station(tmp_path, package, runtime="openvino"))
    assert (certified, "the record is for the runtime onnxruntime-cpu" in reason) == (False, True)
    assert loaded(make_station(tmp_path, package, threads=2)) == (True, "by okng certify on this machine")
    monkeypatch.setattr("onnxruntime.__version__", "99.0.0")
    certified, reason = loaded(make_station(tmp_path, package))
    assert (certified, "this is onnxruntime-cpu 99.0.0" in reason) == (False, True)


def test_what_the_package_lists_needs_no_record(tmp_path: Path) -> None:
    entry = UNLISTED | {"certified": {"onnxruntime": [instruction_set()]}}
    package = write_small_package(tmp_path / "a.okng", artefacts=[entry])
    assert loaded(make_station(tmp_path, package)) == (True, "by the package")


def test_an_accelerator_is_certified_by_a_record_of_its_own_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    symmetric = UNLISTED | {
        "quantization": "int8 QDQ S8S8 per-channel symmetric",
        "certified": {"onnxruntime": [instruction_set()]},
    }
    package = write_small_package(tmp_path / "a.okng", artefacts=[symmetric])
    station = make_station(tmp_path, package, runtime="onnxruntime-tensorrt")
    FakeOnnxRuntime().install(monkeypatch)
    libraries = FakeLibraries().install(monkeypatch)
    monkeypatch.setattr("appliance.certify.probe", lambda *_arguments, **_options: None)  # a child has no fake
    assert loaded(station)[0] is False
    done = call("certify", "--config", station)
    assert done.exit_code == 0, done.output
    assert loaded(station) == (True, "by okng certify on this machine")
    FakeOnnxRuntime(version="1.21.0").install(monkeypatch)
    assert loaded(station)[0] is False
    FakeOnnxRuntime().install(monkeypatch)
    assert loaded(station)[0] is True
    libraries.tensorrt = 100400
    assert "(tensorrt 100400, driver 12060, Orin)" in loaded(station)[1]
    FakeOnnxRuntime(takes_nodes=("TensorrtExecutionProvider", "CUDAExecutionProvider")).install(monkeypatch)
    assert "this is onnxruntime-tensorrt+cuda" in loaded(station)[1]


def test_the_running_station_is_armed_by_its_record_and_by_nothing_less(station: Path, package: Path) -> None:
    cv2.imwrite(str(station.parent / "part.png"), gray_frame())
    before = okng("run", "--config", station, "--until-done")
    assert "not certified on this machine: monitor mode (the package does not list" in before.stderr
    assert "monitor mode: Pass is never set" in before.stderr
    assert okng("certify", "--config", station).returncode == 0
    after = okng("run", "--config", station, "--until-done")
    assert (after.returncode, "monitor mode" in after.stderr, ", armed" in after.stderr) == (0, False, True)


def test_a_configuration_whose_runtime_finds_no_network_is_not_in_order(tmp_path: Path, package: Path) -> None:
    for runtime, says in (("onnxruntime-tensorrt", "no symmetric INT8 network"), ("tflite", "no tflite network")):
        done = call("check-config", make_station(tmp_path, package, runtime=runtime))
        assert isinstance(done.exception, PackageError)
        assert says in str(done.exception)
    assert call("check-config", make_station(tmp_path, package)).exit_code == 0


def test_a_refusal_ends_with_4(tmp_path: Path) -> None:
    package = write_small_package(tmp_path / "a.okng", golden=other_expectations(score=0.6), artefacts=[UNLISTED])
    done = okng("certify", package, "--config", make_station(tmp_path, package))
    assert done.returncode == 4
    assert "does not judge here as it was proven; choose another [model] runtime or device" in done.stderr


def test_a_command_without_package_and_station_says_what_to_name(tmp_path: Path) -> None:
    assert "name a package, or by --config a station with one" in str(call("certify").exception)
    collecting = write_config(
        tmp_path / "station.toml",
        station={"state_dir": tmp_path / "state"},
        camera={"type": "folder", "path": tmp_path},
        trigger={"source": "interval"},
        recipe={"mode": "collect"},
        collect={"data_set": tmp_path / "parts"},
    )
    assert "name a package" in str(call("certify", "--config", collecting).exception)
    package = write_small_package(tmp_path / "a.okng")
    done = call("certify", package, "--config", collecting, "--runtime", "onnxruntime")
    assert (done.exit_code, record(collecting).exists()) == (0, True), done.output

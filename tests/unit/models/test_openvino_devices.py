"""OpenVINO's devices, played by a fake: each gets what it understands, says what it is, and is never stood in for."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.detector import Detector
from models.errors import PackageError, RuntimeUnavailable
from models.instructions import instruction_set
from models.runtimes.base import Placement
from models.runtimes.openvino import OpenVinoRuntime
from tests.fakes.openvino_devices import FakeOpenVino
from tests.fakes.packages import small_files, small_manifest, white_block_frame, write_small_package


@pytest.mark.parametrize(
    ("device", "label"),
    [
        ("CPU", "openvino-cpu 2026.4.1"),
        ("GPU", "openvino-gpu 2026.4.1"),
        ("NPU", "openvino-npu 2026.4.1"),
        ("AUTO", "openvino-auto-gpu.0 2026.4.1"),
    ],
)
def test_a_device_that_is_there_runs_the_network(device: str, label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = FakeOpenVino().install(monkeypatch)
    runtime = OpenVinoRuntime(b"network", Placement(device=device, threads=2))
    assert (runtime.label, machine.compiled[0][0]) == (label, device)
    assert float(runtime.infer(white_block_frame()[None])[0][0, 2, 1]) == 255.0


@pytest.mark.parametrize("device", ["GPU", "NPU"])
def test_a_device_that_is_not_there_is_an_error_with_a_remedy(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeOpenVino(devices=("CPU", f"{device}X")).install(monkeypatch)
    with pytest.raises(RuntimeUnavailable, match=rf"finds no {device} here, only CPU, {device}X; .*device = \"CPU\""):
        OpenVinoRuntime(b"network", Placement(device=device))


def test_a_device_that_fails_is_not_stood_in_for(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeOpenVino(broken="[GPU] out of resources").install(monkeypatch)
    with pytest.raises(PackageError, match=r"on GPU \(\[GPU\] out of resources\).*device = \"CPU\""):
        OpenVinoRuntime(b"network", Placement(device="GPU"))


def test_auto_may_not_change_over_behind_the_stations_back(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = FakeOpenVino(auto_runs_on=("CPU",)).install(monkeypatch)
    assert OpenVinoRuntime(b"network", Placement(device="AUTO")).label == "openvino-auto-cpu 2026.4.1"
    ((_, properties),) = machine.compiled
    assert (properties["ENABLE_STARTUP_FALLBACK"], properties["ENABLE_RUNTIME_FALLBACK"]) == (False, False)


@pytest.mark.parametrize(("device", "certified"), [("CPU", True), ("GPU", False), ("NPU", False), ("AUTO", False)])
def test_the_package_certifies_the_cpu_alone(
    device: str, certified: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeOpenVino(auto_runs_on=("CPU",)).install(monkeypatch)
    artefact = small_manifest(small_files())["artefacts"][0] | {"certified": {"openvino": [instruction_set()]}}
    package = write_small_package(tmp_path / "a.okng", artefacts=[artefact])
    info = Detector.load(package, runtime="openvino", device=device).info
    assert info.certified is certified

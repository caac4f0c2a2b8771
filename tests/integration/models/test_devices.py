"""Real openvino and real onnxruntime, on a machine without an accelerator, where one is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.decision import Outcome
from models.detector import Detector
from models.errors import RuntimeUnavailable
from models.probe import probe
from models.runtimes import onnx_nvidia
from models.runtimes.base import Placement
from models.runtimes.onnx import import_onnxruntime, session_options
from models.runtimes.onnx_nvidia import providers_that_ran
from tests.fakes.packages import small_network, white_block_frame, write_small_package


@pytest.mark.parametrize(("device", "label"), [("CPU", "openvino-cpu "), ("AUTO", "openvino-auto-cpu ")])
def test_openvino_runs_on_the_device_that_is_named(tmp_path: Path, device: str, label: str) -> None:
    package = write_small_package(tmp_path / "a.okng")
    probe(package, runtime="openvino", device=device)
    detector = Detector.load(package, runtime="openvino", device=device)
    assert detector.info.runtime.startswith(label)
    assert detector.inspect(white_block_frame()).decision.outcome is Outcome.NG
    detector.close()


def test_a_device_that_is_not_there_is_told_by_the_child_already(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailable, match=r'finds no NPU here, only CPU; .*device = "CPU"'):
        probe(write_small_package(tmp_path / "a.okng"), device="NPU")


def test_onnxruntime_without_cuda_is_not_moved_to_the_cpu(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailable, match=r"has no CUDAExecutionProvider.*never moves to the CPU"):
        Detector.load(write_small_package(tmp_path / "a.okng"), runtime="onnxruntime-cuda")


def test_onnxruntime_leaves_nothing_to_the_cpu_when_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # A provider that is built in and takes no node plays CUDA.
    monkeypatch.setattr(onnx_nvidia, "_CUDA", "AzureExecutionProvider")
    with pytest.raises(RuntimeUnavailable, match=r"assigned to the default CPU EP.*never moves to the CPU"):
        onnx_nvidia.start_on_cuda(small_network(), Placement())


def test_the_profile_tells_which_provider_ran(tmp_path: Path) -> None:
    vendor = import_onnxruntime()
    options = session_options(vendor, 1)
    options.enable_profiling = True
    options.profile_file_prefix = str(tmp_path / "ran")
    session = vendor.library.InferenceSession(small_network(), options, providers=["CPUExecutionProvider"])
    assert providers_that_ran(session) == {"CPUExecutionProvider"}

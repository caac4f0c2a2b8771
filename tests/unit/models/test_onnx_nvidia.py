"""TensorRT and CUDA, played by a fake: they run the network or say so, and never the CPU in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import InferenceError, RuntimeUnavailable
from models.runtimes.base import Placement
from models.runtimes.nvidia_versions import NvidiaVersions
from models.runtimes.onnx_nvidia import start_on_cuda, start_on_tensorrt
from tests.fakes.nvidia import CPU, CUDA, TENSORRT, FakeOnnxRuntime
from tests.fakes.packages import white_block_frame

ORIN = NvidiaVersions(100300, "driver 12060, Orin")
ENGINES = {"tensorrt": start_on_tensorrt, "cuda": start_on_cuda}


def jetson(name: str, **machine: object) -> FakeOnnxRuntime:
    """A machine on which all is well but what is named."""
    taking = {"takes_nodes": (TENSORRT,) if name == "tensorrt" else (CUDA,)}
    return FakeOnnxRuntime(**(taking | machine))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ENGINES)
def test_a_network_runs_where_it_should(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    jetson(name).install(monkeypatch)
    runtime = ENGINES[name](b"network", Placement(), lambda: ORIN)
    below = "(tensorrt 100300, driver 12060, Orin)" if name == "tensorrt" else "(driver 12060, Orin)"
    assert (runtime.name, runtime.label) == ("onnxruntime", f"onnxruntime-{name} 1.20.0 {below}")
    (means,) = runtime.infer(white_block_frame()[None])
    assert (means.shape, float(means[0, 2, 1])) == ((3, 4, 4), 255.0)


@pytest.mark.parametrize(
    ("name", "machine", "says"),
    [
        ("tensorrt", {"built_in": (CUDA, CPU)}, "has no TensorrtExecutionProvider, only CUDA"),
        ("tensorrt", {"built_in": (TENSORRT, CPU)}, "has no CUDAExecutionProvider"),
        ("tensorrt", {"built_in": (CPU,)}, "has no TensorrtExecutionProvider, only CPU"),
        ("cuda", {"built_in": (CPU,)}, "has no CUDAExecutionProvider, only CPU"),
        ("tensorrt", {"starts": (CUDA, CPU), "takes_nodes": (CUDA,)}, "has no TensorrtExecutionProvider"),
        ("cuda", {"starts": (CPU,)}, "assigned to the default CPU EP"),
        ("tensorrt", {"takes_nodes": (CUDA,)}, "ran on CUDAExecutionProvider instead of TensorrtExecutionProvider"),
        ("tensorrt", {"takes_nodes": (TENSORRT, CPU)}, "assigned to the default CPU EP"),
        ("cuda", {"takes_nodes": (CUDA, CPU)}, "assigned to the default CPU EP"),
        ("cuda", {"broken": "CUDA driver version is insufficient"}, "driver version is insufficient"),
        ("tensorrt", {"fails_at_run": 1}, "illegal memory access"),
    ],
)
def test_whatever_would_end_on_the_cpu_is_refused_with_a_remedy(
    name: str, machine: dict[str, object], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jetson(name, **machine).install(monkeypatch)
    with pytest.raises(RuntimeUnavailable, match=f"{says}.*okng never moves to the CPU by itself"):
        ENGINES[name](b"network", Placement())


def test_an_older_onnxruntime_that_ignores_the_option_is_found_out_by_its_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jetson("cuda", takes_nodes=(CUDA, CPU)).install(monkeypatch)
    monkeypatch.setattr("tests.fakes.nvidia.FakeOptions.add_session_config_entry", lambda *_: None)
    with pytest.raises(RuntimeUnavailable, match="ran on CPUExecutionProvider, CUDAExecutionProvider instead of CUDA"):
        start_on_cuda(b"network", Placement())


def test_what_tensorrt_leaves_to_cuda_is_told_by_the_label(monkeypatch: pytest.MonkeyPatch) -> None:
    jetson("tensorrt", takes_nodes=(TENSORRT, CUDA)).install(monkeypatch)
    label = start_on_tensorrt(b"network", Placement(), lambda: ORIN).label
    assert label == "onnxruntime-tensorrt+cuda 1.20.0 (tensorrt 100300, driver 12060, Orin)"


@pytest.mark.parametrize("name", ENGINES)
def test_a_provider_that_fails_later_is_an_error_of_that_picture(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    jetson(name, fails_at_run=3).install(monkeypatch)
    runtime = ENGINES[name](b"network", Placement())
    runtime.infer(white_block_frame()[None])
    with pytest.raises(InferenceError, match="illegal memory access"):
        runtime.infer(white_block_frame()[None])


def test_tensorrt_gets_its_options_and_a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = jetson("tensorrt").install(monkeypatch)
    start_on_tensorrt(b"network", Placement(engine_cache=tmp_path / "engines"), lambda: ORIN)
    (tensorrt, options), (cuda, nothing) = machine.sessions[0].asked
    (folder,) = (tmp_path / "engines").iterdir()
    assert (tensorrt, cuda, nothing) == (TENSORRT, CUDA, {})
    assert options == {
        "trt_int8_enable": "1",
        "trt_fp16_enable": "1",
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(folder),
    }


@pytest.mark.parametrize("versions", [NvidiaVersions(None, ORIN.gpu), NvidiaVersions(ORIN.tensorrt, None)])
def test_engines_are_not_kept_where_it_is_unknown_what_built_them(
    versions: NvidiaVersions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = jetson("tensorrt").install(monkeypatch)
    start_on_tensorrt(b"network", Placement(engine_cache=tmp_path / "engines"), lambda: versions)
    assert machine.sessions[0].asked[0][1] == {"trt_int8_enable": "1", "trt_fp16_enable": "1"}
    assert not (tmp_path / "engines").exists()

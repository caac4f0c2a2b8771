"""Which engine takes which network of a package, on which processor, and what it says when there is none."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from appliance.config.schema import ModelConfig
from models.artefact import ArtefactEntry, RuntimeName
from models.errors import PackageError, RuntimeUnavailable
from models.runtimes import choose
from models.runtimes.base import Placement
from models.runtimes.choose import (
    DEVICES,
    ENGINES,
    installed_runtimes,
    load_limit_s,
    pick_artefact,
    settle,
    start_runtime,
)


def artefact(name: str, **changes: Any) -> ArtefactEntry:
    kind, quantization = {
        "general": ("onnx", "int8 QDQ U8S8 per-channel reduce_range"),
        "symmetric": ("onnx", "int8 QDQ S8S8 per-channel symmetric"),
        "lite": ("tflite", "int8 per-channel"),
    }[name]
    given = {"file": name, "format": kind, "quantization": quantization, "certified": {}}
    return ArtefactEntry.model_validate(given | changes)


GENERAL, LITE = artefact("general"), artefact("lite")
UNLISTED = artefact("symmetric")
SYMMETRIC = artefact("symmetric", certified={"onnxruntime": ()})


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("engine", "machine", "symmetric", "takes"),
    [
        ("onnxruntime", "x86_64", SYMMETRIC, "general"),
        ("openvino", "x86_64", SYMMETRIC, "general"),
        ("onnxruntime-cuda", "x86_64", SYMMETRIC, "general"),
        ("onnxruntime-tensorrt", "x86_64", SYMMETRIC, "symmetric"),
        ("onnxruntime-tensorrt", "aarch64", UNLISTED, "symmetric"),
        ("onnxruntime", "aarch64", SYMMETRIC, "symmetric"),
        ("onnxruntime", "armv7l", SYMMETRIC, "symmetric"),
        ("onnxruntime", "aarch64", UNLISTED, "general"),
        ("openvino", "aarch64", SYMMETRIC, "general"),
        ("tflite", "x86_64", SYMMETRIC, "lite"),
        ("tflite", "aarch64", SYMMETRIC, "lite"),
    ],
)
def test_each_engine_takes_its_network(
    engine: str, machine: str, symmetric: ArtefactEntry, takes: str, order: int
) -> None:
    artefacts = (GENERAL, symmetric, LITE)[::order]
    assert pick_artefact(ENGINES[engine], artefacts, machine).file == takes


@pytest.mark.parametrize(
    ("engine", "machine", "artefacts", "says"),
    [
        ("onnxruntime-tensorrt", "aarch64", [GENERAL, LITE], "no symmetric INT8 network, which TensorRT needs"),
        ("tflite", "aarch64", [GENERAL, SYMMETRIC], "no tflite network"),
        ("openvino", "x86_64", [LITE], "no onnx network"),
        ("onnxruntime", "x86_64", [SYMMETRIC], "no onnx network for onnxruntime on this processor"),
        ("onnxruntime-cuda", "aarch64", [UNLISTED], "no onnx network"),
    ],
)
def test_a_package_without_its_network_is_refused(
    engine: str, machine: str, artefacts: list[ArtefactEntry], says: str
) -> None:
    with pytest.raises(PackageError, match=says):
        pick_artefact(ENGINES[engine], artefacts, machine)


@pytest.mark.parametrize(
    ("placement", "says"),
    [
        (Placement("tensorflow"), "choose one of auto, openvino, onnxruntime, tflite, onnxruntime-tensorrt"),
        (Placement("onnxruntime", "GPU"), 'takes no device GPU; leave .* out, or set runtime = "openvino"'),
        (Placement("onnxruntime-cuda", "GPU"), "takes no device GPU"),
        (Placement("openvino", "TPU"), "there is no device 'TPU'; choose one of CPU, GPU, NPU, AUTO"),
    ],
)
def test_what_no_engine_does_is_said_with_the_remedy(placement: Placement, says: str) -> None:
    with pytest.raises(RuntimeUnavailable, match=says):
        start_runtime(placement, [GENERAL], {"general": b""})


def test_auto_takes_only_what_is_installed_reads_the_package_and_has_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choose, "find_spec", lambda module: module in ("onnxruntime", "tflite_runtime"))
    assert installed_runtimes() == ("onnxruntime",)
    assert installed_runtimes(("onnx", "tflite")) == ("onnxruntime", "tflite")
    with pytest.raises(RuntimeUnavailable, match=r"no runtime for onnx on NPU .* pip install 'okng\[device\]'"):
        start_runtime(Placement(device="NPU"), [GENERAL], {"general": b""})
    monkeypatch.setattr(choose, "find_spec", lambda _module: None)
    with pytest.raises(RuntimeUnavailable, match=r"no runtime for tflite on CPU is installed"):
        start_runtime(Placement(), [LITE], {"lite": b""})


def test_auto_takes_the_engine_that_the_package_was_proven_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "find_spec", lambda module: module in ("onnxruntime", "openvino"))

    def taken(*families: RuntimeName) -> str:
        artefact = GENERAL.model_copy(update={"certified": dict.fromkeys(families, ("avx2",))})
        return settle(Placement(), [artefact])[0].family

    assert taken("openvino", "onnxruntime") == taken("openvino") == taken() == "openvino"
    assert taken("onnxruntime") == "onnxruntime"
    only = GENERAL.model_copy(update={"certified": {"onnxruntime": ("avx2",)}})
    assert settle(Placement("openvino"), [only])[0].family == "openvino"


def test_engines_that_are_built_here_get_the_time_for_it() -> None:
    assert load_limit_s("onnxruntime-tensorrt") >= 600 > load_limit_s("auto") == load_limit_s("openvino")


def test_a_configuration_names_exactly_these_runtimes_and_devices() -> None:
    fields = ModelConfig.model_fields
    assert set(get_args(fields["runtime"].annotation)) == {"auto", *ENGINES}
    assert get_args(fields["device"].annotation) == DEVICES

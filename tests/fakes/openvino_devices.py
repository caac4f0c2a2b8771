"""openvino on a computer with other devices than a CPU; each plug-in refuses properties it does not know."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

_KNOWN = {
    "CPU": {
        "PERFORMANCE_HINT",
        "INFERENCE_NUM_THREADS",
        "NUM_STREAMS",
        "INFERENCE_PRECISION_HINT",
        "ENABLE_CPU_PINNING",
    },
    "GPU": {"PERFORMANCE_HINT", "NUM_STREAMS", "INFERENCE_PRECISION_HINT"},
    "NPU": {"PERFORMANCE_HINT"},
    "AUTO": {"PERFORMANCE_HINT", "ENABLE_STARTUP_FALLBACK", "ENABLE_RUNTIME_FALLBACK", "DEVICE_PROPERTIES"},
}


@dataclass
class FakeOpenVino:
    """`auto_runs_on`: what AUTO takes; `broken`: what the plug-in says instead of compiling."""

    devices: tuple[str, ...] = ("CPU", "GPU.0", "GPU.1", "NPU")
    auto_runs_on: tuple[str, ...] = ("GPU.0",)
    broken: str | None = None
    compiled: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> FakeOpenVino:
        library = ModuleType("openvino")
        library.__version__ = "2026.4.1-1234-abc"  # type: ignore[attr-defined]
        library.Core = lambda: _Core(self)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "openvino", library)
        return self


class _Core:
    def __init__(self, machine: FakeOpenVino) -> None:
        self._machine = machine
        self.available_devices = list(machine.devices)

    def read_model(self, model: bytes) -> bytes:
        return model

    def compile_model(self, _model: bytes, device: str, properties: dict[str, Any]) -> _Compiled:
        unknown = set(properties) - _KNOWN[device]
        if self._machine.broken or unknown:
            raise RuntimeError(self._machine.broken or f"Unsupported property {sorted(unknown)[0]} by {device} plugin")
        self._machine.compiled.append((device, properties))
        return _Compiled(list(self._machine.auto_runs_on) if device == "AUTO" else [device])


class _Output:
    def get_names(self) -> set[str]:
        return {"stride16"}


class _Compiled:
    outputs = (_Output(),)

    def __init__(self, devices: list[str]) -> None:
        self._devices = devices

    def get_property(self, name: str) -> list[str]:
        assert name == "EXECUTION_DEVICES"
        return self._devices

    def create_infer_request(self) -> _Request:
        return _Request()


class _Request:
    def infer(self, inputs: list[NDArray[np.uint8]], share_inputs: bool) -> None:
        assert share_inputs
        picture = inputs[0].astype(np.float32)[0]
        self._means = picture.reshape(4, 16, 4, 16, 3).mean(axis=(1, 3)).transpose(2, 0, 1)[np.newaxis]

    def get_output_tensor(self, _index: int) -> Any:
        return type("Tensor", (), {"data": self._means})

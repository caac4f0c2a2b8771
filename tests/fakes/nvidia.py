"""onnxruntime with NVIDIA's providers, as far as its Python side tells of them: it warns, drops, and steps down.

The arithmetic is the network of tests/fakes/packages.py, whatever bytes it is given.
"""

from __future__ import annotations

import ctypes
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

TENSORRT, CUDA, CPU = "TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"


_REAL_LOADER = ctypes.CDLL


class EPFail(Exception):
    """What a provider raises."""


@dataclass
class FakeOnnxRuntime:
    """How the machine is: `built_in` providers, which of them `starts`, and who takes the network's nodes."""

    version: str = "1.20.0"
    built_in: tuple[str, ...] = (TENSORRT, CUDA, CPU)
    starts: tuple[str, ...] = (TENSORRT, CUDA, CPU)
    takes_nodes: tuple[str, ...] = (TENSORRT,)
    broken: str | None = None
    fails_at_run: int | None = None
    sessions: list[FakeSession] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> FakeOnnxRuntime:
        library, capi, native = (ModuleType(name) for name in ("onnxruntime", "capi", "native"))
        library.__version__ = self.version  # type: ignore[attr-defined]
        library.SessionOptions = FakeOptions  # type: ignore[attr-defined]
        library.get_available_providers = lambda: list(self.built_in)  # type: ignore[attr-defined]
        library.InferenceSession = self._session  # type: ignore[attr-defined]
        native.EPFail = EPFail  # type: ignore[attr-defined]
        capi.onnxruntime_pybind11_state = native  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "onnxruntime", library)
        monkeypatch.setitem(sys.modules, "onnxruntime.capi", capi)
        return self

    def _session(
        self, model: bytes, options: FakeOptions, providers: list[Any], enable_fallback: int = 1
    ) -> FakeSession:
        session = FakeSession(self, model, options, providers, bool(enable_fallback))
        self.sessions.append(session)
        return session


@dataclass
class FakeLibraries:
    """TensorRT's and the driver's own libraries; None: not installed. `answers`: what each call of the driver says."""

    tensorrt: int | None = 100300
    driver: int | None = 12060
    gpu: bytes = b"Orin"
    answers: int = 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> FakeLibraries:
        monkeypatch.setattr(ctypes, "CDLL", self._load)
        return self

    def _load(self, name: str, *given: Any, **named: Any) -> Any:
        there = {"libnvinfer.so.10": self.tensorrt, "libcuda.so.1": self.driver}
        if there.get(name) is not None:
            return self
        if name.startswith(("libnvinfer", "libcuda")):
            raise OSError(f"{name}: cannot open shared object file: No such file or directory")
        return _REAL_LOADER(name, *given, **named)

    def getInferLibVersion(self) -> int | None:
        return self.tensorrt

    def cuInit(self, _flags: int) -> int:
        return self.answers

    def cuDriverGetVersion(self, into: Any) -> int:
        into._obj.value = self.driver
        return self.answers

    def cuDeviceGet(self, _into: Any, _number: int) -> int:
        return self.answers

    def cuDeviceGetName(self, into: Any, length: int, _device: Any) -> int:
        into.value = self.gpu[: length - 1]
        return self.answers


class FakeOptions:
    def __init__(self) -> None:
        self.entries: dict[str, str] = {}

    def add_session_config_entry(self, key: str, value: str) -> None:
        self.entries[key] = value


class FakeSession:
    def __init__(
        self, machine: FakeOnnxRuntime, model: bytes, options: FakeOptions, providers: list[Any], fallback: bool
    ) -> None:
        self.model, self.options, self._machine, self._fallback = model, options, machine, fallback
        self.asked = [one if isinstance(one, tuple) else (one, {}) for one in providers]
        wanted = [name for name, _ in self.asked]
        if machine.broken is not None:
            if not fallback:
                raise EPFail(machine.broken)
            wanted = []
        self._providers = [name for name in wanted if name in machine.starts and name in machine.built_in]
        placed = [name for name in machine.takes_nodes if name in self._providers or name == CPU] or [CPU]
        if CPU in placed and options.entries.get("session.disable_cpu_ep_fallback") == "1":
            raise EPFail("This session contains graph nodes that are assigned to the default CPU EP")
        self._placed, self._runs = placed, 0

    def get_providers(self) -> list[str]:
        return [*self._providers, CPU]

    def get_inputs(self) -> list[Any]:
        found = type("Input", (), {"name": "pixels", "shape": [1, 64, 64, 3]})
        return [found()]

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(name="stride16")]

    def run(self, _names: None, given: dict[str, NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        self._runs += 1
        if self._runs == self._machine.fails_at_run:
            if not self._fallback:
                raise EPFail("CUDA failure 700: an illegal memory access was encountered")
            self._placed = [CPU]
        picture = given["pixels"].astype(np.float32)[0]
        return [picture.reshape(4, 16, 4, 16, 3).mean(axis=(1, 3)).transpose(2, 0, 1)[np.newaxis]]

    def end_profiling(self) -> str:
        path = Path(f"{self.options.profile_file_prefix}_2026.json")  # type: ignore[attr-defined]
        nodes = [{"cat": "Node", "args": {"provider": name, "op_name": "Conv"}} for name in self._placed]
        path.write_text(json.dumps([{"cat": "Session", "args": {}}, *nodes]))
        return str(path)

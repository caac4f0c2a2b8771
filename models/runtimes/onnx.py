"""ONNX Runtime on the CPU: the reference that every other runtime is held against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InferenceError, PackageError, RuntimeUnavailable


class OnnxRuntime:
    """`Runtime` on onnxruntime's CPU provider."""

    name = "onnxruntime"

    def __init__(self, model: bytes, threads: int) -> None:
        try:
            import onnxruntime
            from onnxruntime.capi import onnxruntime_pybind11_state as native
        except ImportError as error:
            raise RuntimeUnavailable("onnxruntime is not installed here; pip install 'okng[onnx]'") from error
        # Its exceptions share no base class but Exception.
        kinds = (kind for kind in vars(native).values() if isinstance(kind, type) and issubclass(kind, Exception))
        self._errors: tuple[type[Exception], ...] = (*kinds, RuntimeError, ValueError, TypeError)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads would take the core that the camera and the PLC need between two parts.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.use_deterministic_compute = True
        self.label = f"onnxruntime-cpu {onnxruntime.__version__}"
        try:
            self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except self._errors as error:
            raise PackageError(f"onnxruntime cannot load the network ({_first(error)}); export it again") from error
        self._input: str = self._session.get_inputs()[0].name

    def infer(self, tensor: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        try:
            outputs = self._session.run(None, {self._input: tensor})
        except self._errors as error:
            raise InferenceError(f"onnxruntime failed on this picture ({_first(error)})") from error
        return tuple(output[0] for output in outputs)

    def close(self) -> None:
        self._session = None


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

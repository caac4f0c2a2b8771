"""OpenVINO on the CPU: one stream, one request, for the lowest latency of a single line."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InferenceError, PackageError, RuntimeUnavailable

_ERRORS = (RuntimeError, TypeError, ValueError)  # what its bindings turn ov::Exception and wrong arguments into


class OpenVinoRuntime:
    """`Runtime` on OpenVINO's CPU plug-in.

    Importing openvino sends a usage report over the network unless its telemetry package is missing; a station on a
    factory line tells nobody anything, so that package is made to be missing (a test watches the sockets).
    """

    name = "openvino"

    def __init__(self, model: bytes, threads: int) -> None:
        try:
            sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: not to be imported
            import openvino
        except ImportError as error:
            raise RuntimeUnavailable("openvino is not installed here; pip install 'okng[openvino]'") from error
        self.label = f"openvino-cpu {openvino.__version__.split('-')[0]}"
        try:
            core = openvino.Core()
            compiled = core.compile_model(
                core.read_model(model),
                "CPU",
                {
                    "INFERENCE_NUM_THREADS": threads,
                    "NUM_STREAMS": 1,
                    "PERFORMANCE_HINT": "LATENCY",
                    "INFERENCE_PRECISION_HINT": "f32",  # bfloat16 would round scores otherwise on newer processors
                    "ENABLE_CPU_PINNING": False,  # the station pins its own threads
                },
            )
            self._request: Any = compiled.create_infer_request()
            self._outputs = range(len(compiled.outputs))
        except _ERRORS as error:
            raise PackageError(f"openvino cannot load the network ({_first(error)}); export it again") from error

    def infer(self, tensor: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        try:
            self._request.infer([tensor], share_inputs=True)
            return tuple(self._request.get_output_tensor(i).data[0] for i in self._outputs)
        except _ERRORS as error:
            raise InferenceError(f"openvino failed on this picture ({_first(error)})") from error

    def close(self) -> None:
        self._request = None


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

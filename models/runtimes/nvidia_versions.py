"""What an engine that TensorRT builds depends on beside the network: TensorRT, driver and GPU.

The libraries themselves are asked: their Python packages are often missing. Never seen on hardware.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

_TENSORRT = ("libnvinfer.so.11", "libnvinfer.so.10", "libnvinfer.so.8", "libnvinfer.so")
_CUDA = ("libcuda.so.1",)
_NAME_BYTES = 256


def nvidia_versions(load: Callable[[str], Any] = ctypes.CDLL) -> str | None:
    """One line that changes whenever an engine has to be built anew; None where something is not to be found out."""
    tensorrt, cuda = _first(_TENSORRT, load), _first(_CUDA, load)
    if tensorrt is None or cuda is None:
        return None
    gpu = _gpu(cuda)
    return gpu and f"tensorrt {int(tensorrt.getInferLibVersion())}, {gpu}"


def _gpu(cuda: Any) -> str | None:
    """Driver version and name of the first GPU; each call answers 0 where it went well."""
    version, device = ctypes.c_int(), ctypes.c_int()
    name = ctypes.create_string_buffer(_NAME_BYTES)
    answers = (
        cuda.cuInit(0),
        cuda.cuDriverGetVersion(ctypes.byref(version)),
        cuda.cuDeviceGet(ctypes.byref(device), 0),
        cuda.cuDeviceGetName(name, _NAME_BYTES, device),
    )
    return None if any(answers) else f"driver {version.value}, {name.value.decode(errors='replace')}"


def _first(names: tuple[str, ...], load: Callable[[str], Any]) -> Any:
    for name in names:
        try:
            return load(name)
        except OSError:
            continue
    return None

"""What engines and figures depend on beside the network and ONNX Runtime: TensorRT, driver and GPU.

The libraries themselves are asked: their Python packages are often missing. Never seen on hardware.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

_TENSORRT = ("libnvinfer.so.11", "libnvinfer.so.10", "libnvinfer.so.8", "libnvinfer.so")
_CUDA = ("libcuda.so.1",)
_NAME_BYTES = 256


@dataclass(frozen=True, slots=True)
class NvidiaVersions:
    """`tensorrt` as its library counts, such as 100300; `gpu` is driver version and name. None: not to be found out."""

    tensorrt: int | None
    gpu: str | None

    def __str__(self) -> str:
        return f"tensorrt {self.tensorrt or 'unknown'}, {self.gpu or 'driver unknown'}"

    @property
    def known(self) -> bool:
        return self.tensorrt is not None and self.gpu is not None


def nvidia_versions() -> NvidiaVersions:
    """What is installed here."""
    tensorrt, cuda = _first(_TENSORRT), _first(_CUDA)
    return NvidiaVersions(
        None if tensorrt is None else int(tensorrt.getInferLibVersion()), None if cuda is None else _gpu(cuda)
    )


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


def _first(names: tuple[str, ...]) -> Any:
    """The first library that can be loaded, or None."""
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None

"""Which engine runs a network here: the only place that knows every adapter's name."""

from __future__ import annotations

from importlib.util import find_spec

from models.errors import RuntimeUnavailable
from models.runtimes.base import Runtime
from models.runtimes.onnx import OnnxRuntime
from models.runtimes.onnx_file import refuse_external_data
from models.runtimes.openvino import OpenVinoRuntime

# Fastest first, as measured on AVX2; "auto" takes the first that is installed.
RUNTIMES: dict[str, type[OpenVinoRuntime] | type[OnnxRuntime]] = {
    "openvino": OpenVinoRuntime,
    "onnxruntime": OnnxRuntime,
}
REFERENCE = "onnxruntime"


def installed_runtimes() -> tuple[str, ...]:
    """Names of the engines that can be imported here, fastest first."""
    return tuple(name for name in RUNTIMES if find_spec(name) is not None)


def choose_runtime(name: str, model: bytes, threads: int) -> Runtime:
    """Load `model` on the engine `name`, or with "auto" on the fastest one that is installed.

    Raises:
        RuntimeUnavailable: the engine is unknown or not installed.
        PackageError: the engine cannot load this network, or the network reaches outside its file.
    """
    if name == "auto":
        found = installed_runtimes()
        if not found:
            raise RuntimeUnavailable("no inference runtime is installed here; pip install 'okng[device]'")
        name = found[0]
    if name not in RUNTIMES:
        raise RuntimeUnavailable(f"there is no runtime {name!r}; choose one of auto, {', '.join(RUNTIMES)}")
    refuse_external_data(model)
    return RUNTIMES[name](model, threads)

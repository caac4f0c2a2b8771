"""ONNX Runtime: on the CPU the reference that every other runtime is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InferenceError, PackageError, RuntimeUnavailable
from models.runtimes.base import Placement, first_line, output_order


@dataclass(frozen=True, slots=True)
class Vendor:
    """The imported library and whatever it may raise."""

    library: Any
    errors: tuple[type[Exception], ...]


class OnnxRuntime:
    """`Runtime` on a session of onnxruntime."""

    name = "onnxruntime"

    def __init__(self, session: Any, label: str, errors: tuple[type[Exception], ...]) -> None:
        self.label = label
        self._session, self._errors = session, errors
        self._input: str = session.get_inputs()[0].name
        self._order = output_order([[output.name] for output in session.get_outputs()])

    def infer(self, tensor: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        try:
            outputs = self._session.run(None, {self._input: tensor})
        except self._errors as error:
            raise InferenceError(f"onnxruntime failed on this picture ({first_line(error)})") from error
        return tuple(outputs[index][0] for index in self._order)

    def close(self) -> None:
        self._session = None


def start_on_cpu(model: bytes, placement: Placement) -> OnnxRuntime:
    """The network on the CPU provider.

    Raises:
        RuntimeUnavailable, PackageError: as `models.runtimes.choose.choose_runtime`.
    """
    vendor = import_onnxruntime()
    try:
        session = vendor.library.InferenceSession(
            model,
            session_options(vendor, placement.threads),
            providers=["CPUExecutionProvider"],
            # It rounds anew, coarsely, what a package leaves in floating point between quantized layers.
            disabled_optimizers=["WeightBiasQuantization"],
        )
    except vendor.errors as error:
        raise PackageError(f"onnxruntime cannot load the network ({first_line(error)}); export it again") from error
    return OnnxRuntime(session, f"onnxruntime-cpu {vendor.library.__version__}", vendor.errors)


def import_onnxruntime() -> Vendor:
    """Raises RuntimeUnavailable where it is not installed."""
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as native
    except ImportError as error:
        raise RuntimeUnavailable("onnxruntime is not installed here; pip install 'okng[onnx]'") from error
    # Its exceptions share no base class but Exception.
    kinds = (kind for kind in vars(native).values() if isinstance(kind, type) and issubclass(kind, Exception))
    return Vendor(onnxruntime, (*kinds, RuntimeError, ValueError, TypeError, OSError))


def session_options(vendor: Vendor, threads: int) -> Any:
    """For one picture at a time on a computer that has other things to do."""
    options = vendor.library.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would take the core that the camera and the PLC need between two parts.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.use_deterministic_compute = True
    return options

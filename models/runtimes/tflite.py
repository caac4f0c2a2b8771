"""LiteRT on the CPU: ai-edge-litert, or its predecessor tflite_runtime where only that is installed."""

from __future__ import annotations

from importlib.metadata import version
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import InferenceError, PackageError, RuntimeUnavailable
from models.runtimes.base import Placement, first_line

# What its bindings raise; a wrong tensor is a ValueError, a failing kernel a RuntimeError.
_ERRORS = (RuntimeError, ValueError, TypeError, SystemError)
_STRIDES = (4, 8, 16, 32)


class TfLiteRuntime:
    """`Runtime` on LiteRT with its default delegate, XNNPACK.

    The interpreter keeps the outputs in an order of its own. Where a signature numbers them `output_<n>`, as converters
    do, that is their order; else they are feature maps alone, told apart by their size: one of stride s is
    `(1, H/s, W/s, C)`, and no two have the same s.
    """

    name = "tflite"

    def __init__(self, model: bytes, placement: Placement) -> None:
        make, self.label = _interpreter()
        try:
            self._interpreter: Any = make(model_content=model, num_threads=placement.threads)
            self._interpreter.allocate_tensors()
            inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
            numbered = _numbered(self._interpreter, len(outputs))
        except _ERRORS as error:
            raise PackageError(f"LiteRT cannot load the network ({first_line(error)}); export it again") from error
        height, width = _input_size(inputs)
        self._input: int = inputs[0]["index"]
        self._outputs = (
            _finest_first(outputs, height, width) if numbered is None else _with_heads(numbered, height, width)
        )

    def infer(self, tensor: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        try:
            self._interpreter.set_tensor(self._input, tensor)
            self._interpreter.invoke()
            # Copies: a view would forbid the next invoke. The scorers read places, not planes, so that the transposed
            # view costs nothing: they transpose it back.
            return tuple(self._interpreter.get_tensor(index)[0].transpose(2, 0, 1) for index in self._outputs)
        except _ERRORS as error:
            raise InferenceError(f"LiteRT failed on this picture ({first_line(error)})") from error

    def close(self) -> None:
        self._interpreter = None


def _interpreter() -> tuple[Any, str]:
    """The interpreter's class and the label of its engine.

    tflite_runtime's kernels are years older than those that packages are proven with, so it has a label of its own.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        return _old_interpreter()
    return Interpreter, f"tflite-cpu {version('ai-edge-litert')}"


def _old_interpreter() -> tuple[Any, str]:
    try:
        from tflite_runtime.interpreter import Interpreter
    except ImportError as error:
        raise RuntimeUnavailable("LiteRT is not installed here; pip install 'okng[tflite]'") from error
    if int(np.__version__.split(".")[0]) >= 2:
        # It can be imported beside numpy 2, and fails at the first picture.
        raise RuntimeUnavailable("tflite_runtime does not work with numpy 2; pip install 'okng[tflite-legacy]'")
    return Interpreter, f"tflite-runtime-cpu {version('tflite-runtime')}"


def _input_size(inputs: list[dict[str, Any]]) -> tuple[int, int]:
    """(height, width) of the one uint8 picture that goes in."""
    shapes = [tuple(int(n) for n in one["shape"]) for one in inputs if one["dtype"] == np.uint8]
    if len(inputs) != 1 or len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][0] != 1 or shapes[0][3] != 3:
        raise PackageError("the network does not take one uint8 picture (1, H, W, 3); export the package again")
    return shapes[0][1:3]


def _numbered(interpreter: Any, count: int) -> list[dict[str, Any]] | None:
    """The outputs as the file's one signature numbers them; None where it does not."""
    signatures = interpreter.get_signature_list()
    if len(signatures) != 1:
        return None
    details = interpreter.get_signature_runner(next(iter(signatures))).get_output_details()
    names = [f"output_{number}" for number in range(count)]
    return [details[name] for name in names] if set(names) == set(details) else None


def _with_heads(outputs: list[dict[str, Any]], height: int, width: int) -> tuple[int, ...]:
    """Tensor indices of feature maps by rising stride, of a map of logits and of logits of the whole image."""
    shapes = [tuple(int(n) for n in one["shape"]) for one in outputs]
    strides = [
        next((s for s in _STRIDES if shape[:3] == (1, height // s, width // s) and len(shape) == 4), None)
        for shape in shapes
    ]
    maps = len(shapes) - (len(shapes) > 1 and shapes[-1][:3] == (1, 1, 1))
    # The last map may be a head's, of any stride.
    rising = all(a is not None and b is not None and a < b for a, b in pairwise(strides[: max(1, maps - 1)]))
    if None in strides[:maps] or not rising or any(one["dtype"] != np.float32 for one in outputs):
        raise PackageError(
            f"the network gives {shapes}, not float32 maps (1, H/s, W/s, C) by rising stride s with those of heads "
            "after them; export the package again"
        )
    return tuple(int(one["index"]) for one in outputs)


def _finest_first(outputs: list[dict[str, Any]], height: int, width: int) -> tuple[int, ...]:
    """Tensor indices of the feature maps by rising stride."""
    found: dict[int, int] = {}
    for output in outputs:
        shape = tuple(int(n) for n in output["shape"])
        strides = [s for s in _STRIDES if shape[:3] == (1, height // s, width // s) and len(shape) == 4]
        if output["dtype"] != np.float32 or len(strides) != 1 or strides[0] in found:
            raise PackageError(
                f"the network gives {shape}, not one float32 map (1, H/s, W/s, C) a stride s; export the package again"
            )
        found[strides[0]] = output["index"]
    return tuple(found[stride] for stride in sorted(found))

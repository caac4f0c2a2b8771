"""Network → fp32 ONNX → one INT8 QDQ ONNX that both runtimes run.

U8S8, per-channel, `reduce_range` (AVX2 without VNNI saturates 16-bit accumulators otherwise), `Clip` kept among the
quantized operators. Pooling, resizing and joining stay fp32, and so do the last layers of heads: they are those of
whose weight's name one part begins with `out_`, as in `heads.out_map.weight`. Everything that could differ between two
runs (names, stack traces, paths) is stripped, so that equal data gives equal bytes.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.networks.trunk import load_trunk

INPUT_NAME = "pixels"
LAST_LAYER = "out_"
_OPSET = 18
_LAYING = ("Cast", "Transpose", "Pad")
_QUANTIZED = ["Conv", "Add", "Clip"]


def export_trunk(size: tuple[int, int], strides: Sequence[int]) -> bytes:
    """The fp32 trunk for inputs of (width, height) as ONNX; outputs are named `stride<n>`."""
    return export_network(load_trunk(strides), size, [output_name(stride) for stride in strides])


def export_network(module: torch.nn.Module, size: tuple[int, int], names: Sequence[str]) -> bytes:
    """A network as fp32 ONNX for inputs of (width, height); the same weights give the same bytes.

    Args:
        module: pixels `(1, H, W, 3)` uint8 BGR → a tuple of maps, in evaluation mode and on the CPU.
        size: (width, height) in pixels.
        names: of the maps, in order.
    """
    example = torch.zeros((1, size[1], size[0], 3), dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "network.onnx"
        torch.onnx.export(
            module,
            (example,),
            str(path),
            dynamo=True,
            external_data=False,
            opset_version=_OPSET,
            input_names=[INPUT_NAME],
            output_names=list(names),
            verbose=False,
        )
        return stripped(onnx.load(str(path)))


def output_name(stride: int) -> str:
    return f"stride{stride}"


class _Frames(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no stubs
    def __init__(self, frames: Sequence[NDArray[np.uint8]]) -> None:
        self._frames: Iterator[NDArray[np.uint8]] = iter(frames)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        frame = next(self._frames, None)
        return None if frame is None else {INPUT_NAME: frame}


def quantize(model: bytes, frames: Sequence[NDArray[np.uint8]]) -> bytes:
    """INT8 QDQ model; activation ranges come from network inputs `frames`, `(1, H, W, 3)` uint8 each."""
    with tempfile.TemporaryDirectory() as folder, _quiet():
        plain, ready, quantized = (str(Path(folder) / name) for name in ("fp32.onnx", "ready.onnx", "int8.onnx"))
        Path(plain).write_bytes(model)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        # Pixels keep all of 0..255 whatever the calibration pictures show: a bright defect on dark parts must not be
        # cut to the brightest good pixel. At a scale of 1 they are also quantized without loss.
        graph = onnx.load(ready).graph
        pixels = _pixels(graph)
        overrides = {pixels: [{"rmin": np.float32(0), "rmax": np.float32(255)}]} if pixels else {}
        quantize_static(
            ready,
            quantized,
            _Frames(frames),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_QUANTIZED,
            nodes_to_exclude=[node.name for node in graph.node if _is_last_layer(node)],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"TensorQuantOverrides": overrides},
        )
        return stripped(onnx.load(quantized))


def _pixels(graph: Any) -> str | None:
    """The tensor that the first convolution reads; none where something else than moving and padding was done to it."""
    makers = {name: node for node in graph.node for name in node.output}
    read = next(str(node.input[0]) for node in graph.node if node.op_type == "Conv")
    name = read
    while name in makers and makers[name].op_type in _LAYING:
        name = makers[name].input[0]
    return read if name == INPUT_NAME else None


def _is_last_layer(node: Any) -> bool:
    """Whether it is a head's last convolution, which stays fp32."""
    return node.op_type == "Conv" and any(part.startswith(LAST_LAYER) for part in node.input[1].split("."))


def keep_outputs(model: bytes, strides: Sequence[int]) -> bytes:
    """The same network with only the outputs of `strides`; what nothing needs any more is removed."""
    proto = onnx.load_from_string(model)
    graph = proto.graph
    wanted = [output_name(stride) for stride in strides]
    outputs = {output.name: output for output in graph.output}
    del graph.output[:]
    graph.output.extend(outputs[name] for name in wanted)
    needed, kept = set(wanted), []
    for node in reversed(graph.node):  # nodes stand in topological order
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    weights = [weight for weight in graph.initializer if weight.name in needed]
    nodes = list(reversed(kept))
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(weights)
    return stripped(proto)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the vendors' hundred lines of progress away from the operator; their errors still come as exceptions."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        logging.disable(before)


def stripped(proto: Any) -> bytes:
    """An ONNX model serialized without whatever tells of the machine and the moment."""
    graph = proto.graph
    for holder in (proto, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        holder.doc_string = ""
        if hasattr(holder, "metadata_props"):
            del holder.metadata_props[:]
    del graph.value_info[:]
    proto.producer_name, proto.producer_version = "okng", ""
    return bytes(proto.SerializeToString(deterministic=True))

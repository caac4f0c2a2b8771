"""The reference network once more with symmetric signed activations, as TensorRT and ARM's INT8 kernels want them.

Weights stay what they are (signed, zero point 0, one scale an output channel). Every activation becomes signed with
zero point 0, within -127..127; biases become floats, which TensorRT adds in fp32. An unsigned quantizer with zero point
0 had done a ReLU6's work by saturating; a signed one does not, so the clipping is written out again.

Optimized kernels of x86 without VNNI may overflow on such files: they are judged with ONNX Runtime's optimizations off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from training.features import Features
from training.onnx_file import INPUT_NAME, stripped
from training.quantized import QdqGraph

_TOP = 127


def symmetric(reference: bytes) -> bytes:
    """The symmetric file of an INT8 network that `training.export` made; equal input gives equal bytes."""
    graph = QdqGraph(reference)
    nodes: list[Any] = []
    fresh: dict[str, NDArray[np.generic]] = {}
    for node in graph.graph.node:
        if node.op_type == "QuantizeLinear":
            low, high = graph.range_of(node)
            if low == 0.0:
                nodes.append(_clip(node, high, fresh))
            fresh[node.input[1]] = np.array(max(-low, high) / _TOP, np.float32)
            fresh[node.input[2]] = np.array(0, np.int8)
        if _is_bias(node, graph):
            fresh[node.output[0]] = graph.constant(node.output[0])[1]
        else:
            nodes.append(node)
    values = graph.values | fresh
    used = sorted({name for node in nodes for name in node.input} & set(values))
    del graph.graph.node[:], graph.graph.initializer[:]
    graph.graph.node.extend(nodes)
    graph.graph.initializer.extend(numpy_helper.from_array(values[name], name) for name in used)
    return stripped(graph.proto)


def _is_bias(node: Any, graph: QdqGraph) -> bool:
    source = graph.values.get(node.input[0]) if node.op_type == "DequantizeLinear" else None
    return source is not None and source.dtype == np.int32


def _clip(quantizer: Any, high: float, fresh: dict[str, NDArray[np.generic]]) -> Any:
    """A `Clip` to 0..high before `quantizer`, which reads it from now on."""
    before, clipped = quantizer.input[0], f"{quantizer.input[0]}_clipped"
    fresh |= {f"{clipped}_low": np.array(0, np.float32), f"{clipped}_high": np.array(high, np.float32)}
    quantizer.input[0] = clipped
    return helper.make_node("Clip", [before, f"{clipped}_low", f"{clipped}_high"], [clipped], name=clipped)


def extract_unoptimized(model: bytes, tensors: Iterable[NDArray[np.uint8]]) -> Iterator[Features]:
    """Feature maps by ONNX Runtime with every optimization off."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    for tensor in tensors:
        yield tuple(output[0] for output in session.run(None, {INPUT_NAME: tensor}))

"""What the reference INT8 network is made of: its weights on their grid, and the range of every activation.

Other INT8 files are made from these, not from the fp32 trunk: two quantizers that round the same fp32 weights each in
its own way give features 20 to 25 % apart (three times the reference's own rounding of activations), and every scorer,
limit and prototype of a package rests on the reference's features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Floats = NDArray[np.float32]
_WEIGHT = ".weight_quantized"


@dataclass(frozen=True, slots=True)
class Layer:
    """One convolution: `weight` `(O, I, kh, kw)`, in each output channel whole multiples of its `scale` `(O,)`."""

    weight: Floats
    scale: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class QuantizedTrunk:
    """`layers` by their names in `training.networks.trunk`, in order.

    `ranges`: lowest and highest value of the padded input, then of what each convolution and addition gives, in order.
    """

    layers: dict[str, Layer]
    ranges: tuple[tuple[float, float], ...]


class QdqGraph:
    """A QDQ ONNX graph with its initializers as arrays."""

    def __init__(self, model: bytes) -> None:
        self.proto: Any = onnx.load_from_string(model)
        self.graph: Any = self.proto.graph
        self.values: dict[str, NDArray[Any]] = {one.name: numpy_helper.to_array(one) for one in self.graph.initializer}
        self._makers: dict[str, Any] = {name: node for node in self.graph.node for name in node.output}

    def operators(self) -> list[Any]:
        """The nodes that compute something, in order."""
        return [node for node in self.graph.node if node.op_type in ("Pad", "Conv", "Add")]

    def quantizer(self, name: str) -> Any:
        """The node that quantizes the tensor `name`."""
        return next(node for node in self.graph.node if node.op_type == "QuantizeLinear" and node.input[0] == name)

    def range_of(self, quantizer: Any) -> tuple[float, float]:
        """What an unsigned quantizer can express."""
        scale, zero = (self.values[name].item() for name in quantizer.input[1:3])
        return float(-zero * scale), float((255 - zero) * scale)

    def constant(self, name: str) -> tuple[str, Floats, Floats]:
        """The initializer behind a dequantized constant, its values, and the scale of each channel."""
        source, scale, zero = self._makers[name].input[:3]
        if self.values[zero].any():
            raise ValueError(f"{source} is not quantized symmetrically")
        scales = self.values[scale]
        shape = (-1,) + (1,) * (self.values[source].ndim - 1)
        values = self.values[source].astype(np.float64) * scales.reshape(shape).astype(np.float64)
        return source, values.astype(np.float32), scales


def read_quantized(model: bytes) -> QuantizedTrunk:
    """The parts of an INT8 network that `training.export.quantize` made.

    Raises:
        ValueError: it is quantized in another way.
    """
    graph = QdqGraph(model)
    layers, ranges = {}, []
    for node in graph.operators():
        ranges.append(graph.range_of(graph.quantizer(node.output[0])))
        if node.op_type == "Conv":
            name, weight, scale = graph.constant(node.input[1])
            if not name.endswith(_WEIGHT):
                raise ValueError(f"{name} is not named as this trunk's weights are")
            layers[name.removesuffix(_WEIGHT)] = Layer(weight, scale, graph.constant(node.input[2])[1])
    return QuantizedTrunk(layers, tuple(ranges))

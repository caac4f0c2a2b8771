"""An fp32 ONNX graph on its way to INT8: its convolutions, the tensors INT8 touches, and the QDQ graph made of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.onnx_file import INPUT_NAME, quiet

LAST_LAYER = "out_"
# With 7 bits a sum of two products stays within the 16-bit accumulators of AVX2.
WEIGHT_TOP = 64
ACTIVATION_TOP = 255
_WEIGHT = ".weight"
_LAYING = ("Cast", "Transpose", "Pad")
_QUANTIZED = ("Conv", "Add", "Clip")

Floats = NDArray[np.float32]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution that becomes INT8: `reads` and `writes` are tensors, the latter after a clipping behind it.

    `weight`: the name of its weight, by which it is known; `pads`: top, left, bottom, right.
    """

    weight: str
    reads: str
    writes: str
    groups: int
    strides: tuple[int, int]
    pads: tuple[int, int, int, int]
    dilations: tuple[int, int]
    clipped: bool


class FloatGraph:
    """An fp32 network, cleaned by ONNX Runtime; `plain` names convolutions that shall stay fp32."""

    def __init__(self, model: bytes, plain: Sequence[str] = ()) -> None:
        self._proto: Any = onnx.load_from_string(_cleaned(model))
        graph = self._proto.graph
        # Its cleaning leaves some nodes without a name, and exclusion goes by names.
        for index, node in enumerate(graph.node):
            node.name = node.name or f"node_{index}"
        self._values = {one.name: one for one in graph.initializer}
        self._makers = {name: node for node in graph.node for name in node.output}
        self._readers: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)
        self._excluded = {node.name for node in graph.node if _is_plain(node, plain)}
        self.convolutions = tuple(
            self._convolution(node) for node in graph.node if node.op_type == "Conv" and node.name not in self._excluded
        )
        self.pixels = self._pixels()

    def weight(self, layer: Convolution) -> Floats:
        """`(O, I / groups, kh, kw)`."""
        return self._array(layer.weight)

    def bias(self, layer: Convolution) -> Floats:
        """`(O,)`; zeros where there is none."""
        name = self._bias_name(layer)
        return self._array(name) if name else np.zeros(len(self.weight(layer)), np.float32)

    def replace(self, layer: Convolution, weight: Floats, bias: Floats) -> None:
        """Give a convolution another weight and bias of the same shapes; one without bias gets one."""
        self._put(layer.weight, weight)
        name = self._bias_name(layer) or f"{layer.weight}.bias"
        if name not in self._values:
            self._values[name] = self._proto.graph.initializer.add()
            self._makers[self._node_output(layer)].input.append(name)
        self._put(name, bias)

    @property
    def touched(self) -> tuple[str, ...]:
        """The tensors that INT8 keeps in 8 bits, in the order in which they come about."""
        order = {name: index for index, name in enumerate(self._makers)}
        return tuple(sorted(self.keys(), key=order.__getitem__))

    def keys(self) -> dict[str, str]:
        """What each tensor that INT8 keeps in 8 bits is to a convolution or addition: names that outlive an export."""
        found: dict[str, str] = {}
        additions = 0
        for node in self._proto.graph.node:
            if node.op_type == "Conv" and node.name not in self._excluded:
                found.setdefault(node.input[0], f"reads {node.input[1]}")
                found[self._after_clip(node.output[0])] = f"writes {node.input[1]}"
            elif node.op_type == "Add":
                for place, name in enumerate(node.input):
                    found.setdefault(name, f"addition {additions} reads {place}")
                found[self._after_clip(node.output[0])] = f"addition {additions}"
                additions += 1
        return {name: key for name, key in found.items() if name in self._makers}

    @property
    def outputs(self) -> tuple[str, ...]:
        """What the network gives out."""
        return tuple(output.name for output in self._proto.graph.output)

    def probe(self, frames: Iterable[NDArray[np.uint8]], tensors: Sequence[str]) -> Iterator[dict[str, Floats]]:
        """The values `(C, h, w)` of tensors, frame after frame; one thread, nothing is kept."""
        copy = self._copy()
        del copy.graph.output[:]
        copy.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in tensors)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        session = onnxruntime.InferenceSession(copy.SerializeToString(), options, providers=["CPUExecutionProvider"])
        for frame in frames:
            found = session.run(list(tensors), {INPUT_NAME: frame})
            yield {name: value[0] for name, value in zip(tensors, found, strict=True)}

    def quantized(self, ranges: Mapping[str, Range], scales: Mapping[str, Floats]) -> Any:
        """The QDQ graph.

        Args:
            ranges: lowest and highest value of each tensor of `touched`.
            scales: one for each output channel by a convolution's weight; 1/64 of its largest weight for others.
        """
        overrides: dict[str, list[dict[str, Any]]] = {
            name: [{"axis": 0, "scale": scale, "zero_point": np.int8(0)} for scale in of_layer]
            for name, of_layer in scales.items()
        }
        seen = {name: (np.float32(low), np.float32(high)) for name, (low, high) in ranges.items()}
        with quiet():
            quantizer = QDQQuantizer(
                self._copy(),
                True,
                True,
                QuantType.QInt8,
                QuantType.QUInt8,
                TensorsData(CalibrationMethod.MinMax, self._before_clips(seen)),
                [],
                sorted(self._excluded),
                list(_QUANTIZED),
                {"TensorQuantOverrides": overrides},
            )
            quantizer.quantize_model()
            quantizer.model.topological_sort()
        return quantizer.model.model

    def _copy(self) -> Any:
        copy = onnx.ModelProto()
        copy.CopyFrom(self._proto)
        return copy

    def _before_clips(self, ranges: dict[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
        """The ranges once more for what stands before a clipping, which saturation replaces."""
        before = {self._node_output(layer): ranges[layer.writes] for layer in self.convolutions if layer.clipped}
        return ranges | before

    def _convolution(self, node: Any) -> Convolution:
        attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        writes = self._after_clip(node.output[0])
        top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
        return Convolution(
            node.input[1],
            node.input[0],
            writes,
            attributes.get("group", 1),
            tuple(attributes.get("strides", (1, 1))),
            (top, left, bottom, right),
            tuple(attributes.get("dilations", (1, 1))),
            writes != node.output[0],
        )

    def _after_clip(self, name: str) -> str:
        readers = self._readers.get(name, [])
        return str(readers[0].output[0]) if len(readers) == 1 and readers[0].op_type == "Clip" else name

    def _node_output(self, layer: Convolution) -> str:
        return str(self._makers[layer.writes].input[0] if layer.clipped else layer.writes)

    def _bias_name(self, layer: Convolution) -> str | None:
        inputs = self._makers[self._node_output(layer)].input
        return str(inputs[2]) if len(inputs) > 2 else None

    def _array(self, name: str) -> Floats:
        return np.array(numpy_helper.to_array(self._values[name]), np.float32)

    def _put(self, name: str, content: Floats) -> None:
        self._values[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(content, np.float32), name))

    def _pixels(self) -> str | None:
        """What the first convolution reads; none where pixels were not only moved and padded before."""
        read = name = self.convolutions[0].reads
        while name in self._makers and self._makers[name].op_type in _LAYING:
            name = self._makers[name].input[0]
        return read if name == INPUT_NAME else None


def _is_plain(node: Any, plain: Sequence[str]) -> bool:
    """Whether it is a head's last convolution, or another one that shall stay fp32."""
    if node.op_type != "Conv":
        return False
    name = node.input[1]
    return name.removesuffix(_WEIGHT) in plain or any(part.startswith(LAST_LAYER) for part in name.split("."))


def _cleaned(model: bytes) -> bytes:
    """Constants folded, padding moved into the convolutions."""
    with tempfile.TemporaryDirectory() as folder, quiet():
        before, after = (Path(folder) / name for name in ("before.onnx", "after.onnx"))
        before.write_bytes(model)
        quant_pre_process(str(before), str(after), skip_symbolic_shape=True)
        return after.read_bytes()

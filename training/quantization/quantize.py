"""fp32 ONNX → INT8 QDQ ONNX, U8S8, per-channel, weights of 7 bits, by a plan of steps.

Pooling, resizing and joining stay fp32, and so do the last layers of heads: they are those of whose weight's name one
part begins with `out_`, as in `heads.out_map.weight`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training.onnx_file import stripped
from training.quantization.graph import FloatGraph, Floats, Range
from training.quantization.observe import Observed, observe
from training.quantization.plan import DEFAULT, QuantPlan
from training.quantization.ranges import range_of
from training.quantization.rounding import compensated, nearest, scales_of, taken_back

# Pixels keep all of 0..255 whatever the calibration pictures show: a bright defect on dark parts must not be cut to the
# brightest good pixel. At a scale of 1 they are also quantized without loss.
_PIXELS: Range = (0.0, 255.0)


def quantize(model: bytes, frames: Sequence[NDArray[np.uint8]], plan: QuantPlan = DEFAULT) -> bytes:
    """INT8 QDQ model; ranges and roundings come from network inputs `frames`, `(1, H, W, 3)` uint8 each.

    Raises:
        ValueError: there are no frames.
    """
    graph = FloatGraph(model, plan.plain)
    seen = observe(graph, frames, moments=plan.rounding == "compensated" or plan.biases)
    ranges = {name: range_of(values, plan.ranges) for name, values in seen.values.items()}
    return with_ranges(graph, ranges, round_weights(graph, seen, plan))


def with_ranges(graph: FloatGraph, ranges: Mapping[str, Range], scales: Mapping[str, Floats]) -> bytes:
    """The QDQ file of a graph with these ranges of its activations; pixels keep theirs."""
    pixels = {graph.pixels: _PIXELS} if graph.pixels else {}
    return stripped(graph.quantized({**ranges, **pixels}, scales))


def round_weights(graph: FloatGraph, seen: Observed, plan: QuantPlan) -> dict[str, Floats]:
    """Put the graph's weights on their grids; the grids' steps by convolution."""
    scales: dict[str, Floats] = {}
    for layer in graph.convolutions:
        if layer.weight in scales:  # shared by two convolutions
            continue
        weight, bias = graph.weight(layer), graph.bias(layer)
        if plan.rounding == "compensated":
            rounded, scales[layer.weight] = compensated(weight, seen.moments[layer.weight], layer.groups)
        else:
            scales[layer.weight] = scales_of(weight)
            rounded = nearest(weight, scales[layer.weight])
        if plan.biases:
            bias += taken_back(weight, rounded, seen.moments[layer.weight], layer.groups)
        graph.replace(layer, rounded, bias)
    return scales

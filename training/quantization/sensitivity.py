"""Which layers cost the most accuracy in INT8, so that a plan may leave them fp32.

One layer at a time gets its INT8 weight, all others stay fp32: what that changes in the outputs is the layer's doing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.quantization.graph import FloatGraph, Floats
from training.quantization.observe import observe
from training.quantization.plan import DEFAULT, QuantPlan
from training.quantization.quantize import round_weights

_WEIGHT = ".weight"


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """`error`: relative (L2), of the network's worst output, from this layer alone; `layer`: for `QuantPlan.plain`."""

    layer: str
    error: float


def rank_layers(
    model: bytes, frames: Sequence[NDArray[np.uint8]], held_out: Sequence[NDArray[np.uint8]], plan: QuantPlan = DEFAULT
) -> list[Sensitivity]:
    """Every layer of an fp32 network that would become INT8, the most costly first.

    Raises:
        ValueError: there are no `frames` to round by or none `held_out` to judge by.
    """
    if not held_out:
        raise ValueError("layers are ranked on pictures that no rounding was taken from; there are none")
    graph = FloatGraph(model, plan.plain)
    exact = {layer.weight: (graph.weight(layer), graph.bias(layer)) for layer in graph.convolutions}
    wanted = _outputs(graph, held_out)
    round_weights(graph, observe(graph, frames), plan)
    rounded = {layer.weight: (graph.weight(layer), graph.bias(layer)) for layer in graph.convolutions}
    for layer in graph.convolutions:
        graph.replace(layer, *exact[layer.weight])
    found = []
    for layer in graph.convolutions:
        graph.replace(layer, *rounded[layer.weight])
        error = _worst(_outputs(graph, held_out), wanted)
        graph.replace(layer, *exact[layer.weight])
        found.append(Sensitivity(layer.weight.removesuffix(_WEIGHT), error))
    return sorted(found, key=lambda one: -one.error)


def shares(model: bytes, frame: NDArray[np.uint8]) -> dict[str, float]:
    """Each such layer's share of the multiply-adds of all of them, for a network input."""
    graph = FloatGraph(model)
    written = {layer.weight: layer.writes for layer in graph.convolutions}
    (maps,) = graph.probe([frame], sorted(set(written.values())))
    work = {
        layer.weight: graph.weight(layer)[0].size * maps[written[layer.weight]].size for layer in graph.convolutions
    }
    total = sum(work.values())
    return {name.removesuffix(_WEIGHT): own / total for name, own in work.items()}


def _outputs(graph: FloatGraph, frames: Sequence[NDArray[np.uint8]]) -> list[dict[str, Floats]]:
    return list(graph.probe(frames, graph.outputs))


def _worst(found: list[dict[str, Floats]], wanted: list[dict[str, Floats]]) -> float:
    errors = []
    for name in wanted[0]:
        lost = sum(float(np.square(one[name] - two[name]).sum()) for one, two in zip(found, wanted, strict=True))
        errors.append(lost / max(sum(float(np.square(two[name]).sum()) for two in wanted), np.finfo(np.float32).tiny))
    return float(np.sqrt(max(errors)))

"""What calibration pictures tell of a network: the values of every activation, and how each convolution's inputs vary.

One pass, one picture at a time; of large maps a fixed choice of places is looked at, so that memory stays small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.quantization.graph import Convolution, FloatGraph, Floats

Doubles = NDArray[np.float64]
_VALUES_PER_MAP = 2048
_PLACES_PER_MAP = 192


@dataclass(slots=True)
class Values:
    """Of one activation: extremes of all values, and some values of every picture."""

    lowest: float = 0.0
    highest: float = 0.0
    some: list[Floats] = field(default_factory=list)

    def add(self, map_: Floats, rng: np.random.Generator) -> None:
        self.lowest, self.highest = min(self.lowest, float(map_.min())), max(self.highest, float(map_.max()))
        flat = map_.reshape(-1)
        self.some.append(flat[rng.integers(0, flat.size, _VALUES_PER_MAP)])


class Moments:
    """Mean `(G, n)` and covariance `(G, n, n)` of what each of a convolution's G groups reads for one place."""

    def __init__(self, groups: int, inputs: int) -> None:
        self._count = 0
        self._sum: Doubles = np.zeros((groups, inputs))
        self._products: Doubles = np.zeros((groups, inputs, inputs))

    def add(self, patches: Floats) -> None:
        """`patches`: `(G, P, n)`."""
        self._count += patches.shape[1]
        self._sum += patches.sum(1)
        self._products += patches.transpose(0, 2, 1) @ patches

    @property
    def mean(self) -> Doubles:
        return self._sum / self._count

    @property
    def covariance(self) -> Doubles:
        mean = self.mean
        covariance: Doubles = self._products / self._count - mean[:, :, None] * mean[:, None, :]
        return covariance


@dataclass(frozen=True, slots=True)
class Observed:
    """By tensor, and by the weight's name of the convolution."""

    values: dict[str, Values]
    moments: dict[str, Moments]


def observe(graph: FloatGraph, frames: Sequence[NDArray[np.uint8]], *, moments: bool = True) -> Observed:
    """Run the fp32 network over network inputs; the same inputs give the same result.

    Raises:
        ValueError: there are no inputs.
    """
    if not frames:
        raise ValueError("quantization needs at least one picture that sets the ranges")
    rng = np.random.default_rng(0)
    values = {name: Values() for name in graph.touched}
    layers = graph.convolutions if moments else ()
    found = {layer.weight: Moments(layer.groups, graph.weight(layer)[0].size) for layer in layers}
    for maps in graph.probe(frames, graph.touched):
        for name, map_ in maps.items():
            values[name].add(map_, rng)
        for layer in layers:
            found[layer.weight].add(_patches(maps[layer.reads], layer, graph.weight(layer).shape[2:], rng))
    return Observed(values, found)


def _patches(map_: Floats, layer: Convolution, kernel: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """What the convolution reads for some places, `(groups, P, inputs of a group)`."""
    top, left, bottom, right = layer.pads
    down_by, across_by = layer.dilations
    height = (map_.shape[1] + top + bottom - (kernel[0] - 1) * down_by - 1) // layer.strides[0] + 1
    width = (map_.shape[2] + left + right - (kernel[1] - 1) * across_by - 1) // layer.strides[1] + 1
    places = rng.choice(height * width, min(_PLACES_PER_MAP, height * width), replace=False)
    rows, columns = places // width * layer.strides[0], places % width * layer.strides[1]
    padded = np.pad(map_, ((0, 0), (top, bottom), (left, right))) if any(layer.pads) else map_
    windows = [
        padded[:, rows + down * down_by, columns + across * across_by]
        for down in range(kernel[0])
        for across in range(kernel[1])
    ]
    stacked = np.stack(windows, axis=-1)  # (C, P, kh * kw)
    parts = stacked.reshape(layer.groups, -1, *stacked.shape[1:]).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(parts.reshape(layer.groups, len(places), -1))

"""Training that sees INT8: `prepare_qat` once, train what it gives, `freeze` some time before the end, `export_qat`.

    qat = prepare_qat(network, frames)            # ranges come from these network inputs
    for pixels, wanted in batches:                # a loop of one's own: `qat` is called as the network is
        loss(qat(pixels), wanted).backward()      # gradients reach the network's own parameters
        ...
    freeze(qat)                                   # ranges stay what they are from here on
    plain = export_network(qat.network.eval(), size, names)
    content = export_qat(qat, plain)              # the same form as `training.quantization.quantize` writes

After Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference" (CVPR
2018): values are put on the grid on the way forward, gradients pass as if they were not. Batch normalisation must be
folded before; layers that stay fp32 are those of `training.quantization.quantize`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn
from torch.nn import functional

from training.quantization.graph import ACTIVATION_TOP, LAST_LAYER, WEIGHT_TOP, FloatGraph
from training.quantization.quantize import with_ranges
from training.quantization.rounding import nearest, scales_of

_MOMENTUM = 0.02
_CONVOLUTIONS = (functional.conv2d, torch.conv2d)
_ADDITIONS = (operator.add, operator.iadd, torch.add)
_CLIPS = (functional.relu6, functional.hardtanh)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class _WeightGrid(nn.Module):
    """A weight on its grid of 7 bits, one step for each output channel."""

    def forward(self, weight: Tensor) -> Tensor:
        with torch.no_grad():
            largest = weight.abs().amax(tuple(range(1, weight.dim())))
            scale = (largest / WEIGHT_TOP).clamp_min(torch.finfo(torch.float32).tiny * 2**10)
            zero = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -WEIGHT_TOP, WEIGHT_TOP)


class _Grid(nn.Module):
    """An activation on its grid of 8 bits; the range follows what is seen in training until it is frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("low", torch.zeros(()))
        self.register_buffer("high", torch.zeros(()))
        self.low: Tensor
        self.high: Tensor
        self.observing, self.frozen = False, False

    def forward(self, x: Tensor) -> Tensor:
        if self.observing or (self.training and not self.frozen):
            self._follow(x.detach())
        if self.observing:
            return x
        scale = float(self.high - self.low) / ACTIVATION_TOP or 1.0
        zero = round(-float(self.low) / scale)
        return torch.fake_quantize_per_tensor_affine(x, scale, zero, 0, ACTIVATION_TOP)

    def _follow(self, x: Tensor) -> None:
        low, high = x.amin().clamp_max(0), x.amax().clamp_min(0)
        if self.observing:
            self.low.copy_(torch.minimum(self.low, low))
            self.high.copy_(torch.maximum(self.high, high))
        else:
            self.low.lerp_(low, _MOMENTUM)
            self.high.lerp_(high, _MOMENTUM)


class _Tracer(fx.Tracer):
    """Goes into what a network puts together of its own layers on the way, as into a function."""

    def trace(self, root: nn.Module | Callable[..., Any], concrete_args: dict[str, Any] | None = None) -> fx.Graph:
        # fx does not know this function; of a tensor it gives that tensor.
        real: Any = torch.as_tensor
        torch.as_tensor = lambda x, **rest: x if isinstance(x, fx.Proxy) else real(x, **rest)  # type: ignore[assignment]
        try:
            return super().trace(root, concrete_args)
        finally:
            torch.as_tensor = real

    def call_module(self, m: nn.Module, forward: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        own = any(m is one for one in self.root.modules())
        return super().call_module(m, forward, args, kwargs) if own else forward(*args, **kwargs)


class AwareNetwork(nn.Module):
    """A network whose convolutions and additions compute as INT8 does; its parameters are the network's own."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        traced = fx.GraphModule(network, _Tracer().trace(network))
        self.grids = nn.ModuleDict()
        self.keys = tuple(_fit_out(traced, self.grids))
        self.traced = traced
        self._network = (network,)  # in a tuple: a submodule would list every parameter twice

    @property
    def network(self) -> nn.Module:
        """What was prepared, with the weights as trained so far."""
        return self._network[0]

    def forward(self, pixels: Tensor) -> Any:
        return self.traced(pixels)

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest value of each activation by its key."""
        grids = dict(zip(self.keys, self.grids.values(), strict=True))
        return {key: (float(grid.low), float(grid.high)) for key, grid in grids.items() if isinstance(grid, _Grid)}


def prepare_qat(network: nn.Module, frames: Sequence[NDArray[np.uint8]]) -> AwareNetwork:
    """A network that computes as INT8 does and can be trained; `frames` `(1, H, W, 3)` uint8 set its ranges.

    Raises:
        ValueError: there are no frames, or batch normalisation is not folded.
    """
    if not frames:
        raise ValueError("quantization needs at least one picture that sets the ranges")
    if any(isinstance(module, _BATCH_NORMS) for module in network.modules()):
        raise ValueError("fold batch normalisation into the convolutions before quantization")
    aware = AwareNetwork(network)
    aware.train(network.training)
    device = next(network.parameters()).device
    _set(aware, observing=True)
    with torch.no_grad():
        for frame in frames:
            aware(torch.from_numpy(frame).to(device))
    _set(aware, observing=False)
    return aware


def freeze(aware: AwareNetwork) -> None:
    """Let the ranges be from here on, so that weights can settle on them."""
    for grid in _grids(aware):
        grid.frozen = True


def export_qat(aware: AwareNetwork, plain: bytes) -> bytes:
    """The INT8 QDQ file that computes what `aware` computes; `plain` is what `export_network` makes of its network.

    Raises:
        ValueError: `plain` has other activations than the network that was trained.
    """
    graph = FloatGraph(plain)
    keys, ranges = graph.keys(), aware.ranges()
    if set(keys.values()) - set(ranges):
        raise ValueError("the exported network has other activations than the one that was trained")
    scales = {}
    for layer in graph.convolutions:
        scales[layer.weight] = scales_of(graph.weight(layer))
        graph.replace(layer, nearest(graph.weight(layer), scales[layer.weight]), graph.bias(layer))
    return with_ranges(graph, {name: ranges[key] for name, key in keys.items()}, scales)


def _grids(aware: AwareNetwork) -> list[_Grid]:
    return [grid for grid in aware.grids.values() if isinstance(grid, _Grid)]


def _set(aware: AwareNetwork, *, observing: bool) -> None:
    for grid in _grids(aware):
        grid.observing = observing


def _fit_out(traced: fx.GraphModule, grids: nn.ModuleDict) -> list[str]:
    """Put weights and activations of a traced network on grids; keys of the latter, as `FloatGraph.keys` has them."""
    _write_out(traced)
    touched: dict[fx.Node, str] = {}
    additions = 0
    for node in traced.graph.nodes:
        if _calls(node, _CONVOLUTIONS) and not _is_last_layer(node):
            weight = node.args[1].target
            touched.setdefault(_before_padding(node.args[0]), f"reads {weight}")
            touched[_after_clip(node)] = f"writes {weight}"
        elif _calls(node, _ADDITIONS) and all(isinstance(part, fx.Node) for part in node.args):
            for place, part in enumerate(node.args):
                touched.setdefault(part, f"addition {additions} reads {place}")
            touched[_after_clip(node)] = f"addition {additions}"
            additions += 1
    traced.add_module("weight_grid", _WeightGrid())
    for node in list(traced.graph.nodes):
        if _calls(node, _CONVOLUTIONS) and not _is_last_layer(node):
            with traced.graph.inserting_before(node):
                node.update_arg(1, traced.graph.call_module("weight_grid", (node.args[1],)))
    for index, node in enumerate(touched):
        grids[str(index)] = _Grid()
        traced.add_module(f"grid{index}", grids[str(index)])
        with traced.graph.inserting_after(node):
            on_grid = traced.graph.call_module(f"grid{index}", (node,))
        node.replace_all_uses_with(on_grid)
        on_grid.args = (node,)  # its own input was replaced as well
    traced.graph.lint()
    traced.recompile()
    return list(touched.values())


def _write_out(traced: fx.GraphModule) -> None:
    """Convolutions and clippings as calls of functions, all in one form."""
    for node in list(traced.graph.nodes):
        layer = traced.get_submodule(node.target) if node.op == "call_module" else None
        with traced.graph.inserting_before(node):
            if isinstance(layer, nn.ReLU6):
                call = traced.graph.call_function(functional.relu6, (node.args[0],))
            elif isinstance(layer, nn.Conv2d):
                weight = traced.graph.get_attr(f"{node.target}.weight")
                bias = None if layer.bias is None else traced.graph.get_attr(f"{node.target}.bias")
                rest = (layer.stride, layer.padding, layer.dilation, layer.groups)
                call = traced.graph.call_function(functional.conv2d, (node.args[0], weight, bias, *rest))
            else:
                continue
        node.replace_all_uses_with(call)
        traced.graph.erase_node(node)


def _calls(node: fx.Node, functions: tuple[Any, ...]) -> bool:
    return node.op == "call_function" and node.target in functions


def _is_last_layer(node: fx.Node) -> bool:
    weight = node.args[1]
    return isinstance(weight, fx.Node) and any(part.startswith(LAST_LAYER) for part in str(weight.target).split("."))


def _after_clip(node: fx.Node) -> fx.Node:
    """What clips a node's values, if nothing else reads them; else the node."""
    users = list(node.users)
    if len(users) != 1:
        return node
    return users[0] if _calls(users[0], _CLIPS) else node


def _before_padding(node: Any) -> fx.Node:
    """What is padded: zeros, and pixels' own padding, are on every grid."""
    while isinstance(node, fx.Node) and node.op == "call_function" and node.target is functional.pad:
        node = node.args[0]
    assert isinstance(node, fx.Node)
    return node

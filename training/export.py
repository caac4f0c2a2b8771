"""Network → fp32 ONNX, without anything that could differ between two runs: equal weights give equal bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from training.config import BackboneFile
from training.networks.backbones import load_backbone
from training.networks.pruning import prune
from training.networks.trunk import load_trunk
from training.onnx_file import INPUT_NAME, quiet, stripped
from training.quantization.quantize import quantize

__all__ = ["INPUT_NAME", "export_network", "export_trunk", "keep_outputs", "output_name", "quantize", "stripped"]

HEADS = ("head", "image")
_OPSET = 18


def export_trunk(
    size: tuple[int, int],
    strides: Sequence[int],
    backbone: BackboneFile | None = None,
    frames: Sequence[NDArray[np.uint8]] = (),
) -> bytes:
    """The fp32 trunk for inputs of (width, height) as ONNX; outputs are named `stride<n>`.

    `backbone`: the network that takes its place. `frames` `(1, H, W, 3)`: what okng's own is made narrower by, none
    leaves it as it is.

    Raises:
        TrainingError: as `load_backbone`.
    """
    names = [output_name(stride) for stride in strides]
    if backbone is not None:
        return export_network(load_backbone(backbone.name, backbone.file, strides), size, names)
    trunk = load_trunk(strides)
    if frames:
        prune(trunk, [frame[0] for frame in frames])
    return export_network(trunk, size, names)


def export_network(module: torch.nn.Module, size: tuple[int, int], names: Sequence[str]) -> bytes:
    """A network as fp32 ONNX for inputs of (width, height); the same weights give the same bytes.

    Args:
        module: pixels `(1, H, W, 3)` uint8 BGR → a tuple of maps, in evaluation mode and on the CPU.
        size: (width, height) in pixels.
        names: of the maps, in order.
    """
    example = torch.zeros((1, size[1], size[0], 3), dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder, quiet():
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


def keep_outputs(model: bytes, strides: Sequence[int]) -> bytes:
    """The same network with only the maps of `strides` and the heads; what nothing needs any more is removed."""
    proto = onnx.load_from_string(model)
    graph = proto.graph
    outputs = {output.name: output for output in graph.output}
    wanted = [output_name(stride) for stride in strides] + [name for name in outputs if name in HEADS]
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

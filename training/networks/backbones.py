"""Networks of torchvision in the place of the trunk, for users who have a file of their weights.

Nothing is downloaded: the weights are a file of the user's, as `torch.save(model.state_dict(), FILE)` or torchvision's
own downloads have it. It is read as plain tensors and its hash is recorded in the package.

| name               | source                                                 | strides 4, 8, 16 come after |
|--------------------|--------------------------------------------------------|-----------------------------|
| resnet18, 34, 50   | He et al., "Deep Residual Learning" (CVPR 2016)        | layers 1, 2, 3              |
| mobilenet_v2       | Sandler et al., "MobileNetV2" (CVPR 2018)              | features 3, 6, 13           |
| mobilenet_v3_large | Howard et al., "Searching for MobileNetV3" (ICCV 2019) | features 3, 6, 12           |
| efficientnet_b0    | Tan & Le, "EfficientNet" (ICML 2019)                   | features 2, 3, 5            |

Camera pixels (uint8, NHWC, BGR) go in as they are: torchvision's normalisation (RGB, mean and deviation of ImageNet) is
folded into the first convolution. These networks were trained with zeros around the normalised picture, which is
another pixel value for each colour; the border here is one gray for all, at most 12 of 255 away from each.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.config import BackboneFile
from training.errors import BadData, NotThere
from training.networks.torchvision_import import import_torchvision

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
_BORDER = 114.0


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where a network is cut: the stages in order, and stride → the stage after which its map is taken."""

    stages: tuple[str, ...]
    taps: dict[int, str]


def _features(taps: dict[int, int]) -> _Cut:
    last = max(taps.values())
    return _Cut(
        tuple(f"features.{index}" for index in range(last + 1)),
        {stride: f"features.{index}" for stride, index in taps.items()},
    )


_RESNET = _Cut(
    ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3"), {4: "layer1", 8: "layer2", 16: "layer3"}
)
_CUTS: dict[str, _Cut] = {
    "resnet18": _RESNET,
    "resnet34": _RESNET,
    "resnet50": _RESNET,
    "mobilenet_v2": _features({4: 3, 8: 6, 16: 13}),
    "mobilenet_v3_small": _features({4: 1, 8: 3, 16: 8}),
    "mobilenet_v3_large": _features({4: 3, 8: 6, 16: 12}),
    "efficientnet_b0": _features({4: 2, 8: 3, 16: 5}),
}
BACKBONES = tuple(_CUTS)


class Backbone(nn.Module):
    """`(1, H, W, 3)` uint8 BGR → one `(1, C, H/s, W/s)` float32 map a stride in `strides`; H and W divide by 16."""

    def __init__(self, network: nn.Module, cut: _Cut, strides: Sequence[int]) -> None:
        super().__init__()
        last = max(cut.stages.index(cut.taps[stride]) for stride in strides)
        self.stages = nn.ModuleList(network.get_submodule(name) for name in cut.stages[: last + 1])
        self.taps = tuple(cut.stages.index(cut.taps[stride]) for stride in strides)
        self.border = _fold_normalisation(self.stages)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        x = pixels.permute(0, 3, 1, 2).to(torch.float32)
        x = functional.pad(x, (self.border,) * 4, value=_BORDER)
        features = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in self.taps:
                features.append(x)
        return tuple(features)


def load_backbone(name: str, weights: Path, strides: Sequence[int] = (4, 8, 16)) -> Backbone:
    """The network with the weights of the file, in evaluation mode and on the CPU.

    Raises:
        NotThere: torchvision or the file is not there.
        BadData: there is no network of that name, or the file holds no weights of it.
    """
    if name not in _CUTS:
        raise BadData(f"there is no backbone {name!r}; choose from {', '.join(BACKBONES)}, or leave --backbone out")
    state = read_weights(weights)
    network: nn.Module = getattr(import_torchvision().models, name)(weights=None)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise BadData(
            f"{weights} holds no weights of {name} ({_first(error)}); name the file of this network"
        ) from error
    if not all(torch.isfinite(tensor).all() for tensor in state.values() if tensor.is_floating_point()):
        raise BadData(f"{weights} holds weights that are no numbers; get the file again")
    return Backbone(network.eval(), _CUTS[name], strides).eval()


def asked_backbone(name: str | None, weights: Path | None) -> BackboneFile | None:
    """What takes the trunk's place; None where nobody asked. Loaded once, so that a wrong file is told now.

    Raises:
        TrainingError: as `load_backbone`, or one is given without the other.
    """
    if name is None and weights is None:
        return None
    if name is None or weights is None:
        raise BadData("give --backbone its --weights: nothing is downloaded, and weights alone name no network")
    load_backbone(name, weights)
    return BackboneFile(name, weights, weights_sha256(weights))


def weights_sha256(weights: Path) -> str:
    """Raises NotThere: there is no such file."""
    return hashlib.sha256(_content(weights)).hexdigest()


def read_weights(weights: Path) -> dict[str, Tensor]:
    """Name → tensor; nothing in the file is run.

    Raises:
        NotThere: there is no such file.
        BadData: it is none of weights.
    """
    try:
        state: Any = torch.load(BytesIO(_content(weights)), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise BadData(
            f"{weights} is no file of weights ({_first(error)}); name one that torch.save(model.state_dict()) wrote"
        ) from error
    if not isinstance(state, dict) or not state or not all(isinstance(one, Tensor) for one in state.values()):
        raise BadData(f"{weights} holds something else than weights; save model.state_dict() alone")
    return state


def _content(weights: Path) -> bytes:
    if not weights.is_file():
        raise NotThere(f"there is no file {weights}; name the weights of the backbone with --weights")
    return weights.read_bytes()


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:160]


def _fold_normalisation(stages: nn.ModuleList) -> int:
    """Rewrite the first convolution for BGR pixels from 0 to 255 that are padded already; how far they are to be."""
    holder: nn.Module = stages
    name = next(name for name, module in stages.named_modules() if isinstance(module, nn.Conv2d))
    *path, last = name.split(".")
    for step in path:
        holder = holder.get_submodule(step)
    first = holder.get_submodule(last)
    assert isinstance(first, nn.Conv2d)
    mean, deviation = torch.tensor(_MEAN), torch.tensor(_DEVIATION)
    weight = first.weight.detach() / deviation[None, :, None, None]
    bias = torch.zeros(first.out_channels) if first.bias is None else first.bias.detach()
    folded = nn.Conv2d(first.in_channels, first.out_channels, first.kernel_size, first.stride)  # type: ignore[arg-type]
    folded.weight = nn.Parameter(weight.flip(1) / 255.0, requires_grad=False)
    folded.bias = nn.Parameter(bias - (weight * mean[None, :, None, None]).sum((1, 2, 3)), requires_grad=False)
    border = first.padding[0]
    assert isinstance(border, int)
    setattr(holder, last, folded)
    return border

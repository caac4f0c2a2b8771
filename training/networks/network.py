"""The learned network: trunk, neck, map head and image head, from camera pixels to logits.

Neck: a feature pyramid (Lin et al., CVPR 2017) of depthwise separable convolutions, at the cost of some 6 % of the
trunk; its coarsest level is told what the picture shows as a whole (as in ParseNet, Liu et al., 2015). Heads: after
SuperSimpleNet (Rolih et al., ICPR 2024): a map head, and an image head that sees pooled features and the pooled map.
The map is twice as fine as the finest features: cracks are thinner than four pixels.

Logits are one of "defective at all" and K of "if so, which class": `softmax([0, a + log_softmax(c)])` is the
multi-class softmax over background and classes, so that defects of no known class can teach `a` alone.

Layers whose names begin with `out_` stay in floating point when the rest is quantized.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training.networks.trunk import CHANNELS, PIXEL_MEAN, TAPS, Trunk

STRIDES = (4, 8, 16)
MAP_STRIDE: Final = 2
_FINER = STRIDES[0] // MAP_STRIDE
WIDTH: Final = 48
_HIDDEN = 64
_RARE = -4.0


class Normed(nn.Module):
    """A convolution of one pixel whose results are normalized while it learns.

    The trunk's maps have a standard deviation of about 5, and what its coarsest one knows has to pass six layers.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(self.convolution(x))
        return normed

    def folded(self) -> nn.Conv2d:
        """One convolution that does what both do in evaluation."""
        return fuse_conv_bn_eval(self.convolution.eval(), self.norm.eval())


def _silent(layer: Normed) -> Normed:
    """A layer that says nothing until it learned to."""
    nn.init.zeros_(layer.norm.weight)
    return layer


class _Separable(nn.Module):
    """A 3 x 3 convolution of each channel, then one across channels, ReLU6."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.pointwise: nn.Module = Normed(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu6(self.pointwise(self.depthwise(x)), inplace=self.training)


class Neck(nn.Module):
    """Maps of strides 4, 8, 16 → one `(N, 48, H/4, W/4)` map that knows of all."""

    def __init__(self) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(Normed(CHANNELS[stride], WIDTH) for stride in STRIDES)
        self.smooth = nn.ModuleList(_Separable(WIDTH) for _ in STRIDES)
        self.context: nn.Module = _silent(Normed(2 * CHANNELS[STRIDES[-1]], WIDTH))

    def forward(self, maps: tuple[Tensor, ...], noise: Tensor | None = None) -> Tensor:
        """`noise`: what is added to the finest level before its last layers, `(N, 48, H/4, W/4)` in deviations."""
        coarse = maps[-1]
        pooled = [coarse.mean((2, 3), keepdim=True), coarse.amax((2, 3), keepdim=True)]
        y = self.context(torch.cat(pooled, 1))
        for feature, lateral, smooth in zip(reversed(maps), reversed(self.lateral), reversed(self.smooth), strict=True):
            x = lateral(feature) + y
            if noise is not None and feature is maps[0]:
                x = x + noise * x.detach().std((0, 2, 3), keepdim=True)
            x = smooth(x)
            y = functional.interpolate(x, scale_factor=2.0, mode="nearest")
        return torch.as_tensor(x)


class Heads(nn.Module):
    """`classes` is K; logits `(N, 1 + K, H/2, W/2)` of the map and `(N, 1 + K)` of the picture."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        # What sub-pixel convolution does (Shi et al., CVPR 2016), at half its time on ONNX Runtime.
        self.out_map = nn.ConvTranspose2d(WIDTH, 1 + classes, _FINER, _FINER)
        self.image_hidden: nn.Module = Normed(CHANNELS[16], _HIDDEN)
        self.out_image = nn.Linear(2 * _HIDDEN + 2 * (1 + classes), 1 + classes)
        nn.init.zeros_(self.out_map.weight)
        # Defects are rare: the first steps are not to be spent on learning that.
        self.out_map.bias = nn.Parameter(torch.tensor([_RARE] + [0.0] * classes))

    def forward(self, fine: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.out_map(fine)
        hidden = functional.relu6(self.image_hidden(coarse), inplace=self.training)
        pooled = [hidden.mean((2, 3)), hidden.amax((2, 3)), logits.mean((2, 3)), logits.amax((2, 3))]
        return logits, self.out_image(torch.cat(pooled, 1))


class Early(nn.Module):
    """The trunk up to stride 4, `(1, H, W, 3)` uint8 → `(1, 24, H/4, W/4)`: edges and textures, the same for all parts.

    A third of the trunk's time goes here, most of it for the size of the maps.
    """

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.stem_padding, self.stem, self.blocks = trunk.stem_padding, trunk.stem, trunk.blocks[: TAPS[4] + 1]

    def forward(self, pixels: Tensor) -> tuple[Tensor]:
        x = pixels.permute(0, 3, 1, 2).to(torch.float32)
        x = self.stem(functional.pad(x, self.stem_padding, value=PIXEL_MEAN))
        for block in self.blocks:
            x = block(x)
        return (x,)


def late(trunk: Trunk, early: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Maps of strides 4, 8, 16 from that of stride 4."""
    fine, middle, coarse = trunk.taps
    x, found = early, {fine: early}
    for index, block in enumerate(trunk.blocks):
        if index > fine:
            x = found[index] = block(x)
    return early, found[middle], found[coarse]


class Network(nn.Module):
    """`(1, H, W, 3)` uint8 BGR → the trunk's maps of strides 4, 8, 16, then `head` and `image` logits."""

    strides: tuple[int, ...] = STRIDES

    def __init__(self, trunk: Trunk, classes: int) -> None:
        super().__init__()
        self.trunk, self.neck, self.heads = trunk, Neck(), Heads(classes)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        return self.answers(Early(self.trunk)(pixels)[0])

    def answers(self, early: Tensor, noise: Tensor | None = None) -> tuple[Tensor, ...]:
        """The same from what `Early` gives; `noise` as the neck takes it."""
        maps = late(self.trunk, early)
        logits, image = self.heads(self.neck(maps, noise), maps[-1])
        return (*maps, logits, image[:, :, None, None])

    @property
    def names(self) -> tuple[str, ...]:
        """The outputs' names in an exported file."""
        return (*(f"stride{stride}" for stride in self.strides), "head", "image")

    def head_parameters(self) -> Iterator[nn.Parameter]:
        yield from self.neck.parameters()
        yield from self.heads.parameters()


class Classifier(nn.Module):
    """`(1, H, W, 3)` uint8 BGR → `image` logits `(1, K, 1, 1)`, of pictures of which each shows one of K classes."""

    strides: tuple[int, ...] = ()
    names = ("image",)

    def __init__(self, trunk: Trunk, classes: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.hidden = nn.ModuleList(Normed(CHANNELS[stride], 2 * _HIDDEN) for stride in STRIDES[1:])
        self.out_image = nn.Linear(8 * _HIDDEN, classes)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        return self.answers(Early(self.trunk)(pixels)[0])

    def answers(self, early: Tensor) -> tuple[Tensor, ...]:
        """The same from what `Early` gives."""
        maps = late(self.trunk, early)
        hidden = [
            functional.relu6(one(feature), inplace=self.training)
            for one, feature in zip(self.hidden, maps[1:], strict=True)
        ]
        pooled = [pool for one in hidden for pool in (one.mean((2, 3)), one.amax((2, 3)))]
        return (self.out_image(torch.cat(pooled, 1))[:, :, None, None],)

    def head_parameters(self) -> Iterator[nn.Parameter]:
        yield from self.hidden.parameters()
        yield from self.out_image.parameters()


def folded(network: nn.Module) -> nn.Module:
    """The same network in evaluation, its normalizations folded into the convolutions before them; in place."""
    for name, child in list(network.named_children()):
        if isinstance(child, Normed):
            setattr(network, name, child.folded())
        else:
            folded(child)
    return network.eval()

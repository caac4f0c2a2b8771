"""The learned network: trunk, neck, map head and image head, from camera pixels to logits.

Neck: a feature pyramid (Lin et al., CVPR 2017) of depthwise separable convolutions, at the cost of some 6 % of the
trunk. Heads: after SuperSimpleNet (Rolih et al., ICPR 2024): a map head, and an image head that sees pooled features
and the pooled map. Logits are one of "defective at all" and K of "if so, which class":
`softmax([0, a + log_softmax(c)])` is the multi-class softmax over background and classes, so that defects of no known
class can teach `a` alone.

Layers whose names begin with `out_` stay in floating point when the rest is quantized.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.trunk import CHANNELS, Trunk

STRIDES = (4, 8, 16)
_WIDTH = 48
_HIDDEN = 64
_RARE = -4.0
# The trunk's maps have a standard deviation of about 5; what enters the heads is to have one of 1.
_TAPS_ARE = 1 / 25


def _begin(layer: nn.Module, gain: float) -> None:
    """Random weights that keep the variance of what passes (He et al., ICCV 2015): the usual ones of torch lose two
    thirds of it in each layer, and what the coarsest map knows never reaches the finest.
    """
    assert isinstance(layer, nn.Conv2d)
    nn.init.normal_(layer.weight, std=(gain / layer.weight[0].numel()) ** 0.5)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)


class _Separable(nn.Module):
    """A 3 x 3 convolution of each channel, then one across channels, ReLU6."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.pointwise = nn.Conv2d(channels, channels, 1)
        _begin(self.depthwise, 1.0)
        _begin(self.pointwise, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu6(self.pointwise(self.depthwise(x)), inplace=self.training)


class Neck(nn.Module):
    """Maps of strides 4, 8, 16 → one `(N, 48, H/4, W/4)` map that knows of all."""

    def __init__(self) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(CHANNELS[stride], _WIDTH, 1) for stride in STRIDES)
        self.smooth = nn.ModuleList(_Separable(_WIDTH) for _ in STRIDES)
        for lateral in self.lateral:
            _begin(lateral, _TAPS_ARE)

    def forward(self, maps: tuple[Tensor, ...]) -> Tensor:
        x: Tensor | None = None
        for feature, lateral, smooth in zip(reversed(maps), reversed(self.lateral), reversed(self.smooth), strict=True):
            y = lateral(feature)
            if x is not None:
                y = y + functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = smooth(y)
        assert x is not None
        return x


class Heads(nn.Module):
    """`classes` is K; logits `(N, 1 + K, H/4, W/4)` of the map and `(N, 1 + K)` of the picture."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.map_hidden = _Separable(_WIDTH)
        self.out_map = nn.Conv2d(_WIDTH, 1 + classes, 1)
        self.image_hidden = nn.Conv2d(CHANNELS[16], _HIDDEN, 1)
        _begin(self.image_hidden, 2.0 * _TAPS_ARE)
        self.out_image = nn.Linear(2 * _HIDDEN + 2 * (1 + classes), 1 + classes)
        nn.init.zeros_(self.out_map.weight)
        # Defects are rare: the first steps are not to be spent on learning that.
        self.out_map.bias = nn.Parameter(torch.tensor([_RARE] + [0.0] * classes))

    def forward(self, fine: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.out_map(self.map_hidden(fine))
        hidden = functional.relu6(self.image_hidden(coarse), inplace=self.training)
        pooled = [hidden.mean((2, 3)), hidden.amax((2, 3)), logits.mean((2, 3)), logits.amax((2, 3))]
        return logits, self.out_image(torch.cat(pooled, 1))


class Network(nn.Module):
    """`(1, H, W, 3)` uint8 BGR → the trunk's maps of strides 4, 8, 16, then `head` and `image` logits."""

    strides: tuple[int, ...] = STRIDES

    def __init__(self, trunk: Trunk, classes: int) -> None:
        super().__init__()
        self.trunk, self.neck, self.heads = trunk, Neck(), Heads(classes)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        maps = self.trunk(pixels)
        logits, image = self.heads(self.neck(maps), maps[-1])
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
        self.hidden = nn.ModuleList(nn.Conv2d(CHANNELS[stride], 2 * _HIDDEN, 1) for stride in STRIDES[1:])
        self.out_image = nn.Linear(8 * _HIDDEN, classes)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        maps = self.trunk(pixels)
        hidden = [functional.relu6(one(feature)) for one, feature in zip(self.hidden, maps[1:], strict=True)]
        pooled = [pool for one in hidden for pool in (one.mean((2, 3)), one.amax((2, 3)))]
        return (self.out_image(torch.cat(pooled, 1))[:, :, None, None],)

    def head_parameters(self) -> Iterator[nn.Parameter]:
        yield from self.hidden.parameters()
        yield from self.out_image.parameters()

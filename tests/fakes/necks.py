"""A small network with a neck and two heads, in the forms that a network for learning has them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

NAMES = ("stride4", "stride8", "head", "image")
SIZE = (96, 64)
_SCALE = 32.0


class Necked(nn.Module):
    """Pixels `(1, H, W, 3)` uint8 → maps at strides 4 and 8, a head's map at stride 4 and a head's word on the picture.

    Residual addition, 1x1 laterals, upsampling, depthwise 3x3, joining, global average and maximum pooling. `folded`:
    the pixels' scaling lies in the first convolution, as it should.
    """

    def __init__(self, mode: str = "nearest", *, folded: bool = True) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.mode, self.folded = mode, folded
        self.stem = nn.Conv2d(3, 12, 3, 2, 1)
        self.fine = nn.Conv2d(12, 12, 3, 2, 1)
        self.again = nn.Conv2d(12, 12, 3, 1, 1)
        self.coarse = nn.Conv2d(12, 20, 3, 2, 1)
        self.lateral4, self.lateral8 = nn.Conv2d(12, 16, 1), nn.Conv2d(20, 16, 1)
        self.smooth = nn.Conv2d(16, 16, 3, 1, 1, groups=16)
        self.clip = nn.ReLU6()
        self.mix = nn.Conv2d(32, 16, 1)
        self.heads = nn.ModuleDict({"out_map": nn.Conv2d(16, 3, 1), "out_image": nn.Conv2d(52, 3, 1)})
        if folded:
            self.stem.weight.data /= _SCALE
        self.eval()

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        x = pixels.permute(0, 3, 1, 2).to(torch.float32)
        x = functional.relu6(self.stem(x if self.folded else x / _SCALE))
        x = functional.relu6(self.fine(x))
        fine = x + self.again(x)
        coarse = self.coarse(fine)
        up = self._up(functional.relu6(self.lateral8(coarse)))
        smooth = functional.relu6(self.smooth(functional.relu6(self.lateral4(fine)) + up))
        mixed = self.clip(self.mix(torch.cat((smooth, up), 1)))
        pooled = (mixed.mean((2, 3), keepdim=True), mixed.amax((2, 3), keepdim=True), coarse.mean((2, 3), keepdim=True))
        return fine, coarse, self.heads["out_map"](mixed), self.heads["out_image"](torch.cat(pooled, 1))

    def _up(self, x: Tensor) -> Tensor:
        corners = False if self.mode == "bilinear" else None
        return functional.interpolate(x, scale_factor=2.0, mode=self.mode, align_corners=corners)


def noise(seed: int) -> NDArray[np.uint8]:
    """Soft noise, as large as `SIZE`."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (8, 12, 3)).repeat(8, 0).repeat(8, 1)
    return np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)[None]


def run_torch(module: nn.Module, frame: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Each map `(C, h, w)`."""
    with torch.inference_mode():
        return [map_[0].numpy() for map_ in module(torch.from_numpy(frame))]

"""The layers that keep their weights, on ONNX Runtime while the others learn.

torch takes five times as long for them on a CPU (35 against 7 ms for a picture of 240 x 288 on one thread), which would
be a third of all learning.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.runtimes.base import Placement
from models.runtimes.onnx import start_on_cpu
from training.export import export_network, output_name
from training.networks.network import Early
from training.networks.trunk import Trunk


class EarlyOnCpu:
    """Pixels `(N, H, W, 3)` uint8 → what `Early` makes of them, `(N, 24, H/4, W/4)`."""

    def __init__(self, trunk: Trunk, size: tuple[int, int], threads: int) -> None:
        content = export_network(Early(trunk).eval(), size, [output_name(4)])
        self._runtime = start_on_cpu(content, Placement(threads=threads))

    def __call__(self, pixels: NDArray[np.uint8]) -> Tensor:
        maps = np.stack([self._runtime.infer(one[None])[0] for one in pixels])
        return torch.from_numpy(maps).contiguous(memory_format=torch.channels_last)

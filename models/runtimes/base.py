"""The port `Runtime`: a network on some engine, bytes in, feature maps out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Runtime(Protocol):
    """Loaded once, used by one thread at a time; adapters translate their vendor's exceptions."""

    @property
    def name(self) -> str:
        """The name packages use: "openvino" or "onnxruntime"."""

    @property
    def label(self) -> str:
        """Engine, device and version for people and records, such as "openvino-cpu 2026.4.1"."""

    def infer(self, tensor: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """Run the network once; blocks.

        Args:
            tensor: `(1, H, W, 3)` uint8 BGR, contiguous.

        Returns:
            Feature maps `(C, h, w)` float32, finest first. They may be overwritten by the next call.

        Raises:
            InferenceError: the engine failed on this tensor.
        """

    def close(self) -> None:
        """Free the engine's memory; `infer` may not be called after."""

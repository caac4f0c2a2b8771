"""The port `Runtime`: a network on some engine, bytes in, feature maps out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a network shall run.

    `runtime` is "auto" or a name of `models.runtimes.choose.ENGINES`; `device` is OpenVINO's; `engine_cache` is a
    private directory for engines that are built on this machine, or None where none may be kept.
    """

    runtime: str = "auto"
    device: str = "CPU"
    threads: int = 1
    engine_cache: Path | None = None


class Runtime(Protocol):
    """Loaded once, used by one thread at a time; adapters translate their vendor's exceptions."""

    @property
    def name(self) -> str:
        """The family packages know, whose score map it shares: "openvino", "onnxruntime" or "tflite"."""

    @property
    def label(self) -> str:
        """Engine and device, one blank, version, such as "openvino-cpu 2026.4.1"; certification is bound to it.

        `<name>-cpu` is reserved for the engine and device that packages are proven on.
        """

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


def first_line(error: Exception) -> str:
    """What a vendor's exception says, as far as it fits into one sentence."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

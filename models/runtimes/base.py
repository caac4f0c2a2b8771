"""The port `Runtime`: a network on some engine, pixels in, feature maps and logits out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_STRIDE = re.compile(r"stride(\d{1,4})")
_HEADS = {"head": 10_000, "image": 10_001}


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
            `(C, h, w)` float32: feature maps, finest first; then, where the network has heads, the map of logits and
            after it those of the whole image, `(C, 1, 1)`. They may be overwritten by the next call.

        Raises:
            InferenceError: the engine failed on this tensor.
        """

    def close(self) -> None:
        """Free the engine's memory; `infer` may not be called after."""


def output_order(names: Sequence[Collection[str]]) -> tuple[int, ...]:
    """The places of a network's outputs in the order that `Runtime.infer` gives them in.

    Args:
        names: of each output all its names. `stride<n>`, `head` and `image` settle the order; where any has none of
            these, or two have the same, the outputs stand as the file has them.
    """
    ranks = [next((rank for name in sorted(own) if (rank := _rank(name)) is not None), None) for own in names]
    if None in ranks or len(set(ranks)) < len(ranks):
        return tuple(range(len(names)))
    return tuple(index for _, index in sorted((rank, index) for index, rank in enumerate(ranks) if rank is not None))


def _rank(name: str) -> int | None:
    found = _STRIDE.fullmatch(name)
    return int(found[1]) if found else _HEADS.get(name)


def first_line(error: Exception) -> str:
    """What a vendor's exception says, as far as it fits into one sentence."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

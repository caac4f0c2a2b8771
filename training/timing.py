"""How long a network alone takes on one thread of this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.runtimes.choose import choose_runtime

_WARM_UP, _TIMED = 3, 20


def network_ms(model: bytes, runtime: str, tensors: Sequence[NDArray[np.uint8]]) -> float:
    """Median of some runs over network inputs `(1, H, W, 3)`; blocks for about a second."""
    engine = choose_runtime(runtime, model, 1)
    took_ns = []
    try:
        for index in range(_WARM_UP + _TIMED):
            tensor = tensors[index % len(tensors)]
            started = time.perf_counter_ns()
            engine.infer(tensor)
            took_ns.append(time.perf_counter_ns() - started)
    finally:
        engine.close()
    return float(np.median(took_ns[_WARM_UP:])) / 1e6

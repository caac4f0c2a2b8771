"""Shuffled batches of rows for supervised training, read ahead by a thread, resumable at any batch.

The order of an epoch depends on seed and epoch alone, so that a run that was cut off goes on as if it had not been. A
partial last batch is given too: every row once an epoch.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

Rows = Sequence[NDArray[np.uint8]]
_AHEAD = 2


@dataclass(frozen=True, slots=True)
class EpochState:
    """Where a run stands: the batch that comes next is number `batch` of epoch `epoch`."""

    seed: int
    epoch: int = 0
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """`pictures`: `(N, H, W, 3)` uint8 of its own memory; `indices` `(N,)` of the rows; `after`: to go on behind it."""

    pictures: NDArray[np.uint8]
    indices: NDArray[np.intp]
    after: EpochState


class Epochs:
    """Endless batches of `size` rows, all of one shape, such as those that a cache maps; use it in a `with`.

    Raises:
        ValueError: no rows, or a state of another data set.
    """

    def __init__(self, rows: Rows, size: int, start: EpochState) -> None:
        if not rows or size < 1 or not 0 <= start.batch < -(-len(rows) // size):
            raise ValueError(f"{len(rows)} rows have no batch {start.batch} of {size}")
        self._rows, self._size, self._start = rows, size, start
        self._ready: queue.Queue[Batch | Exception] = queue.Queue(_AHEAD)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read_ahead, name="epochs", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        while self._thread.is_alive():
            self._drain()
            self._thread.join(0.01)

    def __iter__(self) -> Iterator[Batch]:
        while True:
            found = self._ready.get()
            if isinstance(found, Exception):
                raise found
            yield found

    def _read_ahead(self) -> None:
        try:
            for batch in self._batches():
                self._ready.put(batch)
                if self._ended.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - a thread's top: whoever waits for a batch is told
            self._ready.put(error)

    def _batches(self) -> Iterator[Batch]:
        state = self._start
        while True:
            order = np.random.default_rng([state.seed, state.epoch]).permutation(len(self._rows))
            count = -(-len(order) // self._size)
            for number in range(state.batch, count):
                # In the order of the file: neighbours are read together, and a batch has no order.
                indices = np.sort(order[number * self._size : (number + 1) * self._size])
                last = number + 1 == count
                after = EpochState(state.seed, state.epoch + last, 0 if last else number + 1)
                yield Batch(np.stack([self._rows[index] for index in indices]), indices, after)
            state = EpochState(state.seed, state.epoch + 1)

    def _drain(self) -> None:
        while not self._ready.empty():
            self._ready.get_nowait()

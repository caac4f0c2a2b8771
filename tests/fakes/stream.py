"""A moving source that does what the test tells it, in place of network and driver."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from appliance.cameras.stream import Arrival
from appliance.errors import CameraLost


def picture(level: int, *, width: int = 16, height: int = 12) -> NDArray[np.uint8]:
    """One even gray level: two of them are the same picture only when the levels are."""
    return np.full((height, width, 3), level, np.uint8)


class FakeStream:
    """`give` puts the next thing into the stream: a picture, or what `read` is to raise.

    While nothing is given `read` does not come back, like a driver's call that hangs, until `let_go`.
    """

    def __init__(self, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._now_ns = now_ns
        self._queue: queue.Queue[Arrival | BaseException | NDArray[np.generic]] = queue.Queue()
        self._released = threading.Event()
        self.closed = threading.Event()

    def give(self, what: BaseException | Arrival | NDArray[np.generic]) -> None:
        self._queue.put(what)

    def let_go(self) -> None:
        self._released.set()
        self._queue.put(CameraLost("the fake stream was let go"))

    def read(self) -> Arrival:
        what = self._queue.get()
        if isinstance(what, BaseException):
            raise what
        if isinstance(what, Arrival):
            return replace(what, arrived_ns=self._now_ns())
        return Arrival(what, False, self._now_ns())

    def interrupt(self) -> None:
        """Deaf, like FFmpeg and V4L2."""

    def close(self) -> None:
        self.closed.set()


class FakeSource:
    """What a `VideoCamera` opens: each opening takes the next of `streams`, or raises the error that stands there."""

    def __init__(self, *streams: FakeStream | CameraLost) -> None:
        self._streams = list(streams)
        self.opened = 0

    def __call__(self, *_: object) -> FakeStream:
        self.opened += 1
        what = self._streams.pop(0)
        if isinstance(what, CameraLost):
            raise what
        return what

"""A camera that does what a script says: the simplest thing that fills the `Camera` port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from appliance.cameras.base import CameraCounts, EndOfPictures
from appliance.domain.parts import Frame
from appliance.errors import CameraLost

Step = NDArray[np.uint8] | BaseException | None


class FakeCamera:
    """Each grab takes the script's next step.

    A picture is given as a frame; an exception is raised (after CameraLost the camera must be opened again); None
    blocks until the timeout, which is then a TimeoutError, or until `close`. A used-up script raises EndOfPictures.
    `fail_next_opens` says how many calls of `open` raise CameraLost before one works.
    """

    def __init__(
        self, script: Iterable[Step], *, name: str = "fake", now_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.name = name
        self.fail_next_opens = 0
        self.opened = 0
        self.closed = 0
        self._script = list(script)
        self._now_ns = now_ns
        self._seq = 0
        self._is_open = threading.Event()
        self._woken = threading.Event()

    @property
    def exhausted(self) -> bool:
        return not self._script

    @property
    def counts(self) -> CameraCounts:
        return CameraCounts(pictures=self._seq, openings=self.opened)

    def check(self) -> None:
        """A script tells what happens when it is asked."""

    def open(self) -> None:
        self.opened += 1
        if self.fail_next_opens:
            self.fail_next_opens -= 1
            raise CameraLost("the fake camera is unplugged; plug it in")
        self._woken.clear()
        self._is_open.set()

    def grab(self, timeout_s: float) -> Frame:
        if not self._is_open.is_set():
            raise CameraLost("the fake camera is closed; open it first")
        if not self._script:
            raise EndOfPictures("the fake camera's script is used up")
        step = self._script.pop(0)
        if step is None:
            if self._woken.wait(timeout_s):
                raise CameraLost("the fake camera was closed; open it first")
            raise TimeoutError(f"the fake camera gave nothing within {timeout_s:g} s")
        if isinstance(step, BaseException):
            if isinstance(step, CameraLost):
                self._is_open.clear()
            raise step
        self._seq += 1
        image = step.copy()
        image.flags.writeable = False
        return Frame(self.name, self._seq, self._now_ns(), image, f"step {self._seq}")

    def close(self) -> None:
        self.closed += 1
        self._is_open.clear()
        self._woken.set()

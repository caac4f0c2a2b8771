"""`cv2.VideoCapture` on a V4L2 device, as far as the adapter uses it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.fakes.stream import picture


class FakeCapture:
    """Takes every setting and gives it back, but for those that are `stubborn` or that it `refuses`.

    It gives the first of `pictures` at once, the others when `go_on` is set, and then none: unplugged.
    """

    def __init__(
        self,
        *,
        fourcc: str = "YUYV",
        opens: bool = True,
        stubborn: dict[int, float] | None = None,
        refuses: set[int] | None = None,
        pictures: Sequence[NDArray[np.generic]] | None = None,
    ) -> None:
        self.values: dict[int, float] = {cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*fourcc.ljust(4)))}
        self.asked: list[int] = []
        self.opened: tuple[str, int] | None = None
        self.released = False
        self.go_on = threading.Event()
        self._opens = opens
        self._stubborn = stubborn or {}
        self._refuses = refuses or set()
        self._pictures = list(pictures if pictures is not None else [picture(1)])
        self._given = 0

    def open(self, device: str, api: int) -> FakeCapture:
        self.opened = (device, api)
        return self

    def isOpened(self) -> bool:
        return self._opens

    def set(self, property: int, value: float) -> bool:
        self.asked.append(property)
        if property in self._refuses:
            return False
        self.values[property] = value
        return True

    def get(self, property: int) -> float:
        return self._stubborn.get(property, self.values.get(property, 0.0))

    def read(self) -> tuple[bool, NDArray[np.generic] | None]:
        if self._given:
            self.go_on.wait(2)
        if self._given == len(self._pictures):
            return False, None
        self._given += 1
        return True, self._pictures[self._given - 1]

    def release(self) -> None:
        self.released = True
        self.go_on.set()

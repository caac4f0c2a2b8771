"""A measurement that several checks share: made by whichever asks first, and only then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Any thread may `get`; those that come while it is being measured wait. What was raised is raised again anew."""

    def __init__(self, measure: Callable[[], T]) -> None:
        self._measure = measure
        self._lock = threading.Lock()
        self._found: list[T] = []

    def get(self) -> T:
        with self._lock:
            if not self._found:
                self._found.append(self._measure())
            return self._found[0]

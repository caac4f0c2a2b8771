"""What a run is doing and how long the step at hand will take, on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO, TypeVar

Item = TypeVar("Item")
_REDRAW_S = 0.5


class Progress:
    """One line a step; on a terminal the line counts and shows the time left."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._live = stream.isatty()

    def each(self, step: str, items: Iterable[Item], total: int) -> Iterator[Item]:
        """Pass `items` on while counting them."""
        started = drawn = self._clock()
        for done, item in enumerate(items):
            now = self._clock()
            if self._live and done and now - drawn >= _REDRAW_S:
                left_s = (now - started) / done * (total - done)
                self._stream.write(f"\r{step}: {done} of {total}, about {left_s:.0f} s left  ")
                self._stream.flush()
                drawn = now
            yield item
        self._end(step, total, self._clock() - started)

    def say(self, sentence: str) -> None:
        """A line of its own between two steps."""
        self._stream.write(f"{sentence}\n")
        self._stream.flush()

    def say_all(self, sentences: Iterable[str]) -> None:
        """Each on a line of its own."""
        for sentence in sentences:
            self.say(sentence)

    def _end(self, step: str, total: int, took_s: float) -> None:
        start = "\r" if self._live else ""
        self._stream.write(f"{start}{step}: {total} in {took_s:.1f} s{' ' * 16 if self._live else ''}\n")
        self._stream.flush()

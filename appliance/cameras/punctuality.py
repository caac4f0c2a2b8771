"""How late a picture may be at its arrival, from the rhythm of the pictures before it.

Over a network only the arrival can be seen. A picture that comes after a pause may have been held up for as long as the
pause, and those that come in a rush after it were held up with it: their exposure is assumed to be as old as it can be.

    usual rhythm   |  |  |  |
    hold-up        |  |  |         |||||  |  |
    lateness       0  0  0         5 4 3 2 1  0 0    (in pictures; never too small, sometimes too large)
"""

from __future__ import annotations

from collections import deque
from statistics import median

_REMEMBERED = 15
_KNOWN_FROM = 3
_PAUSE = 2.0
_RUSH = 0.5
_RUSH_BEHIND_PAUSE = 0.8


class Punctuality:
    def __init__(self) -> None:
        self._intervals: deque[int] = deque(maxlen=_REMEMBERED)
        self._last_ns: int | None = None
        self._late_ns = 0.0

    def lateness_ns(self, arrived_ns: int) -> int:
        """By how much the picture that arrived now may have been held up, beyond what is usual."""
        last, self._last_ns = self._last_ns, arrived_ns
        if last is None:
            return 0
        interval = arrived_ns - last
        if len(self._intervals) >= _KNOWN_FROM:
            usual = median(self._intervals)
            rush = _RUSH_BEHIND_PAUSE if self._late_ns else _RUSH
            if rush * usual <= interval <= _PAUSE * usual:
                self._late_ns = 0.0
            else:
                self._late_ns = max(0.0, self._late_ns + interval - usual)
        self._intervals.append(interval)
        return int(self._late_ns)

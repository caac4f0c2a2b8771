"""UUID version 7 as in RFC 9562 §5.7: names that sort by the time they were given.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +---------------------------------------------------------------+
    |                     unix_ts_ms (32 high bits)                 |
    +-------------------------------+-------+-----------------------+
    |  unix_ts_ms (16 low bits)     | ver 7 |        counter        |
    +---+---------------------------+-------+-----------------------+
    |var|                        random                             |
    +---+                                                           |
    |                            random                             |
    +---------------------------------------------------------------+

The counter of §6.2 method 1 keeps ids of one process in order when the clock stands still or jumps back.
"""

from __future__ import annotations

import os
import threading
import time

COUNTER_MAX = 0xFFF
RANDOM_BYTES = 8


def uuid7(unix_ms: int, counter: int, random_bytes: bytes) -> str:
    """The UUIDv7 of a time in Unix milliseconds, a counter 0..4095 and 8 random bytes, in its canonical form.

    Raises:
        ValueError: a part does not fit its bits.
    """
    if not (0 <= unix_ms < 1 << 48 and 0 <= counter <= COUNTER_MAX and len(random_bytes) == RANDOM_BYTES):
        raise ValueError("a UUIDv7 is made of 48 bits of milliseconds, 12 bits of counter and 8 random bytes")
    tail = int.from_bytes(random_bytes) & ((1 << 62) - 1)
    digits = f"{unix_ms << 80 | 7 << 76 | counter << 64 | 2 << 62 | tail:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class IdSource:
    """Gives every part and result of a process its id, each greater than the one before. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_ms = -1
        self._counter = 0

    def next(self, unix_ms: int | None = None) -> str:
        """The next id; `unix_ms` is the wall clock's time where it is not to be asked."""
        now_ms = time.time_ns() // 1_000_000 if unix_ms is None else unix_ms
        with self._lock:
            if now_ms > self._last_ms:
                self._last_ms, self._counter = now_ms, 0
            elif self._counter < COUNTER_MAX:
                self._counter += 1
            else:
                # A clock that stands still has used up its counter: borrow the next millisecond, as §6.2 allows.
                self._last_ms, self._counter = self._last_ms + 1, 0
            return uuid7(self._last_ms, self._counter, os.urandom(RANDOM_BYTES))

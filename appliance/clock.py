"""The machine's clocks."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime, timedelta

TIME_ERROR = 5  # adjtimex(2): the clock is not synchronized


class SystemClock:
    """Adapter of `Clock` to Linux. Any thread."""

    def __init__(self) -> None:
        # struct timex is 208 bytes on 64-bit Linux; modes = 0 only reads, and what is read nobody looks at.
        self._libc = ctypes.CDLL(None)
        self._timex = ctypes.create_string_buffer(256)

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def utc(self) -> datetime:
        return datetime.now(UTC)

    def utc_of(self, monotonic_ns: int) -> datetime:
        """When a monotonic instant of this boot was, by the wall clock of now."""
        return self.utc() - timedelta(microseconds=(self.monotonic_ns() - monotonic_ns) / 1000)

    def synchronized(self) -> bool:
        return 0 <= self.kernel_state() < TIME_ERROR

    def kernel_state(self) -> int:
        """adjtimex(2): below `TIME_ERROR` synchronized; negative: the kernel will not tell (a sandbox forbids it)."""
        return int(self._libc.adjtimex(self._timex))

"""The port for time: monotonic nanoseconds for order and durations, UTC for people."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def monotonic_ns(self) -> int:
        """Nanoseconds since an arbitrary start; never goes back."""

    def utc(self) -> datetime:
        """The wall clock, timezone-aware; may jump."""

    def synchronized(self) -> bool:
        """Whether the kernel says that the wall clock follows a time source."""

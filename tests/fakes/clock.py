"""A clock that stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    def __init__(self, start_ns: int = 1_000_000_000) -> None:
        self.now_ns = start_ns

    def advance_ms(self, milliseconds: float) -> None:
        self.now_ns += int(milliseconds * 1e6)

    def monotonic_ns(self) -> int:
        return self.now_ns

    def utc(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.now_ns / 1000)

    def synchronized(self) -> bool:
        return True

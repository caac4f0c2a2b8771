"""One viewer's event stream, and how many viewers there may be."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Final

from appliance.web.feed import StationFeed, sse

HEARTBEAT_S: Final = 1.0


class StreamSlots:
    """Each stream holds one server thread for as long as it lasts, so their number is capped."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._open = 0

    @property
    def open(self) -> int:
        return self._open

    def acquire(self) -> bool:
        """Takes a slot; False when all are taken."""
        with self._lock:
            if self._open >= self.limit:
                return False
            self._open += 1
            return True

    def release(self) -> None:
        with self._lock:
            self._open -= 1


class EventStream:
    """Iterator of server-sent events: the whole state first, then what happens, then every second how old it is.

    Its slot must be held before it is made; `close` gives it back even when the stream was never read.
    """

    def __init__(self, feed: StationFeed, slots: StreamSlots) -> None:
        self._feed = feed
        self._slots = slots
        self._mailbox, snapshot = feed.follow()
        self._first: bytes | None = b"retry: 1000\n" + sse("snapshot", snapshot.model_dump_json())
        self._close_lock = threading.Lock()
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        events, overrun = self._mailbox.take(HEARTBEAT_S)
        if self._mailbox.closed:
            raise StopIteration
        if overrun:
            return sse("snapshot", self._feed.snapshot().model_dump_json())
        return b"".join(events) or sse("link", json.dumps({"silent_s": self._feed.silent_s}))

    def close(self) -> None:
        with self._close_lock:
            if self._closed:
                return
            self._closed = True
        self._feed.viewers.leave(self._mailbox)
        self._slots.release()

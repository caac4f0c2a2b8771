"""One station, many viewers: each has a bounded mailbox, and a slow one is given the newest instead of a backlog."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

MAILBOX: Final = 32


class Mailbox:
    """One viewer's waiting events. When it is full all are thrown away, and `take` says that some are missing."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._events: deque[bytes] = deque()
        self._overrun = False
        self._closed = False

    def put(self, event: bytes) -> int:
        """Adds an event without ever waiting; returns how many events the viewer will not see."""
        with self._ready:
            skipped = 0
            if self._overrun:
                skipped = 1
            elif len(self._events) >= MAILBOX:
                skipped = len(self._events) + 1
                self._events.clear()
                self._overrun = True
            else:
                self._events.append(event)
            self._ready.notify()
            return skipped

    def take(self, timeout_s: float) -> tuple[list[bytes], bool]:
        """Waits for events; returns them all, and whether the viewer lost some and needs a whole snapshot."""
        with self._ready:
            self._ready.wait_for(lambda: self._events or self._overrun or self._closed, timeout_s)
            events, overrun = list(self._events), self._overrun
            self._events.clear()
            self._overrun = False
            return events, overrun

    def close(self) -> None:
        with self._ready:
            self._closed = True
            self._ready.notify()

    @property
    def closed(self) -> bool:
        return self._closed


class Fanout:
    """The viewers of one feed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mailboxes: set[Mailbox] = set()
        self._skipped = 0
        self._closed = False

    def join(self) -> Mailbox:
        mailbox = Mailbox()
        with self._lock:
            self._mailboxes.add(mailbox)
            if self._closed:
                mailbox.close()
        return mailbox

    def leave(self, mailbox: Mailbox) -> None:
        with self._lock:
            self._mailboxes.discard(mailbox)

    def publish(self, event: bytes) -> None:
        with self._lock:
            for mailbox in self._mailboxes:
                self._skipped += mailbox.put(event)

    def close(self) -> None:
        """Ends every viewer's stream, and those still to come."""
        with self._lock:
            self._closed = True
            for mailbox in self._mailboxes:
                mailbox.close()

    @property
    def skipped(self) -> int:
        """Events that slow viewers did not see."""
        return self._skipped

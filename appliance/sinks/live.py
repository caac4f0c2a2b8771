"""Live events to the pages: a Unix socket that streams one JSON object a line (see `appliance.live`).

Readers that do not keep up are cut off, counted, and may come again: the line never waits for a page.

What a reader writes, a line at a time, goes to `on_line`; the answer comes back to that reader alone. Whoever writes
endless lines, or more than 50 a second, is cut off too.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from appliance.commands.lines import LineSplitter
from appliance.commands.messages import MAX_LINE
from appliance.live import Live, LiveStatus, LiveVerdict
from appliance.live_metrics import LiveMetrics

_log = logging.getLogger(__name__)
_MAX_UNSENT = 256 * 1024
_MAX_READERS = 16
_MAX_QUEUED = 1024
_MAX_LINES_PER_S = 50
_LAST_NG = 6

OnLine = Callable[[bytes, Callable[[bytes], None]], None]


@dataclass(slots=True)
class _Reader:
    """One connection; `number` names it to those who answer later, when it may be gone."""

    number: int
    unsent: bytearray
    splitter: LineSplitter = field(default_factory=lambda: LineSplitter(MAX_LINE))
    second: int = 0
    lines: int = 0

    def may_say(self, count: int) -> bool:
        """Whether so many lines more keep within what a reader may write."""
        second = time.monotonic_ns() // 1_000_000_000
        self.lines = count + (self.lines if second == self.second else 0)
        self.second = second
        return self.lines <= _MAX_LINES_PER_S and not self.splitter.refused


class LiveServer:
    """`publish_*` from any thread, never blocking; `run` serves the readers on a thread of its own.

    `on_line(line, answer)` is called on that thread and may not block; `answer(line)` may be called by any thread.

    Raises:
        OSError: from the constructor, when the socket cannot be made.
    """

    def __init__(self, path: Path, on_line: OnLine) -> None:
        self._path = path
        self._on_line = on_line
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(str(path))
        path.chmod(0o660)
        self._listener.listen(_MAX_READERS)
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._lock = threading.Lock()
        self._queued: deque[bytes] = deque()
        self._status: LiveStatus | None = None
        self._last: LiveVerdict | None = None
        self._ng: deque[LiveVerdict] = deque(maxlen=_LAST_NG)
        self._answers: deque[tuple[int, bytes]] = deque()
        self._readers: dict[socket.socket, _Reader] = {}
        self._accepted = 0
        self._selector = selectors.DefaultSelector()
        self.watched = False
        """Whether a reader is connected."""
        self.cut_off = 0
        self.dropped = 0

    def publish_status(self, status: LiveStatus) -> None:
        with self._lock:
            self._status = status
            watched = self.watched
        if watched:
            self._enqueue(_line(status))

    def publish_verdict(self, verdict: LiveVerdict) -> None:
        with self._lock:
            self._last = verdict
            if verdict.outcome == "NG" and not verdict.golden:
                self._ng.append(verdict)
            watched = self.watched
        if watched:
            self._enqueue(_line(verdict))

    def publish_metrics(self, metrics: LiveMetrics) -> None:
        """Said once and not kept: whoever connects waits for the next."""
        if self.watched:
            self._enqueue(_line(metrics))

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set (call `wake` after setting it)."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        while not stop.is_set():
            for key, events in self._selector.select(timeout=1.0):
                self._serve(key.fileobj, events)
        self._broadcast()  # the last status: how it ended
        self._close()

    def wake(self) -> None:
        try:
            self._wake_write.send(b"\0")
        except BlockingIOError:
            return  # a wake-up is pending already

    def _enqueue(self, line: bytes) -> None:
        with self._lock:
            if len(self._queued) >= _MAX_QUEUED:
                self._queued.popleft()
                self.dropped += 1
            self._queued.append(line)
        self.wake()

    def _serve(self, source: object, events: int) -> None:
        if source is self._listener:
            self._accept()
        elif source is self._wake_read:
            self._broadcast()
        elif isinstance(source, socket.socket) and source in self._readers:
            if events & selectors.EVENT_READ and not self._listen(source):
                self._drop(source)
            elif events & selectors.EVENT_WRITE:
                self._send(source)

    def _accept(self) -> None:
        try:
            reader, _ = self._listener.accept()
        except OSError as error:
            _log.warning("a reader of the live stream could not be let in: %s", error)
            self.cut_off += 1
            return
        if len(self._readers) >= _MAX_READERS:
            reader.close()
            self.cut_off += 1
            return
        reader.setblocking(False)
        with self._lock:
            self.watched = True  # before the greeting is made: what comes after it is queued
        self._accepted += 1
        self._readers[reader] = _Reader(self._accepted, bytearray(self._greeting()))
        self._selector.register(reader, selectors.EVENT_READ)
        self._send(reader)

    def _greeting(self) -> bytes:
        with self._lock:
            status, last, strip = self._status, self._last, tuple(self._ng)
        past = [*strip, *([last] if last is not None and last not in strip else [])]
        lines = [_line(item.model_copy(update={"replayed": True})) for item in sorted(past, key=lambda v: v.number)]
        return b"".join(([_line(status)] if status is not None else []) + lines)

    def _broadcast(self) -> None:
        try:
            self._wake_read.recv(4096)
        except BlockingIOError:
            return
        with self._lock:
            lines = b"".join(self._queued)
            self._queued.clear()
            answers: dict[int, bytes] = {}
            for number, answer in self._answers:
                answers[number] = answers.get(number, b"") + answer
            self._answers.clear()
        for connection, reader in tuple(self._readers.items()):
            reader.unsent += lines + answers.get(reader.number, b"")
            self._send(connection)

    def _send(self, reader: socket.socket) -> None:
        unsent = self._readers[reader].unsent
        try:
            del unsent[: reader.send(unsent)]
        except BlockingIOError:
            if len(unsent) > _MAX_UNSENT:
                self.cut_off += 1
                self._drop(reader)
                return
        except OSError:
            self._drop(reader)
            return
        interest = selectors.EVENT_READ | (selectors.EVENT_WRITE if unsent else 0)
        self._selector.modify(reader, interest)

    def _listen(self, connection: socket.socket) -> bool:
        """Hand on what a reader says; False when it hung up, or says more than it may."""
        try:
            said = connection.recv(4096)
        except BlockingIOError:
            return True
        except OSError:
            return False
        reader = self._readers[connection]
        lines = reader.splitter.split(said)
        if not reader.may_say(len(lines)):
            self.cut_off += 1
            return False
        for line in lines:
            self._on_line(line, partial(self._answer, reader.number))
        return said != b""

    def _answer(self, number: int, line: bytes) -> None:
        """Queue a line for one reader; when too many wait, it is dropped, and who asked hears nothing."""
        with self._lock:
            if len(self._answers) >= _MAX_QUEUED:
                self.dropped += 1
                return
            self._answers.append((number, line))
        self.wake()

    def _drop(self, reader: socket.socket) -> None:
        self._selector.unregister(reader)
        self._readers.pop(reader, None)
        reader.close()
        with self._lock:
            self.watched = bool(self._readers)

    def _close(self) -> None:
        for reader in tuple(self._readers):
            self._drop(reader)
        self._selector.close()
        for end in (self._listener, self._wake_read, self._wake_write):
            end.close()
        self._path.unlink(missing_ok=True)


def _line(message: Live) -> bytes:
    return message.model_dump_json().encode() + b"\n"

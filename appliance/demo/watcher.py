"""Reads the station's live socket, and checks the ledger identity in every snapshot that passes."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

from pydantic import ValidationError

from appliance.live import LiveStatus, LiveVerdict, live_message

_RETRY_S = 0.05


class Watcher:
    """`first_verdict_s` is measured from the making of the watcher."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._started = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self.first_verdict_s: float | None = None
        self.snapshots = 0
        self.unbalanced = 0
        self.unreadable = 0
        self.verdicts: dict[str, int] = {}
        self.status: LiveStatus | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def await_delivery(self, timeout_s: float) -> bool:
        """Wait until ledger and outbox are empty in a snapshot taken from now on; False when they never were."""
        seen = self.snapshots
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            status = self.status
            fresh = self.snapshots > seen + 1
            if fresh and status is not None and status.outbox_depth == 0 and status.counters.in_flight == 0:
                return True
            self._stop.wait(_RETRY_S)
        return False

    def await_status(self, timeout_s: float) -> bool:
        """Wait until there was one; False when there was none."""
        deadline = time.monotonic() + timeout_s
        while self.status is None and time.monotonic() < deadline:
            self._stop.wait(_RETRY_S)
        return self.status is not None

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                    connection.connect(str(self._path))
                    connection.settimeout(0.5)
                    self._read(connection)
            except OSError:
                self._stop.wait(_RETRY_S)

    def _read(self, connection: socket.socket) -> None:
        rest = b""
        while not self._stop.is_set():
            try:
                chunk = connection.recv(65536)
            except TimeoutError:
                continue
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            message = live_message.validate_json(line)
        except ValidationError:
            self.unreadable += 1
            return
        if isinstance(message, LiveStatus):
            self._check(message)
        elif isinstance(message, LiveVerdict) and not message.replayed:
            self._count(message)

    def _check(self, status: LiveStatus) -> None:
        self.status = status
        self.snapshots += 1
        count = status.counters
        closed = count.ok + count.ng + count.recheck + count.no_part + count.error
        self.unbalanced += count.accepted != closed + count.in_flight

    def _count(self, verdict: LiveVerdict) -> None:
        if self.first_verdict_s is None:
            self.first_verdict_s = time.monotonic() - self._started
        self.verdicts[verdict.outcome] = self.verdicts.get(verdict.outcome, 0) + 1

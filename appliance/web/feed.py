"""The page's ear at the station: one thread that reads the station's socket and keeps what every viewer needs.

The station may be gone, restarted, or talk garbage: the thread connects again by itself, a line that is no message is
counted and left out, and silence is measured from the last valid message, so a page can say how old its word is.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from appliance.commands.lines import LineSplitter
from appliance.live import Live, LiveStatus, LiveVerdict, live_message
from appliance.live_metrics import LiveMetrics
from appliance.web.board import Board, Snapshot
from appliance.web.fanout import Fanout, Mailbox
from appliance.web.figures import Figures
from appliance.web.pictures import Pictures, is_part_id

log = logging.getLogger(__name__)

RETRY_S: Final = 0.5
SILENCE_S: Final = 4.0
MAX_LINE: Final = 256 * 1024


class StationFeed:
    """`snapshot`, `follow` and the counters may be used from any thread; `start` and `close` by the owner, once."""

    def __init__(self, state_dir: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.pictures = Pictures(state_dir / "run" / "live")
        self.viewers = Fanout()
        self._path = state_dir / "run" / "station.sock"
        self._clock = clock
        self._lock = threading.Lock()
        self._board = Board()
        self._figures = Figures(SILENCE_S)
        self._last_word: float | None = None
        self._refused = 0
        self._failures = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="station-feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends the viewers' streams and the thread; at most about a second."""
        self._stop.set()
        self.viewers.close()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def follow(self) -> tuple[Mailbox, Snapshot]:
        """A mailbox and the state it starts from: no message falls between the two."""
        with self._lock:
            return self.viewers.join(), self._board.snapshot(self._silent_s())

    def snapshot(self) -> Snapshot:
        with self._lock:
            return self._board.snapshot(self._silent_s())

    @property
    def silent_s(self) -> float | None:
        """Seconds since the station's last valid message; None before the first."""
        with self._lock:
            return self._silent_s()

    @property
    def metrics(self) -> LiveMetrics | None:
        """The station's figures while they are of now, else None."""
        with self._lock:
            return self._figures.current(self._clock())

    @property
    def refused_lines(self) -> int:
        """Lines that were no message."""
        return self._refused

    @property
    def failures(self) -> int:
        """Times the feed broke on something nobody foresaw and began anew."""
        return self._failures

    def take(self, lines: list[bytes]) -> None:
        """Applies lines that came together. Repeated messages after a connect become one snapshot, not a flicker."""
        repaint = False
        for line in lines:
            message = self._parse(line)
            if message is not None:
                repaint |= self._apply(message)
        if repaint:
            with self._lock:
                self.viewers.publish(sse("snapshot", self._board.snapshot(self._silent_s()).model_dump_json()))

    def _apply(self, message: Live) -> bool:
        """Stores and publishes one message; True when the viewers need the whole state again."""
        if isinstance(message, LiveMetrics):
            # No word for the pages: figures come from a thread of their own, and would hide that the line is silent.
            with self._lock:
                self._figures.take_metrics(message, self._clock())
            return False
        if isinstance(message, LiveVerdict):
            self.pictures.admit(message)
        with self._lock:
            self._last_word = self._clock()
            if isinstance(message, LiveStatus):
                self._figures.take_status(message, self._last_word)
                restarted = self._board.take_status(message)
                if restarted:
                    self.pictures.clear()
                    return True
                self.viewers.publish(sse("status", message.model_dump_json()))
                return False
            self._board.take_verdict(message)
            self.pictures.keep_only(verdict.id for verdict in self._board.ng)
            if message.replayed:
                return True
            self.viewers.publish(sse("verdict", message.model_dump_json()))
            return False

    def _parse(self, line: bytes) -> Live | None:
        try:
            message = live_message.validate_json(line)
        except ValidationError as error:
            self._refuse(f"{error.error_count()} errors, the first: {error.errors(include_input=False)[0]['msg']}")
            return None
        if isinstance(message, LiveVerdict) and not is_part_id(message.id):
            self._refuse("its part id is no UUID")
            return None
        return message

    def _refuse(self, why: str) -> None:
        self._refused += 1
        if self._refused == 1:
            log.warning("the station sent a line that this page does not understand (%s); install one version", why)

    def _silent_s(self) -> float | None:
        return None if self._last_word is None else round(self._clock() - self._last_word, 3)

    def _run(self) -> None:
        told = ""
        while not self._stop.is_set():
            try:
                self._read()
                told = ""
            except OSError as error:
                if str(error) != told:
                    told = str(error)
                    log.warning("no word from the station on %s (%s); see that okng run is running", self._path, told)
            except Exception:
                # The page goes stale by itself and is current again after the next connect.
                self._failures += 1
                log.exception("the station feed failed and starts again")
            self._stop.wait(RETRY_S)

    def _read(self) -> None:
        """One connection from connect to its end."""
        splitter = LineSplitter(MAX_LINE)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(0.5)
            connection.connect(str(self._path))
            while not self._stop.is_set():
                try:
                    data = connection.recv(65536)
                except TimeoutError:
                    continue
                if not data:
                    return
                self.take(splitter.split(data))
                self._refused += splitter.refused
                splitter.refused = 0


def sse(event: str, data: str) -> bytes:
    """One server-sent event; `data` is JSON on one line."""
    return f"event: {event}\ndata: {data}\n\n".encode()

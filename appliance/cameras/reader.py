"""The thread that drains a moving source, so that a picture is never older than the question for it.

A call into a driver may never come back, and no thread can be ended from outside: whoever waits here waits with a
deadline, and a thread that hangs is left behind. It lets go of the device as soon as its call returns.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from appliance.cameras.base import EndOfPictures
from appliance.cameras.punctuality import Punctuality
from appliance.cameras.stream import Arrival, Stream, same_content
from appliance.errors import CameraLost
from models.errors import BadPicture

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture that came, or why none did. `earliest_ns`: when it can have been exposed at the earliest; monotonic.

    `lost`: pictures known to be missing since the station began. `repeats`: as in `Frame`.
    """

    seq: int
    arrival: Arrival | None
    fault: str
    arrived_ns: int
    earliest_ns: int
    lost: int
    repeats: int


class Reader:
    """`open_stream` and everything on the stream runs on the reader's own thread.

    `before`: the last shot of the reader before this one, from which `seq` and repetitions go on. `one_by_one`: the
    next picture is read only when the last one was taken. `latency_ns`: how long a picture may usually be on its way.
    """

    def __init__(
        self,
        name: str,
        open_stream: Callable[[Callable[[float], object]], Stream],
        *,
        before: Shot | None,
        latency_ns: int,
        one_by_one: bool,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._open_stream = open_stream
        self._before = before
        self._latency_ns = latency_ns
        self._one_by_one = one_by_one
        self._now_ns = now_ns
        self._punctuality = Punctuality()
        self._lost = before.lost if before is not None else 0
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._stream: Stream | None = None
        self._latest: Shot | None = None
        self._taken = True
        self._ended: CameraLost | EndOfPictures | None = None
        self._alive_ns = now_ns()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def latest(self) -> Shot | None:
        """The last picture, whether taken or not; of the reader before this one until the first came."""
        return self._latest or self._before

    @property
    def ended(self) -> CameraLost | EndOfPictures | None:
        """Why no more pictures come, or None while they do."""
        return self._ended

    @property
    def drained(self) -> bool:
        """Whether a finite source has given its last picture and somebody took it."""
        return isinstance(self._ended, EndOfPictures) and (self._taken or not self._one_by_one)

    @property
    def silent_ns(self) -> int:
        """Time since the last picture, or since the start."""
        return self._now_ns() - self._alive_ns

    def await_first(self, timeout_s: float) -> Shot | None:
        """The first picture, which stays there; None when the source ended instead.

        Raises:
            TimeoutError: neither within the time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._latest or self._ended or self._stop.is_set(), timeout_s):
                raise TimeoutError
            return self._latest

    def take(self, after_ns: int, timeout_s: float) -> Shot | None:
        """The first picture that cannot have been exposed before or at `after_ns`, or one by one the next.

        None when the source has ended or the reader was stopped.

        Raises:
            TimeoutError: none came in time.
        """

        def fits() -> bool:
            shot = self._latest
            if self._one_by_one:
                return shot is not None and not self._taken
            return shot is not None and shot.earliest_ns > after_ns

        with self._changed:
            if not self._changed.wait_for(lambda: fits() or self._ended or self._stop.is_set(), timeout_s):
                raise TimeoutError
            if not fits() or self._stop.is_set():
                return None
            self._taken = True
            self._changed.notify_all()
            return self._latest

    def await_next(self, timeout_s: float) -> None:
        """Wait until the next picture is there or the source has ended: then `drained` tells the truth."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken or self._ended or self._stop.is_set(), timeout_s)

    def stop(self) -> None:
        """Ask it to end and wake whoever waits; never blocks."""
        with self._changed:
            self._stop.set()
            self._changed.notify_all()
            stream = self._stream
        if stream is not None:
            stream.interrupt()

    def gone(self, timeout_s: float) -> bool:
        """Whether the thread has ended and let go of the source; waits for it at most so long."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._read_all()
        except (CameraLost, EndOfPictures) as end:
            self._end(end)
        except Exception:  # noqa: BLE001 - a thread's top: logged; the camera is lost and is opened again
            _log.exception("%s failed; the camera is opened again", self._thread.name)
            self._end(
                CameraLost(
                    "internal fault while reading the camera; send the log to support",
                    "读取相机时发生内部故障；请提交日志",
                )
            )

    def _read_all(self) -> None:
        stream = self._open_stream(self._stop.wait)
        try:
            with self._changed:
                self._stream = stream
            while self._room():
                try:
                    self._put(stream.read(), "")
                except BadPicture as fault:
                    self._put(None, str(fault))
        finally:
            with self._changed:
                self._stream = None
            stream.close()

    def _room(self) -> bool:
        """Wait until the next picture may be read; False when the reader is to end."""
        if self._one_by_one:
            with self._changed:
                self._changed.wait_for(lambda: self._taken or self._stop.is_set())
        return not self._stop.is_set()

    def _put(self, arrival: Arrival | None, fault: str) -> None:
        arrived_ns = self._now_ns() if arrival is None else arrival.arrived_ns
        before = self.latest
        repeats = 0
        if arrival is not None and before is not None and before.arrival is not None:
            repeats = before.repeats + 1 if same_content(before.arrival, arrival) else 0
        self._lost += arrival.lost if arrival is not None else 0
        earliest_ns = arrived_ns - self._latency_ns - self._punctuality.lateness_ns(arrived_ns)
        shot = Shot(
            seq=(before.seq if before is not None else 0) + 1 + (arrival.lost if arrival is not None else 0),
            arrival=arrival,
            fault=fault,
            arrived_ns=arrived_ns,
            earliest_ns=earliest_ns,
            lost=self._lost,
            repeats=repeats,
        )
        with self._changed:
            if not self._stop.is_set():
                self._latest, self._taken, self._alive_ns = shot, False, arrived_ns
                self._changed.notify_all()

    def _end(self, end: CameraLost | EndOfPictures) -> None:
        with self._changed:
            self._ended = end
            self._changed.notify_all()

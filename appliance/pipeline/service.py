"""A named thread that serves one adapter until it is told to stop."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)
_PRIORITY = 10  # above every ordinary thread, below what the kernel itself runs from 50 on


class Service:
    """`serve(stop)` blocks until `stop` is set. If it ends before, by an exception or not, the service has failed.

    `urgent`: other programs' work may not keep it waiting, where the system grants that; it mostly waits itself.
    """

    def __init__(self, name: str, serve: Callable[[threading.Event], None], *, urgent: bool = False) -> None:
        self.name = name
        self.failed = False
        self._serve = serve
        self._urgent = urgent
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Ask it to end and wait; False when it did not end in time."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        if self._urgent:
            ask_for_real_time(self.name)
        try:
            self._serve(self._stop)
        except Exception:  # noqa: BLE001 - a thread's top: logged; the station is not ready until it is restarted
            _log.exception("%s failed", self.name)
        self.failed = not self._stop.is_set()


def ask_for_real_time(name: str) -> None:
    """Put the calling thread above all ordinary ones (SCHED_FIFO); without the right to it, it stays one of them."""
    try:
        # Whatever it starts is ordinary again.
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(_PRIORITY))
    except OSError as error:
        _log.info("thread %s has no real-time priority (%s); on a busy machine it wakes later", name, error.strerror)

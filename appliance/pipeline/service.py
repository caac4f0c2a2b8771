"""A named thread that serves one adapter until it is told to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Service:
    """`serve(stop)` blocks until `stop` is set. If it ends before, by an exception or not, the service has failed."""

    def __init__(self, name: str, serve: Callable[[threading.Event], None]) -> None:
        self.name = name
        self.failed = False
        self._serve = serve
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
        try:
            self._serve(self._stop)
        except Exception:  # noqa: BLE001 - a thread's top: logged; the station is not ready until it is restarted
            _log.exception("%s failed", self.name)
        self.failed = not self._stop.is_set()

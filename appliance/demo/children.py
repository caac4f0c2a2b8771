"""Processes of the demonstration: started in order, ended in reverse, each with a log of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from appliance.errors import NotThere

_POLL_S = 0.02


class Child:
    """One process, `python -m MODULE ...`; its output goes to `<logs>/<name>.log`."""

    def __init__(self, name: str, arguments: Sequence[str], logs: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,  # Ctrl-C is for the parent, which ends its children in order
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Block until `ready`.

        Raises:
            NotThere: the process ended or the time is up; the message ends with its last words.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            if self.exit_code is not None or time.monotonic() > deadline:
                raise NotThere(f"{self.name} did not start: {self.last_words()}")
            time.sleep(_POLL_S)

    def says(self, word: str) -> bool:
        """Whether the word stands in the log."""
        return word in self.log.read_text(encoding="utf-8", errors="replace")

    def last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def end(self, timeout_s: float) -> int | None:
        """Ask it to end, wait, and kill it if it does not; returns the exit code, None when it had to be killed."""
        if self.exit_code is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            return None

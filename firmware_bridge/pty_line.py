"""A serial line made of a pseudo terminal: we speak on one side, a program opens the other by a symbolic link."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import termios
import tty
from pathlib import Path

from firmware_bridge.errors import PortUnavailable, TransportLost


class PtyLine:
    """A `ByteTransport`. `link` leads to the far side while the line is open.

    The far side is kept open here too, so that the line survives a program that closes it, as a cable does.
    """

    def __init__(self, link: Path) -> None:
        """Make the pair and the link; a dead link of an earlier run is replaced.

        Raises:
            PortUnavailable: something else stands at `link`, or its folder is not there.
        """
        self._link = link
        self._near, self._far = pty.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        try:
            if link.is_symlink() and not link.exists():
                link.unlink()
            link.symlink_to(os.ttyname(self._far))
        except OSError as cause:
            self._close_ends()
            raise PortUnavailable(
                f"The link {link} cannot be made ({cause.strerror}); name a free path in a folder that exists."
            ) from cause

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        try:
            ready, _, _ = select.select([self._near], [], [], timeout_s)
            return os.read(self._near, max_bytes) if ready else b""
        except (OSError, ValueError) as cause:
            raise self._lost() from cause

    def write(self, data: bytes) -> None:
        try:
            os.write(self._near, data)
        except (OSError, ValueError, termios.error) as cause:
            raise self._lost() from cause

    def flush_input(self) -> None:
        """Forget also what the far side has not read: where nobody listens, bytes go nowhere, as on a cable."""
        try:
            termios.tcflush(self._far, termios.TCIFLUSH)
        except (OSError, termios.error) as cause:
            raise self._lost() from cause
        while self.read(4096, 0):
            continue

    def close(self) -> None:
        if self._near < 0:
            return
        with contextlib.suppress(FileNotFoundError):
            self._link.unlink()
        self._close_ends()

    def _close_ends(self) -> None:
        os.close(self._near)
        os.close(self._far)
        self._near = self._far = -1

    def _lost(self) -> TransportLost:
        return TransportLost(f"The pseudo terminal at {self._link} is closed; start the simulator again.")

"""Lines out of a byte stream whose sender may be hostile."""

from __future__ import annotations


class LineSplitter:
    """Cuts a byte stream into lines; one longer than `max_line` is thrown away up to its end and counted as refused."""

    def __init__(self, max_line: int) -> None:
        self._max_line = max_line
        self._rest = b""
        self._skipping = False
        self.refused = 0

    def split(self, data: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines and self._skipping:
            lines = lines[1:]
            self._skipping = False
        if len(self._rest) > self._max_line:
            self.refused += not self._skipping
            self._skipping = True
        if self._skipping:
            self._rest = b""
        return lines

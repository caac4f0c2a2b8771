"""A barcode scanner on a serial line: each code that it reads chooses a recipe.

    bytes ─▶ CodeReader: codes between CR or LF ─▶ at most one every half second ─▶ the desk, like any other command

A code is what stands between two ends of line, 1 to 64 printable ASCII characters without blanks, and must be a
recipe's to the last character. Whatever else arrives is dropped and counted: noise, lines without end, half a line
before a pause.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
from collections.abc import Callable

from appliance.commands.desk import Ask
from appliance.commands.envelope import Actor
from appliance.commands.messages import CommandReply
from appliance.commands.recipe import RecipeCommand
from appliance.domain.clock import Clock
from appliance.domain.device import DeviceState
from firmware_bridge.errors import PortUnavailable, TransportLost
from firmware_bridge.transport import ByteTransport

_log = logging.getLogger(__name__)
_MAX = 64
_CODE = re.compile(rb"[\x21-\x7e]{1,64}")
_ENDS = re.compile(rb"[\r\n]")
_SCANNER = Actor(source="scanner", name="scanner")
_PAUSE_NS = 1_000_000_000  # a scanner sends a code in one go: what stands open for so long is half of one
_BETWEEN_NS = 500_000_000
_SHOWN_NS = 15_000_000_000
_REOPEN_S = 1.0
_WAIT_S = 0.1
_OK = DeviceState("ok")


class CodeReader:
    """Bytes → codes. `dropped` counts lines that were none."""

    def __init__(self) -> None:
        self._line = b""
        self._too_long = False
        self._last_ns = 0
        self.dropped = 0

    def read(self, data: bytes, now_ns: int) -> list[str]:
        """The codes that `data` completes."""
        if (self._line or self._too_long) and now_ns - self._last_ns > _PAUSE_NS:
            self._drop()
        self._last_ns = now_ns
        *lines, rest = _ENDS.split(data)
        codes = []
        for line in lines:
            codes += self._end(line)
        self._extend(rest)
        return codes

    def _end(self, piece: bytes) -> list[str]:
        self._extend(piece)
        line, too_long = self._line, self._too_long
        self._line, self._too_long = b"", False
        if not line and not too_long:
            return []  # CR and LF together end one line
        if too_long or not _CODE.fullmatch(line):
            self.dropped += 1
            return []
        return [line.decode("ascii")]

    def _extend(self, piece: bytes) -> None:
        self._line += piece[: _MAX + 1]
        if len(self._line) > _MAX:
            self._line, self._too_long = b"", True

    def _drop(self) -> None:
        self.dropped += 1
        self._line, self._too_long = b"", False


class Scanner:
    """`run` has its thread; `state` says for some seconds why the last code was refused, or that the port is gone.

    `open_port` may raise PortUnavailable.
    """

    def __init__(self, open_port: Callable[[], ByteTransport], ask: Ask, clock: Clock) -> None:
        self._open_port = open_port
        self._ask = ask
        self._clock = clock
        self._reader = CodeReader()
        self._asked_ns = clock.monotonic_ns() - _BETWEEN_NS
        self._port = _OK
        self._refused: tuple[int, DeviceState] | None = None
        self.flooded = 0
        """Codes that came too soon after another and were dropped."""

    @property
    def dropped(self) -> int:
        return self._reader.dropped + self.flooded

    @property
    def state(self) -> DeviceState:
        refused = self._refused
        if refused is not None and self._clock.monotonic_ns() - refused[0] < _SHOWN_NS:
            return refused[1]
        return self._port

    def run(self, stop: threading.Event) -> None:
        """Read codes until `stop`; a lost or missing port is opened again every second."""
        while not stop.is_set():
            try:
                port = self._open_port()
            except PortUnavailable as error:
                self._lose(str(error).replace("plc.port", "[barcode] port"))
                stop.wait(_REOPEN_S)
                continue
            self._port = _OK
            try:
                while not stop.is_set():
                    self.hear(port.read(256, _WAIT_S))
            except TransportLost as error:
                self._lose(str(error))
                stop.wait(_REOPEN_S)
            finally:
                port.close()

    def hear(self, data: bytes) -> None:
        """Bytes arrived from the scanner."""
        now_ns = self._clock.monotonic_ns()
        for code in self._reader.read(data, now_ns) if data else ():
            if now_ns - self._asked_ns < _BETWEEN_NS:
                self.flooded += 1
                continue
            self._asked_ns = now_ns
            order = RecipeCommand(verb="recipe", request_id=secrets.token_hex(8), actor=_SCANNER, code=code)
            self._ask(order, self._answered)

    def _answered(self, reply: CommandReply) -> None:
        """Any thread."""
        if reply.status == "accepted":
            self._refused = None
        else:
            self._refused = self._clock.monotonic_ns(), DeviceState("warn", reply.text_en, reply.text_zh)

    def _lose(self, text_en: str) -> None:
        if self._port.text_en != text_en:
            _log.error("barcode scanner: %s", text_en)
        self._port = DeviceState("warn", f"Barcode scanner: {text_en}", "条码扫描器不可用；请检查串口和线缆")


class NoScanner:
    """The station has no scanner on a serial line."""

    state = _OK
    dropped = 0

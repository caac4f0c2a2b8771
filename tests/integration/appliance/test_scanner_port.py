"""A scanner on a real pty: plugged in late, noisy, unplugged and plugged in again."""

from __future__ import annotations

import threading
from pathlib import Path

from appliance.clock import SystemClock
from appliance.commands.messages import Command
from appliance.commands.recipe import RecipeCommand
from appliance.scanner import Scanner
from firmware_bridge.pty_line import PtyLine
from firmware_bridge.transport import SerialTransport
from tests.fakes.waiting import until


def test_codes_come_through_a_port_that_comes_and_goes(tmp_path: Path) -> None:
    codes: list[str | None] = []

    def ask(command: Command, answer: object, *, stale: bool = False) -> None:
        assert isinstance(command, RecipeCommand)
        codes.append(command.code)

    link, stop = tmp_path / "scanner", threading.Event()
    scanner = Scanner(lambda: SerialTransport(link), ask, SystemClock())
    thread = threading.Thread(target=scanner.run, args=(stop,), name="scanner")
    thread.start()
    try:
        until(lambda: scanner.state.state == "warn", "the missing port is said")
        assert "[barcode] port" in scanner.state.text_en
        line = PtyLine(link)
        until(lambda: scanner.state.state == "ok", "the port is open")
        line.write(b"\xff\x00noise\r4006381333931\r")
        until(lambda: codes == ["4006381333931"], "the code came through the noise")
        line.close()
        until(lambda: scanner.state.state == "warn", "the port is gone")
        line = PtyLine(link)
        until(lambda: scanner.state.state == "ok", "the port is back")
        line.write(b"SECOND\r\n")
        until(lambda: codes == ["4006381333931", "SECOND"], "the next code")
        line.close()
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()

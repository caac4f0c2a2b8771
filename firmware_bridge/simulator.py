"""`python -m firmware_bridge.simulator`: a PLC on a pseudo terminal, for the demo and for tests without hardware."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from firmware_bridge.errors import BridgeError
from firmware_bridge.modbus.master import ModbusMaster
from firmware_bridge.pty_line import PtyLine
from firmware_bridge.simulated_plc import LineSettings, SimulatedPlc


def main(arguments: Sequence[str] | None = None) -> int:
    """0: each accepted trigger got exactly one result. 1: not so. 3: the link or the transcript cannot be made."""
    options = _parser().parse_args(arguments)
    settings = LineSettings(
        interval_s=options.interval_ms / 1000,
        count=options.count,
        deadline_ms=options.deadline_ms,
        accept_simulated=options.accept_simulated,
        scan_s=options.scan_ms / 1000,
        pace=options.pace,
        timed=options.timed,
    )
    stop = threading.Event()

    def on_signal(signum: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    try:
        line = PtyLine(options.link)
    except BridgeError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    try:
        with options.transcript.open("w", encoding="utf-8") as transcript:
            return SimulatedPlc(ModbusMaster(line, options.unit), settings, transcript).run(stop)
    except OSError as error:
        sys.stderr.write(f"{options.transcript} cannot be written ({error.strerror}); name another transcript.\n")
        return 3
    finally:
        line.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m firmware_bridge.simulator", description=__doc__)
    parser.add_argument("--link", type=Path, required=True, help="where the station finds its serial port")
    parser.add_argument("--interval-ms", type=_within(1, 3_600_000), required=True, help="time from part to part")
    parser.add_argument("--count", type=_within(1, 10_000_000), help="parts to trigger; without it, until stopped")
    parser.add_argument("--unit", type=_within(1, 247), default=1, help="the station's Modbus address")
    parser.add_argument("--transcript", type=Path, required=True, help="file for one JSON object an event")
    parser.add_argument("--deadline-ms", type=_within(10, 10_000), default=1000, help="ResultDeadline (HR41)")
    parser.add_argument("--accept-simulated", action="store_true", help="pass parts of a station without a real camera")
    parser.add_argument(
        "--scan-ms", type=_within(1, 1000), default=10, help="time from scan to scan, with parts under way"
    )
    parser.add_argument(
        "--pace",
        choices=["beat", "ready", "result"],
        default="beat",
        help="trigger on the beat, when the station is ready for it, or when the last part has its result",
    )
    parser.add_argument("--timed", action="store_true", help="end the transcript with the time of every exchange")
    return parser


def _within(least: int, most: int) -> Callable[[str], int]:
    """An argument type: a whole number in a range."""

    def whole_number(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"must be from {least} to {most}")
        return number

    return whole_number


if __name__ == "__main__":
    raise SystemExit(main())

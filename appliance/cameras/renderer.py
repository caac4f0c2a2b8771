"""The process that draws the simulated line's parts: `python -m appliance.cameras.renderer --ring FILE --seed S …`.

It is started by `SyntheticCamera` and talks to it through its pipes: one byte on standard output for every picture that
is whole in the ring, one byte on standard input for every picture taken. It draws ahead until the ring is full, then
sleeps in that read. Either pipe's end means that the station is gone, and it ends too; SIGTERM ends it at once.

Drawing costs more processor time than judging: a process of its own, and a lower priority, keep it out of the timing.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from appliance.cameras.flange import DrawnPart, draw
from appliance.cameras.ring import Ring, RingError

_STATION_GONE = b""


def render(
    ring: Ring, options: argparse.Namespace, announce: Callable[[], None], await_taken: Callable[[], int]
) -> None:
    """Draw parts from number `options.first` on, until a pipe ends.

    Args:
        announce: tell the station that one more picture is whole.
        await_taken: block until pictures were taken; how many, 0 when the station is gone.

    Raises:
        BrokenPipeError: the station is gone.
    """
    free, number = ring.slots, options.first
    drawn: dict[int, DrawnPart] = {}
    while True:
        while free == 0:
            taken = await_taken()
            if not taken:
                return
            free += taken
        ring.begin(number)
        part = _part(number, options, drawn)
        if options.truth:
            # Written before the picture can be taken: whoever has the picture finds its truth.
            with options.truth.open("a", encoding="utf-8") as truth:
                truth.write(json.dumps({"number": number, "kind": part.kind}) + "\n")
        ring.put(number, time.monotonic_ns(), part.kind, part.image)
        free, number = free - 1, number + 1
        announce()


def _part(number: int, options: argparse.Namespace, drawn: dict[int, DrawnPart]) -> DrawnPart:
    """The part with this number, drawn; or, with `--distinct`, one of the few that are drawn once and shown in turn."""
    if not options.distinct:
        return draw(options.seed, number, defect_rate=options.defect_rate, empty_rate=options.empty_rate)
    which = (number - 1) % options.distinct + 1
    if which not in drawn:
        drawn[which] = draw(options.seed, which, defect_rate=options.defect_rate, empty_rate=options.empty_rate)
    return drawn[which]


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="renderer", description="Draw the simulated line's parts into a ring.")
    parser.add_argument("--ring", type=Path, required=True, help="ring file that the camera has made")
    parser.add_argument("--seed", type=int, required=True, help="which line")
    parser.add_argument("--defect-rate", type=float, required=True, help="share of defective parts, 0 to 1")
    parser.add_argument("--empty-rate", type=float, default=0.0, help="share of gaps on the belt, 0 to 1")
    parser.add_argument("--first", type=int, default=1, help="number of the first part")
    parser.add_argument("--distinct", type=int, help="draw only so many parts and show them in turn")
    parser.add_argument("--truth", type=Path, help="append what each part really is to this file, one JSON line each")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the station, which then ends this process in order
    os.nice(5)
    cv2.setNumThreads(1)
    try:
        with Ring(options.ring) as ring:
            render(
                ring,
                options,
                announce=lambda: _announce(sys.stdout.fileno()),
                await_taken=lambda: len(os.read(sys.stdin.fileno(), ring.slots)),
            )
    except BrokenPipeError:
        return 0
    except (RingError, OSError) as error:
        sys.stderr.write(f"part renderer: {error}\n")
        return 3
    return 0


def _announce(descriptor: int) -> None:
    os.write(descriptor, b"\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

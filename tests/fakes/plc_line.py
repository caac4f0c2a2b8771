"""The station's side of the PLC handshake, and both ends of a wire, in the simplest way possible."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from firmware_bridge.line import (
    BOOTING,
    Counters,
    Evaluation,
    OfflineReason,
    PlcResult,
    StationStatus,
    TriggerRequest,
)

MS = 1_000_000
FAR_NS = 1 << 62
RUNNING = replace(BOOTING, online=True, ready=True, offline_reason=OfflineReason.NONE, armed=True, job=1)


def status(**changes: Any) -> StationStatus:
    """A station that is online, ready and armed, but for `changes`."""
    return replace(RUNNING, **changes)


def counters(triggers: int, ok: int) -> Counters:
    return Counters(triggers, ok, 0, 0, 0, 0, 0, 0, triggers - ok)


def result(inspection_id: int, evaluation: Evaluation = Evaluation.OK, **changes: Any) -> PlcResult:
    """An OK with score 0.1 that is in time for ever, but for `changes`."""
    plain = PlcResult(inspection_id, evaluation, 0, 0.1, False, False, decided_ns=0, deadline_ns=FAR_NS)
    return replace(plain, **changes)


class FakeLine:
    """Admits every trigger unless `refuses`; takes every job in `jobs`; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[TriggerRequest] = []
        self.refuses = False
        self.assigns = 1000
        self.jobs = {1, 2}
        self.on_admit: Callable[[int], None] = lambda tag: None

    def admit(self, request: TriggerRequest) -> int | None:
        self.asked.append(request)
        if self.refuses:
            return None
        tag = request.tag or self.assigns
        self.on_admit(tag)
        return tag

    def load_job(self, job: int) -> bool:
        return job in self.jobs


class NullModem:
    """One end of a wire without a kernel: `arrives` is what comes in, chunk by chunk, `sent` what goes out.

    An empty chunk is silence for the time the reader would wait: `clock_ns` moves on. When all chunks are read it sets
    `stop`, so that a serving loop comes back.
    """

    def __init__(self, arrives: list[bytes], stop: threading.Event) -> None:
        self.arrives = arrives
        self.stop = stop
        self.clock_ns = 0
        self.sent: list[bytes] = []

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        if self.arrives:
            chunk = self.arrives.pop(0)
            if not chunk:
                self.clock_ns += int(timeout_s * 1e9)
            return chunk
        self.stop.set()
        self.clock_ns += int(timeout_s * 1e9)
        return b""

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def flush_input(self) -> None:
        """What arrives is all still to come."""

    def close(self) -> None:
        self.stop.set()

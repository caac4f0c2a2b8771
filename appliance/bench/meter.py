"""Raw values of every stage of every part, kept in memory that was touched before the run and written down after it.

NAME.npz   one int64 array a stage (nanoseconds, in the order of the parts), and of the answered parts: inspection
           id, trigger received, captured (-1 without a picture), decided and answered (monotonic nanoseconds)
NAME.json  thread names by kernel id, and how many values found no room
"""

from __future__ import annotations

import json
import threading
import time
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.domain.stages import Stage
from appliance.domain.verdict import Verdict

_PART = ("inspection_id", "received_ns", "captured_ns", "decided_ns", "answered_ns")


class Column:
    """Up to `capacity` integers. Appending neither allocates nor touches a fresh page, or it would be the leak."""

    def __init__(self, capacity: int) -> None:
        self._values = array("q", [-1]) * capacity
        self.count = 0
        self.left_out = 0

    def append(self, value: int) -> None:
        if self.count == len(self._values):
            self.left_out += 1
            return
        self._values[self.count] = value
        self.count += 1

    def array(self) -> NDArray[np.int64]:
        return np.array(self._values[: self.count], np.int64)


class BenchMeter:
    """A `Meter`, and with `witness` what hears of each answered verdict. Room for `capacity` parts."""

    def __init__(self, capacity: int) -> None:
        self._stages = {stage: Column(capacity) for stage in Stage}
        self._parts = {name: Column(capacity) for name in _PART}
        self._threads: dict[int, str] = {}

    def observe(self, stage: Stage, duration_ns: int) -> None:
        self._stages[stage].append(duration_ns)

    def witness(self, verdict: Verdict) -> None:
        answered_ns = time.monotonic_ns()
        if not self._threads:
            self._threads = {thread.native_id or 0: thread.name for thread in threading.enumerate()}
        part = verdict.part
        captured_ns = -1 if verdict.captured_ns is None else verdict.captured_ns
        values = (part.inspection_id, part.trigger.received_ns, captured_ns, verdict.decided_ns, answered_ns)
        for name, value in zip(_PART, values, strict=True):
            self._parts[name].append(value)

    def save(self, path: Path) -> None:
        """Write `path`.npz and `path`.json."""
        columns = {stage.value: column for stage, column in self._stages.items()} | self._parts
        arrays: dict[str, Any] = {name: column.array() for name, column in columns.items()}
        np.savez(path.with_suffix(".npz"), **arrays)
        left_out = sum(column.left_out for column in columns.values())
        told = {"threads": self._threads, "left_out": left_out}
        path.with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Measured:
    """What a `BenchMeter` saved. `parts` is sorted by nothing: the order of the answers."""

    stages: dict[Stage, NDArray[np.int64]]
    parts: dict[str, NDArray[np.int64]]
    threads: dict[int, str]
    left_out: int


def load_measured(path: Path) -> Measured:
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as arrays:
        stages = {stage: np.asarray(arrays[stage.value], np.int64) for stage in Stage}
        parts = {name: np.asarray(arrays[name], np.int64) for name in _PART}
    told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return Measured(stages, parts, {int(tid): name for tid, name in told["threads"].items()}, told["left_out"])

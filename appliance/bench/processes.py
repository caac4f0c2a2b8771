"""What the kernel says of a process and of the machine: processor time, memory, threads, descriptors, steal."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Machine:
    """Seconds since boot over all cores: `steal_s` went to other machines of the same host."""

    busy_s: float
    steal_s: float
    total_s: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a process; `at_ns` is monotonic, `thread_cpu_ns` by kernel id."""

    at_ns: int
    cpu_ns: int
    thread_cpu_ns: dict[int, int]
    rss_kb: float
    descriptors: int
    voluntary: int
    involuntary: int
    machine: Machine
    ours_s: float


def read_machine(stat: Path = Path("/proc/stat")) -> Machine:
    """The first line of `/proc/stat`: user nice system idle iowait irq softirq steal."""
    fields = [int(field) for field in stat.read_text(encoding="ascii").splitlines()[0].split()[1:9]]
    user, nice, system, idle, iowait, irq, softirq, steal = fields
    busy = user + nice + system + irq + softirq
    return Machine(busy * _TICK_S, steal * _TICK_S, (busy + idle + iowait + steal) * _TICK_S)


def process_cpu_ns(pid: int) -> int:
    """Processor time of a living process, all its threads, in nanoseconds (its clock as clock_getcpuclockid(3) has it).

    Raises:
        OSError: there is no such process.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


def children_of(pid: int) -> tuple[int, ...]:
    """Processes that any thread of `pid` started and that still live."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(word) for word in (task / "children").read_text(encoding="ascii").split()]
    return tuple(found)


def pin(pid: int, cores: frozenset[int]) -> None:
    """Bind all threads of a process to these cores; those that it starts later follow."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), cores)


class Sampler:
    """Looks at the process `pid` four times a second on a thread of its own, until it is stopped or the process ends.

    `ours` gives the seconds of processor time that all processes of the run have used so far.
    """

    def __init__(self, pid: int, ours: Callable[[], float]) -> None:
        self._pid = pid
        self._ours = ours
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self.samples: list[Sample] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.is_set():
            # A thread that ends while it is looked at spoils one look, the process that ends all that follow.
            with contextlib.suppress(OSError):
                self.samples.append(self._look())
            self._stop.wait(_EVERY_S)

    def _look(self) -> Sample:
        root = Path(f"/proc/{self._pid}")
        threads: dict[int, int] = {}
        voluntary = involuntary = 0
        for task in (root / "task").iterdir():
            threads[int(task.name)] = int((task / "schedstat").read_text(encoding="ascii").split()[0])
            switches = _switches(task / "status")
            voluntary, involuntary = voluntary + switches[0], involuntary + switches[1]
        return Sample(
            at_ns=time.monotonic_ns(),
            cpu_ns=process_cpu_ns(self._pid),
            thread_cpu_ns=threads,
            rss_kb=int((root / "statm").read_text(encoding="ascii").split()[1]) * _PAGE_KB,
            descriptors=len(list((root / "fd").iterdir())),
            voluntary=voluntary,
            involuntary=involuntary,
            machine=read_machine(),
            ours_s=self._ours(),
        )


def _switches(status: Path) -> tuple[int, int]:
    """Voluntary and involuntary context switches of one thread."""
    rows = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines() if ":" in line)
    return int(rows["voluntary_ctxt_switches"]), int(rows["nonvoluntary_ctxt_switches"])

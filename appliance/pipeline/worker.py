"""One named thread that takes jobs from one bounded queue: how every stage of the station runs."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from appliance.domain.clock import Clock

Job = TypeVar("Job")
_log = logging.getLogger(__name__)


class Worker(Generic[Job]):
    """`handle` gets 1..`batch` jobs; `idle` runs every `tick_s` without a job; `on_crash` gets the jobs in hand.

    Jobs that take longer than `budget_s`, or an `idle` longer than `idle_budget_s`, make the worker stalled; waiting
    never does. An exception in `handle` is logged
    and counted, the jobs go to `on_crash`, and the worker goes on.
    """

    def __init__(
        self,
        name: str,
        handle: Callable[[Sequence[Job]], None],
        *,
        clock: Clock,
        capacity: int,
        budget_s: float,
        on_crash: Callable[[Sequence[Job]], None],
        batch: int = 1,
        idle: Callable[[], None] | None = None,
        idle_budget_s: float = 1.0,
        tick_s: float = 0.2,
    ) -> None:
        self.name = name
        self.crashes = 0
        self.dropped = 0
        self._handle = handle
        self._clock = clock
        self._queue: queue.Queue[Job | None] = queue.Queue(capacity + 1)  # one place is kept for the stop mark
        self._capacity = capacity
        self._budget_ns = int(budget_s * 1e9)
        self._idle_budget_ns = int(idle_budget_s * 1e9)
        self._on_crash = on_crash
        self._batch = batch
        self._idle = idle
        self._tick_s = tick_s
        self._due_ns: int | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, job: Job) -> bool:
        """Queue a job; False when the queue is full (counted in `dropped`): the caller keeps the job. Never blocks."""
        if self._queue.qsize() >= self._capacity:
            self.dropped += 1
            return False
        self._queue.put_nowait(job)
        return True

    def stop(self, timeout_s: float) -> bool:
        """Finish what is queued and end the thread; False when it did not end in time."""
        if self._thread.ident is None:
            return True
        self._queue.put(None, timeout=timeout_s)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def stalled(self) -> bool:
        """Whether what is in hand has taken longer than its budget."""
        due_ns = self._due_ns
        return due_ns is not None and self._clock.monotonic_ns() > due_ns

    @property
    def queued(self) -> int:
        return self._queue.qsize()

    def round(self) -> bool:
        """Take what is queued, waiting for it, and handle it; False after the stop mark. The thread does only this."""
        jobs, stop = self._take()
        self._due_ns = self._clock.monotonic_ns() + (self._budget_ns if jobs else self._idle_budget_ns)
        try:
            if jobs:
                self._handle(jobs)
            elif self._idle is not None and not stop:
                self._idle()
        except Exception:  # noqa: BLE001 - a thread's top: logged, counted, the parts in hand become ERROR
            self.crashes += 1
            _log.exception("%s failed; the parts in hand become ERROR", self.name)
            self._on_crash(jobs)
        finally:
            self._due_ns = None
        return not stop

    def _run(self) -> None:
        while self.round():
            continue

    def _take(self) -> tuple[list[Job], bool]:
        """Up to `batch` jobs, and whether the stop mark was reached."""
        jobs: list[Job] = []
        try:
            job = self._queue.get(timeout=self._tick_s if self._idle is not None else None)
            while job is not None:
                jobs.append(job)
                if len(jobs) == self._batch:
                    return jobs, False
                job = self._queue.get_nowait()
        except queue.Empty:
            return jobs, False
        return jobs, True

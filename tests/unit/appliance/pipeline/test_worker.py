"""A stage's thread: bounded, counted, never silent."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence

import pytest

from appliance.pipeline.service import Service
from appliance.pipeline.worker import Worker
from tests.fakes.clock import FakeClock


def make_worker(handle, clock=None, **options):  # type: ignore[no-untyped-def]
    settings = {"capacity": 2, "budget_s": 1.0, "on_crash": lambda jobs: None} | options
    return Worker("test", handle, clock=clock or FakeClock(), **settings)


def test_a_full_queue_refuses_and_counts() -> None:
    worker = make_worker(lambda jobs: None)
    assert [worker.submit(n) for n in range(3)] == [True, True, False]
    assert worker.dropped == 1


def test_stop_finishes_what_is_queued() -> None:
    done: list[int] = []
    worker = make_worker(done.extend, capacity=8, batch=3)
    for job in range(7):
        worker.submit(job)
    worker.start()
    assert worker.stop(5.0)
    assert done == list(range(7))


def test_batches_are_no_longer_than_asked() -> None:
    sizes: list[int] = []
    worker = make_worker(lambda jobs: sizes.append(len(jobs)), capacity=8, batch=3)
    for job in range(7):
        worker.submit(job)
    worker.start()
    assert worker.stop(5.0)
    assert sizes == [3, 3, 1]


def test_a_crash_gives_the_jobs_back_and_the_worker_goes_on() -> None:
    crashed: list[int] = []
    done: list[int] = []

    def handle(jobs: Sequence[int]) -> None:
        if 1 in jobs:
            raise RuntimeError("a bug")
        done.extend(jobs)

    worker = make_worker(handle, on_crash=crashed.extend, capacity=4)
    for job in (1, 2):
        worker.submit(job)
    worker.start()
    assert worker.stop(5.0)
    assert (crashed, done, worker.crashes) == ([1], [2], 1)


def test_stalled_only_while_a_job_exceeds_its_budget() -> None:
    clock = FakeClock()
    entered, release = threading.Event(), threading.Event()

    def handle(jobs: Sequence[int]) -> None:
        entered.set()
        release.wait(10)

    worker = make_worker(handle, clock)
    worker.start()
    clock.advance_ms(5000)
    assert not worker.stalled, "waiting is not stalled"
    worker.submit(1)
    assert entered.wait(10)
    assert not worker.stalled
    clock.advance_ms(1001)
    assert worker.stalled
    release.set()
    assert worker.stop(5.0)
    assert not worker.stalled


def test_a_service_that_ends_by_itself_has_failed() -> None:
    def broken(stop: threading.Event) -> None:
        raise RuntimeError("a bug")

    for serve, failed in ((broken, True), (lambda stop: None, True), (lambda stop: stop.wait(10), False)):
        service = Service("test", serve)
        service.start()
        if failed:
            service._thread.join(5)
        assert service.stop(5.0)
        assert service.failed is failed


def test_an_urgent_service_asks_for_real_time_and_what_it_starts_does_not_inherit_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, int, int]] = []
    monkeypatch.setattr(
        os, "sched_setscheduler", lambda pid, policy, how: asked.append((pid, policy, how.sched_priority))
    )
    for urgent in (False, True):
        service = Service("test", lambda stop: None, urgent=urgent)
        service.start()
        assert service.stop(5.0)
    assert [(pid, policy) for pid, policy, _ in asked] == [(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK)]
    assert 1 <= asked[0][2] < 50, "the kernel's own interrupt threads go first"


def test_an_urgent_service_without_the_right_to_real_time_serves_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    served = threading.Event()

    def serve(stop: threading.Event) -> None:
        served.set()
        stop.wait(10)

    service = Service("test", serve, urgent=True)
    service.start()
    assert served.wait(5)
    assert service.stop(5.0)
    assert not service.failed

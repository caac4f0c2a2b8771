"""Work on many things by a few threads, in order: decoders and hashes let go of Python's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

# More would only wait for whoever takes what they make.
MOST_THREADS = 8

Given = TypeVar("Given")
Made = TypeVar("Made")


def in_order(work: Callable[[Given], Made], given: Iterable[Given], threads: int | None = None) -> Iterator[Made]:
    """`work` of each, in order; never more than a few ahead of who takes them. `threads`: one a core unless given."""
    count = threads or min(MOST_THREADS, len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(count, thread_name_prefix="side by side") as pool:
        ahead: deque[Future[Made]] = deque()
        try:
            for one in given:
                ahead.append(pool.submit(work, one))
                if len(ahead) > 2 * count:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for left in ahead:
                left.cancel()

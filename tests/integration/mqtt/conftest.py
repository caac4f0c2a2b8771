"""Publishers that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from appliance.config.schema import MqttConfig
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.publisher import Running

Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a publisher with the given `[mqtt]` settings; it is stopped with the test."""
    started: list[Running] = []

    def begin(port: int, outbox: MemoryOutbox | None = None, **settings: Any) -> Running:
        config = MqttConfig(enabled=True, port=port, **{"keepalive_s": 2, **settings})
        running = Running(config, outbox or MemoryOutbox())
        running.start()
        started.append(running)
        return running

    yield begin
    for running in started:
        running.end()

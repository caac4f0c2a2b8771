"""A publisher on its own thread, with an outbox in memory."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from appliance.commands.desk import Ask
from appliance.config.schema import MqttConfig
from appliance.domain.device import DeviceState
from appliance.sinks.mqtt import MqttPublisher
from appliance.sinks.mqtt_connection import Connection, Login, PahoConnection
from appliance.sinks.state_messages import IdentityMessage, StatusMessage
from tests.fakes.mosquitto import Heard
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.results import IDENTITY, ROOT, result, status


@dataclass
class Running:
    """A publisher at work; `add` queues results and returns their ids in order."""

    config: MqttConfig
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    states: list[DeviceState] = field(default_factory=list)
    status: Callable[[], StatusMessage] = status
    identity: Callable[[], IdentityMessage] = lambda: IDENTITY
    stop: threading.Event = field(default_factory=threading.Event)
    ask: Ask | None = None
    connect: Callable[[MqttConfig, Login], Connection] = PahoConnection

    def start(self) -> None:
        self.publisher = MqttPublisher(
            self.config,
            ROOT,
            self.outbox,
            self.identity,
            self.status,
            self.states.append,
            ask=self.ask,
            connect=self.connect,
        )
        self.thread = threading.Thread(target=self.publisher.run, args=(self.stop,), name="mqtt")
        self.thread.start()

    def add(self, count: int, first: int = 1, **options: Any) -> list[str]:
        results = [result(seq, **options) for seq in range(first, first + count)]
        for one in results:
            self.outbox.add(one.to_bytes(), time.monotonic_ns())
        return [one.id for one in results]

    def end(self) -> None:
        self.stop.set()
        self.thread.join(15.0)
        assert not self.thread.is_alive(), "the publisher does not stop"


def ids_of(heard: list[Heard]) -> list[str]:
    return [json.loads(one.payload)["id"] for one in heard]


def first_seen(ids: list[str]) -> list[str]:
    """What a consumer keeps that drops doubles by id."""
    return list(dict.fromkeys(ids))

"""A connection is used once; a broken one leaves nothing behind, for the station runs without a garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.config.schema import MqttConfig
from appliance.sinks.mqtt_connection import Login, Outgoing, PahoConnection
from appliance.sinks.mqtt_faults import BrokerFault
from tests.fakes.mosquitto import Mosquitto, free_port
from tests.fakes.results import BOOT_ID, ROOT

WILL = Outgoing(f"{ROOT}/state/availability", b"{}", True, "okng.availability/1", BOOT_ID)


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def connect(port: int) -> PahoConnection:
    connection = PahoConnection(MqttConfig(port=port), Login("okng-1", WILL, fresh=True))
    connection.open(lambda: False)
    return connection


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("in_order", [True, False])
def test_connections_leave_no_open_files(tmp_path: Path, in_order: bool) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        before = open_files()
        for _ in range(10):
            connection = connect(broker.port)
            connection.publish(WILL)
            if in_order:
                connection.disconnect()
            connection.close()
        del connection
        assert open_files() == before


@pytest.mark.usefixtures("no_collector")
def test_failed_connections_leave_no_open_files() -> None:
    port = free_port()
    before = open_files()
    for _ in range(10):
        with pytest.raises(BrokerFault, match="not reachable"):
            connect(port)
    assert open_files() == before


def test_giving_up_ends_the_wait_for_a_silent_broker(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        broker.freeze()
        connection = PahoConnection(MqttConfig(port=broker.port), Login("okng-1", WILL, fresh=True))
        with pytest.raises(BrokerFault, match="does not answer the login"):
            connection.open(lambda: True)
        connection.close()


def test_the_broker_may_ask_for_a_smaller_window(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker", settings=("max_inflight_messages 5",)) as broker:
        connection = connect(broker.port)
        assert connection.window == 5
        connection.disconnect()
        connection.close()

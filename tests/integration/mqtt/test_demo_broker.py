"""The demonstration's broker and consumer as processes of their own, with the real publisher between them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance import network_guard
from tests.fakes.mosquitto import free_port
from tests.fakes.publisher import Running
from tests.fakes.results import ROOT
from tests.fakes.waiting import until

Start = Callable[..., Running]
Spawn = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Start a module of the demonstration, guarded as `okng demo` guards it."""
    processes: list[subprocess.Popen[str]] = []

    def begin(module: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": "", network_guard.VARIABLE: str(tmp_path / "network.jsonl")},
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=15.0)
    return process.returncode, errors


def test_results_go_through_the_embedded_broker_once_and_in_order(spawn: Spawn, start: Start, tmp_path: Path) -> None:
    port = free_port()
    broker = spawn("appliance.demo.broker", "--port", str(port))
    ready(broker)
    transcript = tmp_path / "mqtt.jsonl"
    consumer = spawn(
        "appliance.demo.subscriber", "--port", str(port), "--topic-root", ROOT, "--transcript", str(transcript)
    )
    ready(consumer)
    station = start(port, version="3.1.1", keepalive_s=20)
    sent = station.add(500)
    until(lambda: len(station.outbox) == 0, "the outbox is empty", 30.0)
    until(lambda: len(transcript.read_text().splitlines()) >= 500, "all results are noted", 30.0)
    station.end()
    assert end(consumer) == (0, "")
    noted = [json.loads(line) for line in transcript.read_text().splitlines()]
    assert [line["id"] for line in noted if line["event"] == "result"] == sent
    assert noted[-1] == {"event": "end", "received": 500, "results": 500, "doubles": 0, "missing": 0, "unreadable": 0}
    assert end(broker) == (0, "")
    assert (tmp_path / "network.jsonl").read_text() == ""


def test_mqtt_5_is_refused_with_the_remedy(spawn: Spawn, start: Start) -> None:
    port = free_port()
    ready(spawn("appliance.demo.broker", "--port", str(port)))
    station = start(port, version="5")
    station.add(1)
    until(lambda: station.states, "the refusal")
    assert station.states[-1].state == "fault"
    assert 'set [mqtt] version to "3.1.1"' in station.states[-1].text_en
    assert len(station.outbox) == 1


def test_a_taken_port_is_one_sentence_and_exit_code_3(spawn: Spawn) -> None:
    port = free_port()
    ready(spawn("appliance.demo.broker", "--port", str(port)))
    second = spawn("appliance.demo.broker", "--port", str(port))
    said, errors = second.communicate(timeout=15.0)
    assert (second.returncode, said) == (3, "")
    assert errors == f"port {port} is taken; choose another with --port\n"


def test_a_consumer_without_a_broker_is_one_sentence_and_exit_code_3(spawn: Spawn, tmp_path: Path) -> None:
    port = free_port()
    alone = spawn(
        "appliance.demo.subscriber", "--port", str(port), "--topic-root", ROOT, "--transcript", str(tmp_path / "t")
    )
    _, errors = alone.communicate(timeout=15.0)
    assert alone.returncode == 3
    assert errors == f"MQTT broker 127.0.0.1:{port} not reachable (Connection refused); start it first\n"

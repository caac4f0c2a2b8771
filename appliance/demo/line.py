"""`okng demo`: a whole line on one machine, every part of it a process of its own, so that none distorts the timing.

    renderer ─▶ station ─▶ PLC simulator            (Modbus RTU on a pty)
                   ├─────▶ broker ─▶ subscriber     (MQTT)
                   └─────▶ web                      (page)

At the end the PLC stops asking, everything on its way is delivered, and the transcripts of PLC and subscriber are held
against the journal (`appliance.demo.audit`).
"""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import click

from appliance import network_guard
from appliance.demo.audit import Findings, audit
from appliance.demo.children import Child
from appliance.demo.watcher import Watcher
from appliance.errors import CheckFailed, NotThere

_PACKAGE = Path(__file__).resolve().parents[2] / "models" / "packages" / "flange.okng"
_START_S = 30.0
_END_S = 10.0
_PART_MS = 800
_STATION_PATH = "okng/demo/hall1/line2/station3"
_CONFIG = """\
[station]
path = "{path}"
name = "Line 2 · Station 3"
serial = "OKNG-DEMO"
state_dir = "{state}"
armed = true
lot = "DEMO"

[camera]
type = "synthetic"
seed = {seed}
defect_rate = 0.25
empty_rate = 0.05

[trigger]
source = "plc"

[model]
package = "{package}"

[recipe]
id = "flange-42"
name = "Flange ring 42"

[plc]
enabled = true
port = "{state}/plc"

[mqtt]
enabled = true
port = {mqtt_port}
version = "3.1.1"

[web]
port = {web_port}
"""


@dataclass(frozen=True, slots=True)
class _Line:
    """The running processes, in the order in which they are ended."""

    simulator: Child
    subscriber: Child
    station: Child
    web: Child
    broker: Child

    def all(self) -> tuple[Child, ...]:
        return self.simulator, self.subscriber, self.station, self.web, self.broker


def run_demo(*, headless: bool, seconds: int | None, port: int, seed: int) -> None:
    """Run until the time is up or Ctrl-C; then hold the transcripts against the journal and print what was found.

    Raises:
        NotThere: a process could not start, such as when the page's port is taken.
        CheckFailed: a process died, or the audit found a fault.
        KeyboardInterrupt: Ctrl-C; the audit was printed.
    """
    stop = threading.Event()
    interrupted = threading.Event()

    def interrupt(*_: object) -> None:
        interrupted.set()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    with tempfile.TemporaryDirectory(prefix="okng-demo-") as folder:
        findings = _run(Path(folder), headless=headless, seconds=seconds, port=port, seed=seed, stop=stop)
    click.echo(findings.text)
    if interrupted.is_set():
        raise KeyboardInterrupt
    if not findings.passed:
        raise CheckFailed("the demonstration failed its own audit; the lines marked FAIL say where")


def _run(state: Path, *, headless: bool, seconds: int | None, port: int, seed: int, stop: threading.Event) -> Findings:
    guard = state / "network.jsonl"
    network_guard.install(guard)
    web_port = free_port(port)
    started = time.monotonic()
    watcher = Watcher(state / "run" / "station.sock")
    watcher.start()
    with ExitStack() as ends:
        ends.callback(watcher.stop)
        line = _start(state, ends, web_port=web_port, seed=seed, environment={network_guard.VARIABLE: str(guard)})
        if not headless:
            click.echo(f"okng runs: open http://127.0.0.1:{web_port}    (Ctrl-C ends it)")
        dead = _watch(line, stop, None if seconds is None else started + seconds)
        if dead is not None:
            raise CheckFailed(f"{dead.name} died with exit code {dead.exit_code}: {dead.last_words()}")
        simulator_code = line.simulator.end(_END_S)
        watcher.await_delivery(_END_S)  # the audit tells if nothing was
    return audit(state, watcher, simulator_code=simulator_code, network_log=guard)


def _start(state: Path, ends: ExitStack, *, web_port: int, seed: int, environment: dict[str, str]) -> _Line:
    """Start everything that receives verdicts before anything can cause one."""
    logs = state / "logs"
    logs.mkdir()
    mqtt_port = free_port(0)
    config = state / "station.toml"
    config.write_text(
        _CONFIG.format(
            path=_STATION_PATH, state=state, seed=seed, package=_PACKAGE, mqtt_port=mqtt_port, web_port=web_port
        ),
        encoding="utf-8",
    )

    def child(name: str, *arguments: str) -> Child:
        process = Child(name, arguments, logs, environment)
        ends.callback(process.end, _END_S)
        return process

    broker = child("broker", "appliance.demo.broker", "--port", str(mqtt_port))
    web = child("web", "appliance.cli", "web", "--config", str(config))
    station = child("station", "appliance.cli", "run", "--config", str(config))
    broker.wait_until(lambda: broker.says("ready"), _START_S)
    subscriber = child(
        "subscriber",
        "appliance.demo.subscriber",
        "--port",
        str(mqtt_port),
        "--topic-root",
        f"okng/v1/{_STATION_PATH}",
        "--transcript",
        str(state / "mqtt.jsonl"),
    )
    subscriber.wait_until(lambda: subscriber.says("ready"), _START_S)
    web.wait_until(lambda: _answers(web_port), _START_S)
    simulator = child(
        "simulator",
        "firmware_bridge.simulator",
        "--link",
        str(state / "plc"),
        "--interval-ms",
        str(_PART_MS),
        "--transcript",
        str(state / "plc.jsonl"),
        "--accept-simulated",
    )
    station.wait_until(lambda: (state / "run" / "station.sock").exists(), _START_S)
    return _Line(simulator, subscriber, station, web, broker)


def _watch(line: _Line, stop: threading.Event, until: float | None) -> Child | None:
    """Wait for the end; returns a process that died before."""
    while not stop.wait(0.1) and (until is None or time.monotonic() < until):
        for child in line.all():
            if child.exit_code is not None:
                return child
    return None


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port(wanted: int) -> int:
    """`wanted` if it is free, any free one for 0.

    Raises:
        NotThere: the port is taken.
    """
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise NotThere(
                f"port {wanted} is taken ({os.strerror(error.errno or 0)}); choose another: okng demo --port 0"
            ) from error
        return int(probe.getsockname()[1])

"""One measured run of a whole line: broker, subscriber, PLC, picture source and station, each a process of its own.

    picture source ─▶ station ─▶ PLC simulator        (Modbus RTU on a pty)
                         └─────▶ broker ─▶ subscriber (MQTT)

The first part of a run warms up and is left out of every figure but the count of deliveries.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from appliance.bench.meter import Measured, load_measured
from appliance.bench.processes import Machine, Sample, Sampler, children_of, pin, process_cpu_ns, read_machine
from appliance.demo.children import Child
from appliance.demo.line import free_port
from appliance.demo.watcher import Watcher
from appliance.errors import CheckFailed
from appliance.live import LiveStatus

STATION_PATH = "okng/bench/hall1/line1/station1"
_START_S = 60.0
_END_S = 20.0
_DELIVERY_S = 30.0
_DISTINCT_PARTS = 16
_LOOK_S = 0.05
_CONFIG = """\
[station]
path = "{path}"
serial = "OKNG-BENCH"
state_dir = "{state}"
armed = true

[camera]
{camera}

[trigger]
source = "{source}"
interval_ms = {interval_ms}

[model]
package = "{package}"
runtime = "{runtime}"
threads = {threads}

[plc]
enabled = {plc}
port = "{state}/plc"

[mqtt]
enabled = {mqtt}
port = {mqtt_port}
version = "3.1.1"

[archive]
enabled = {archive}
keep_ok = true
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured. `pictures`: a folder to replay, None for the simulated line's parts."""

    package: Path
    runtime: str
    pictures: Path | None


@dataclass(frozen=True, slots=True)
class Setup:
    """One run. `pace`: see `firmware_bridge.simulator`; without a PLC the station triggers itself every `interval_ms`.

    `cores`: the station is bound to these, everything else to the others; empty leaves all of them free.
    """

    name: str
    parts: int
    interval_ms: int
    threads: int
    pace: Literal["beat", "ready", "result"] = "beat"
    scan_ms: int = 10
    plc: bool = True
    mqtt: bool = True
    archive: bool = False
    viewer: bool = False
    cores: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Run:
    """What one run left behind: files in `state`, samples of the station, and the station's last status."""

    setup: Setup
    state: Path
    measured: Measured
    samples: tuple[Sample, ...]
    before: Machine
    after: Machine
    status: LiveStatus | None
    balanced: bool
    delivered: bool
    simulator_code: int | None


def run_line(setup: Setup, subject: Subject, state: Path) -> Run:
    """Run the line until all parts are judged and delivered.

    Raises:
        NotThere: a process did not start.
        CheckFailed: a process died on the way, or the line came to a stand.
    """
    everything = frozenset(os.sched_getaffinity(0))
    with ExitStack() as ends:
        ends.callback(os.sched_setaffinity, 0, everything)
        os.sched_setaffinity(0, (everything - setup.cores) or everything)
        line = _Line(setup, subject, state, ends)
        before = read_machine()
        viewer = Watcher(state / "run" / "station.sock")
        if setup.viewer:
            viewer.start()
            ends.callback(viewer.stop)
        line.go()
        after = read_machine()
        line.sampler.stop()
        code = line.simulator.end(_END_S) if line.simulator else 0
        last = viewer if setup.viewer else _look_at_last(state, ends)
        # A station that triggers itself does so to its end.
        delivered = last.await_delivery(_DELIVERY_S) if setup.plc else last.await_status(_DELIVERY_S)
        if line.station.end(_END_S) != 0:
            raise CheckFailed(f"the station of the run {setup.name!r} failed: {line.station.last_words()}")
        if line.subscriber:
            line.subscriber.end(_END_S)
        status, balanced = last.status, last.snapshots > 0 and not last.unbalanced and not last.unreadable
        delivered = delivered and status is not None and status.counters.in_flight == 0
    measured = load_measured(state / "measured")
    return Run(setup, state, measured, tuple(line.sampler.samples), before, after, status, balanced, delivered, code)


def _look_at_last(state: Path, ends: ExitStack) -> Watcher:
    watcher = Watcher(state / "run" / "station.sock")
    watcher.start()
    ends.callback(watcher.stop)
    return watcher


class _Line:
    """The running processes."""

    def __init__(self, setup: Setup, subject: Subject, state: Path, ends: ExitStack) -> None:
        self._setup = setup
        self._state = state
        self._ends = ends
        self._children: list[Child] = []
        self._logs = state / "logs"
        self._logs.mkdir(parents=True)
        mqtt_port = free_port(0)
        config = state / "station.toml"
        config.write_text(_config(setup, subject, state, mqtt_port), encoding="utf-8")
        broker = self._child("broker", "appliance.demo.broker", "--port", str(mqtt_port)) if setup.mqtt else None
        self.station = self._start_station(config)
        self.subscriber = self._start_subscriber(broker, mqtt_port) if broker else None
        self.station.wait_until(lambda: (state / "run" / "station.sock").exists(), _START_S)
        self.sampler = Sampler(self.station.pid, self._ours_s)
        self.sampler.start()
        ends.callback(self.sampler.stop)
        self._set_apart_source()
        self.simulator = self._start_simulator() if setup.plc else None

    def go(self) -> None:
        """Wait until every part was triggered and the PLC has its results."""
        setup = self._setup
        limit_s = _START_S + setup.parts * max(setup.interval_ms / 1000, 0.2) * 1.5
        started_s = time.monotonic()

        def done() -> bool:
            if self.simulator is not None:
                return self.simulator.exit_code is not None
            return time.monotonic() - started_s > setup.parts * setup.interval_ms / 1000

        while not done():
            dead = next((c for c in self._children if c.exit_code is not None and c is not self.simulator), None)
            if dead is not None:
                raise CheckFailed(f"{dead.name} died in the run {setup.name!r}: {dead.last_words()}")
            if time.monotonic() - started_s > limit_s:
                raise CheckFailed(f"the line of the run {setup.name!r} stands; see {self._logs} with --keep")
            time.sleep(_LOOK_S)

    def _child(self, name: str, *arguments: str) -> Child:
        child = Child(name, arguments, self._logs, {})
        self._children.append(child)
        self._ends.callback(child.end, _END_S)
        return child

    def _start_station(self, config: Path) -> Child:
        room = max(2 * self._setup.parts, 1000)
        out = ("--out", str(self._state / "measured"), "--capacity", str(room))
        mine = frozenset(os.sched_getaffinity(0))
        try:
            os.sched_setaffinity(0, self._setup.cores or mine)
            return self._child("station", "appliance.bench.station", "--config", str(config), *out)
        finally:
            os.sched_setaffinity(0, mine)

    def _start_subscriber(self, broker: Child, port: int) -> Child:
        broker.wait_until(lambda: broker.says("ready"), _START_S)
        topic, transcript = f"okng/v1/{STATION_PATH}", str(self._state / "mqtt.jsonl")
        words = ("--port", str(port), "--topic-root", topic, "--transcript", transcript)
        subscriber = self._child("subscriber", "appliance.demo.subscriber", *words)
        subscriber.wait_until(lambda: subscriber.says("ready"), _START_S)
        return subscriber

    def _start_simulator(self) -> Child:
        setup = self._setup
        words = ["--link", str(self._state / "plc"), "--transcript", str(self._state / "plc.jsonl")]
        words += ["--interval-ms", str(setup.interval_ms), "--count", str(setup.parts), "--pace", setup.pace]
        words += ["--scan-ms", str(setup.scan_ms), "--timed", "--accept-simulated"]
        return self._child("simulator", "firmware_bridge.simulator", *words)

    def _set_apart_source(self) -> None:
        """The picture source is the station's child and would stay on its cores."""
        if self._setup.cores:
            for pid in children_of(self.station.pid):
                pin(pid, frozenset(os.sched_getaffinity(0)))

    def _ours_s(self) -> float:
        """Processor time of all processes of this run, this one among them."""
        used = time.process_time()
        pids = [child.pid for child in self._children if child.exit_code is None]
        for pid in (*pids, *children_of(self.station.pid)):
            with contextlib.suppress(OSError):
                used += process_cpu_ns(pid) / 1e9
        return used


def _config(setup: Setup, subject: Subject, state: Path, mqtt_port: int) -> str:
    camera = f'type = "synthetic"\nseed = 2026\ndistinct_parts = {_DISTINCT_PARTS}'
    if subject.pictures is not None:
        camera = f'type = "folder"\nloop = true\npath = "{subject.pictures.resolve()}"'
    return _CONFIG.format(
        path=STATION_PATH,
        state=state,
        camera=camera,
        source="plc" if setup.plc else "interval",
        interval_ms=max(setup.interval_ms, 10),
        package=subject.package.resolve(),
        runtime=subject.runtime,
        threads=setup.threads,
        plc=json.dumps(setup.plc),
        mqtt=json.dumps(setup.mqtt),
        mqtt_port=mqtt_port,
        archive=json.dumps(setup.archive),
    )

"""A station that the doctor finds in the best of health, until a test makes it ill in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.cameras.base import Camera
from appliance.config.load import load_config
from appliance.config.schema import Config
from appliance.doctor.check import Check, Finding
from appliance.doctor.examination import examine
from appliance.doctor.machine import Machine, Said, User
from appliance.doctor.patient import Patient
from appliance.doctor.registry import CHECKS
from appliance.errors import UsageError
from appliance.state_dir import StateDir
from models.instructions import instruction_set
from tests.fakes.camera import FakeCamera, Step
from tests.fakes.line import Running, simulator, write_config
from tests.fakes.mosquitto import free_port
from tests.fakes.packages import SIZE, small_files, small_manifest, write_small_package
from tests.fakes.station_socket import StationSocket, status
from tests.fakes.waiting import until

HERE = instruction_set()
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
KERNEL = {
    "proc/cpuinfo": "model name : Fake CPU\nflags : avx2 avx512_vnni\n",
    "proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\nSwapTotal: 1000000 kB\nSwapFree: 1000000 kB\n",
    "proc/stat": "cpu 100 0 100 1000 0 0 0 0 0 0\n",
    "proc/locks": "",
    "proc/3/stat": "3 (okng doctor) S " + " ".join(["0"] * 49),
    "proc/self/mountinfo": "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
    "proc/net/tcp": "  sl  local_address\n",
    "proc/sys/net/ipv4/ip_unprivileged_port_start": "1024",
    "proc/7/comm": "chronyd",
    "sys/class/thermal/thermal_zone0/temp": "45000",
    "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": "0",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_driver": "acpi-cpufreq",
}
CERTIFIED = {"onnxruntime": [HERE], "openvino": [HERE]}


def sharp_picture() -> NDArray[np.uint8]:
    """`(96, 128, 3)`: well lit, full of edges."""
    rows, columns = np.indices((96, 128))
    gray = np.where((rows // 8 + columns // 8) % 2, 180, 60).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


class Ward:
    """Change `kernel` files with `kernel`, the configuration with `configure`, the camera with `script`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "machine"
        self.state = StateDir(folder / "state")
        self.leaving = ExitStack()
        self.script: list[Step] = [sharp_picture()]
        self.camera: Camera | None = None
        self.config_path = folder / "station.toml"
        self.machine = Machine(
            root=self.root,
            command=lambda words: Said(None, "not there"),
            wait=lambda seconds: None,
            utc=lambda: NOW,
            clock_state=lambda: 0,
            environ={},
            user=User(0, frozenset({0})),
            open_files=lambda: (4096, 4096),
            shell=3,
        )
        self._sections: dict[str, dict[str, Any]] = {
            "station": {"state_dir": self.state.root, "armed": True},
            "camera": {"type": "synthetic"},
            "trigger": {"source": "interval"},
            "model": {"package": folder / "blocks.okng"},
            "web": {"port": free_port()},
        }
        for name, text in KERNEL.items():
            self.kernel(name, text)
        for place in (self.state.live, self.state.pictures):
            place.mkdir(parents=True)
        self.write_package()
        self.configure()

    def write_package(self, **changes: Any) -> None:
        data = small_manifest(small_files())
        artefact = {**data["artefacts"][0], "certified": CERTIFIED}
        write_small_package(self.folder / "blocks.okng", **{"artefacts": [artefact], **changes})

    def kernel(self, name: str, text: str) -> None:
        """Write a file of proc, sys or etc."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def process(self, pid: int, *words: str, opens: Sequence[object] = ()) -> None:
        """A process of that command line that has those paths open."""
        self.kernel(f"proc/{pid}/cmdline", "\0".join(words))
        (self.root / f"proc/{pid}/fd").mkdir()
        for number, path in enumerate(opens):
            (self.root / f"proc/{pid}/fd/{number}").symlink_to(str(path))

    def with_machine(self, **changes: Any) -> None:
        self.machine = replace(self.machine, **changes)

    def configure(self, **sections: dict[str, Any]) -> None:
        for name, values in sections.items():
            self._sections[name] = self._sections.get(name, {}) | values
        write_config(self.config_path, **self._sections)

    def run_station(self, **changes: Any) -> StationSocket:
        """A station that only talks, on the state directory of this one."""
        station = StationSocket(self.state.root)
        config = self.patient().config.station
        station.greeting = [status(**{"path": config.path, "serial": config.serial, **changes})]
        station.start()
        self.leaving.callback(station.stop)
        return station

    def run_plc(self, *extra: object) -> Path:
        """A simulated PLC that polls; returns the port to open."""
        link = self.folder / "plc"
        words = [*simulator(link, self.folder / "plc.jsonl", interval_ms=20), *extra]
        self.leaving.enter_context(Running(words, self.folder / "plc.log"))
        until(link.exists, "the simulator makes its link")
        return link

    def patient(self) -> Patient:
        config: Config | None = None
        problems: tuple[str, ...] = ()
        try:
            config, _ = load_config(self.config_path)
        except UsageError as error:
            problems = tuple(str(error).splitlines())
        make: Callable[..., Camera] = lambda config, state: self.camera or FakeCamera(self.script)  # noqa: E731
        return Patient(self.config_path, config, problems, machine=self.machine, make_camera=make)

    def finding(self, name: str) -> Finding:
        """What one check says now; it must apply."""
        examined = examine(self.patient(), [check_named(name)])[0]
        assert examined.finding is not None, f"{name} is off in this configuration"
        return examined.finding


def check_named(name: str) -> Check:
    return next(check for check in CHECKS if check.id == name)


assert SIZE <= 96, "the sharp picture must hold what the small model looks at"

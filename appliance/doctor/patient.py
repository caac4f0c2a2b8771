"""The station under examination: its configuration, the machine it stands on, and what several checks measure once."""

from __future__ import annotations

from pathlib import Path

from appliance.config.schema import Config
from appliance.doctor.broker import Broker, ask_broker
from appliance.doctor.machine import Machine, User
from appliance.doctor.once import Once
from appliance.doctor.picture import Look, MakeCamera, look
from appliance.doctor.running import Running, find_running
from appliance.doctor.serial_line import Heard, listen
from appliance.recipes.schema import ModelConfig
from appliance.state_dir import StateDir


class Patient:
    """`problems`: why the configuration is not in order, one a line; then there is none."""

    def __init__(
        self,
        config_path: Path,
        config: Config | None,
        problems: tuple[str, ...],
        *,
        machine: Machine,
        make_camera: MakeCamera,
    ) -> None:
        self.config_path = config_path
        self.problems = problems
        self.machine = machine
        self._config = config
        self._running = Once(lambda: find_running(self.state, machine))
        self._look = Once(lambda: look(self.config, self.running, make_camera))
        self._broker = Once(lambda: ask_broker(self.config))
        self._heard = Once(lambda: listen(self.config.plc, machine))

    @property
    def has_config(self) -> bool:
        return self._config is not None

    @property
    def config(self) -> Config:
        """Only for checks that need one; the others ask `has_config` first."""
        if self._config is None:
            raise ValueError("the configuration is not in order")
        return self._config

    @property
    def model(self) -> ModelConfig:
        """Only for checks of a station that has one."""
        if self.config.model is None:
            raise ValueError("the configuration names no model")
        return self.config.model

    @property
    def state(self) -> StateDir:
        return StateDir(self.config.station.state_dir)

    @property
    def running(self) -> Running:
        return self._running.get()

    @property
    def look(self) -> Look:
        return self._look.get()

    @property
    def broker(self) -> Broker:
        return self._broker.get()

    @property
    def heard(self) -> Heard:
        """What the serial line says; only while no station runs, which would have it."""
        return self._heard.get()

    @property
    def process(self) -> int | None:
        """The running station's process, None where it does not run or cannot be named."""
        return (self.running.holder or None) if self.has_config else None

    @property
    def user(self) -> User:
        """Whose rights count: the running station's, else those of whoever asks."""
        pid = self.process
        status = self.machine.text(f"proc/{pid}/status") if pid is not None else None
        if status is None:
            return self.machine.user
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        uid, gid = (int(fields[name].split()[1]) for name in ("Uid", "Gid"))
        return User(uid, frozenset({gid, *(int(group) for group in fields.get("Groups", "").split())}))

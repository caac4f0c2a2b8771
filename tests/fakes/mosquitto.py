"""A real mosquitto broker on a free port of this machine, and a listener that keeps all it hears."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.fakes.waiting import until


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """`users` maps names to passwords (none: anonymous); `acl` is the text of an ACL file;
    `certificate` (a PEM file with its key) turns TLS on; `settings` are further lines
    of the configuration.

    The port stays the same over restarts. Sessions outlive `stop`, and `kill` as far as they were saved with `save`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: dict[str, str] | None = None,
        acl: str | None = None,
        certificate: Path | None = None,
        settings: tuple[str, ...] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.log = folder / "mosquitto.log"
        self._config = folder / "mosquitto.conf"
        self._acl = folder / "acl"
        self._saved = folder / "mosquitto.db"
        self._process: subprocess.Popen[bytes] | None = None
        lines = [
            f"listener {self.port} 127.0.0.1",
            "user root",
            "max_queued_messages 100000",
            "log_type all",
            *settings,
        ]
        lines += ["persistence true", f"persistence_location {folder}/", "autosave_interval 0"]
        lines.append(f"allow_anonymous {'false' if users else 'true'}")
        if users:
            passwords = folder / "passwords"
            passwords.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
            subprocess.run(["mosquitto_passwd", "-U", passwords], check=True)
            lines.append(f"password_file {passwords}")
        if acl is not None:
            self.set_acl(acl)
            lines.append(f"acl_file {self._acl}")
        if certificate is not None:
            lines += [f"certfile {certificate}", f"keyfile {certificate}"]
        self._config.write_text("\n".join(lines) + "\n")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def set_acl(self, acl: str) -> None:
        """Write the ACL; a running broker reads it at `reload`."""
        self._acl.write_text(acl)
        self._acl.chmod(0o600)

    def reload(self) -> None:
        self._signal(signal.SIGHUP)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(["mosquitto", "-c", self._config], stdout=log, stderr=log)
        until(self._listens, "mosquitto listens")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def save(self) -> None:
        """Have the broker write its sessions to disk, as it does now and then."""
        self._saved.unlink(missing_ok=True)
        self._signal(signal.SIGUSR1)
        until(self._saved.exists, "the sessions are saved")

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    def _listens(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        self._signal(number)
        if self._process is not None:
            self._process.wait(10.0)
        self._process = None


@dataclass(frozen=True)
class Heard:
    topic: str
    payload: bytes
    retain: bool
    properties: Any


@dataclass
class Listener:
    """An MQTT 5 subscriber to everything that reconnects by itself and whose session the broker keeps."""

    port: int
    username: str | None = None
    password: str | None = None
    topic: str = "#"
    heard: list[Heard] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._subscribed = threading.Event()
        client = Client(CallbackAPIVersion.VERSION2, client_id="listener", protocol=MQTTProtocolVersion.MQTTv5)
        client.username_pw_set(self.username, self.password)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda c, *_: c.subscribe(self.topic, qos=1)
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_message = self._keep
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = 3600
        client.connect("127.0.0.1", self.port, keepalive=60, clean_start=False, properties=session)
        client.loop_start()
        self._client = client
        assert self._subscribed.wait(10.0), "the listener is not subscribed"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def on(self, suffix: str) -> list[Heard]:
        return [heard for heard in list(self.heard) if heard.topic.endswith("/" + suffix)]

    def _keep(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        self.heard.append(Heard(message.topic, bytes(message.payload), message.retain, message.properties))
